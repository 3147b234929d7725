import type { BrowserConfig } from './browser.ts';
import type { LoadPlan } from './load.ts';
import type { ProtocolPlan } from './protocol.ts';
import type { RemoteTarget } from './remote.ts';

/** A server that hydrotest starts itself, or one that runs already. */
export type TargetConfig =
  | {
      mode: 'spawn';
      /** Shell command; `{port}`, `{dir}`, `{limit}` and `{deadline}` (seconds) are filled in. `PORT` is set too. */
      command: string;
      readyTimeoutMs: number;
      /** Folder in which it is started; without one: the current folder. */
      cwd?: string;
    }
  | { mode: 'attach'; pid: number }
  | { mode: 'attach-port'; port: number };

/** Where the harness writes events for the target to stream; `{dir}`, `{key}` and for a URL `{port}` are filled in. */
export interface EventsTarget {
  /** `url`: each batch is a POST of newline-delimited JSON, of at most 1,000 lines and 1 MiB. */
  to: 'file' | 'url';
  at: string;
}

/** Everything a run needs to know, checked and complete: `config.ts` fills every default. */
export interface RunConfig {
  target: TargetConfig;
  /** Stream URL; `{port}` and `{key}` are filled in. */
  url: string;
  /** Template of the `{key}` in the URL; `{n}` is a number. */
  key: string;
  /** Page that shows a stream (`{port}` and `{key}` are filled in): watched while files grow, and opened by `browser`; or null. */
  page: string | null;
  /** Drives the tabs of `tabs` with a real browser; null: with a client of our own. */
  browser: BrowserConfig | null;
  /** Where scenarios write events, or null: the target makes its own. */
  events: EventsTarget | null;
  headers: Record<string, string>;
  /** How its streams are asked for and read. */
  protocol: ProtocolPlan;
  /** Name of a preset (harness/presets.ts), or null. */
  preset: string | null;
  /** Where the target is reached, if that is not loopback; null: it is. */
  remote: RemoteTarget | null;
  /** Streams a key that the target promises to allow, or null: it promises none. */
  limit: number | null;
  /** After how long the target promises to close a stream, or null: it promises nothing. */
  deadlineMs: number | null;
  /** Ceiling for the memory of the target's whole process tree. */
  budgetBytes: number;
  /** How long `tabs` and, without stages of its own, `hold` hold their streams. */
  durationMs: number;
  /** What `hold` holds, or lets arrive. */
  load: LoadPlan;
  /** Property of an event's JSON data that holds the time at which it was made, or null. */
  eventTime: string | null;
  scenarios: string[];
  outDir: string;
  seed: number;
  /** Ask a Node target for its heap after forced collection, over the inspector. */
  inspect: boolean;
  /** May open the inspector of a Node target that was not started here, by a signal to it; read is one that is open in any case. */
  openInspector: boolean;
  /** Names of the lifecycle paths to measure, such as `abrupt drop`; empty: all. */
  paths: string[];
  /** How long a suspected leak is given to turn out as bytes that are only held for some time. */
  graceMs: number;
  /** Traffic at which a leak rate is turned into time; null: at 1 and at 50 a second. */
  trafficPerSecond: number | null;
}
