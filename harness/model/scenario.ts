import type { Browser } from './browser.ts';
import type { RunConfig } from './config.ts';
import type { BrowserEntry, DoseUnit, RequestsEntry } from './journal.ts';
import type { CheckName } from './outcome.ts';
import type { SocketStates } from './probes.ts';
import type { BehaviourName, OpenStream } from './streams.ts';
import type { Report } from './verdict.ts';

/** One kind of work whose leak rate is wanted. */
export interface LeakMeasurement {
  path: string;
  unit: DoseUnit;
  /** Units of work in a small cycle; a large one has twice as many. */
  dose: number;
  /** False: the target sends events by itself to the streams that are held, so that it is never idle. */
  quiet: boolean;
  /** Plants this many bytes a unit in the target's heap: a known leak, to show that one would be seen. */
  plantPerUnitBytes?: number;
  /** Whether a cycle can have more events a connection than usual, which tells the two apart. */
  canBeRich: boolean;
  /** Does the work and leaves no more streams open than there were before. */
  perform(order: WorkOrder): Promise<Work>;
}

export interface WorkOrder {
  /** Units of work. */
  dose: number;
  /** With several times as many events a unit as usual. */
  rich: boolean;
}

export interface Work {
  /** How many units did what they should. */
  landed: number;
  /** Events that came with them. */
  eventCount: number;
}

export interface OpenOptions {
  dropAfterMs?: number;
  /** The event that it resumes behind. */
  lastEventId?: string;
  /** Counted in a tally instead of journalled one by one: for streams by the thousand. */
  tally?: boolean;
}

/** What a scenario can do. Everything it opens is closed when it ends, however it ends. */
export interface ScenarioContext {
  readonly config: RunConfig;
  /** Aborted on Ctrl-C, and when the target is lost. Every method below rejects then. */
  readonly signal: AbortSignal;
  /** A known leak can be planted in the target, to show that one would be seen. */
  readonly canPlant: boolean;
  /** Whether clients of this protocol can behave so, on this machine. */
  offers(behaviour: BehaviourName): boolean;
  /** Whether a client can say behind which event it resumes. */
  readonly canResume: boolean;
  /** A number in [0, 1) from the run's seed. */
  random(): number;
  /** The n-th shared key: the same text for the same n within a scenario. */
  key(n: number): string;
  /** A key that no one has used before. */
  freshKey(): string;
  /** Begins a phase; it lasts until the next one. */
  phase(name: string): Promise<void>;
  open(behaviour: BehaviourName, key: string, options?: OpenOptions): OpenStream;
  /** Ends every open stream and waits until it is gone on both sides. */
  endAll(): Promise<void>;
  /** Waits, and rejects when the run is aborted. */
  sleep(ms: number): Promise<void>;
  /** The promise's value, or null when it has none after `ms`. Rejects when the run is aborted. */
  within<T>(promise: Promise<T>, ms: number): Promise<T | null>;
  /** Polls until `condition` holds; false when it still does not after `withinMs`. */
  until(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean>;
  /** Writes events for a key. Needs `config.events`. */
  feed(key: string, events: { count: number; bytesPerEvent: number }): Promise<void>;
  /** As `feed`, one event for each key, counted by whoever calls it and not journalled: for keys by the hundred, every second. */
  feedEach(keys: string[], bytesPerEvent: number): Promise<void>;
  /** Removes what was fed to a key. */
  dropFeed(key: string): Promise<void>;
  /**
   * Makes the load of `config.load` with worker processes, phase by phase, and ends it. `meanwhile` is called about once a second
   * with the number of keys in use (`key(1)` …), to feed them; what it feeds is counted here.
   * Throws `usage` where the machine or the target has no room for it, `worker-lost` when a worker ends before its time.
   */
  load(meanwhile: (keyCount: number) => Promise<number>): Promise<void>;
  /** Sends short requests to the page, or with a key to its stream URL, and journals what came back. */
  flood(
    label: 'flood' | 'page',
    url: string,
    load: { count: number; connections: number; key?: string },
  ): Promise<RequestsEntry>;
  /** Warms up, runs cycles, and goes on until the rate is decided or three looks were taken. */
  measureLeak(measurement: LeakMeasurement): Promise<void>;
  /** Says in the report why a path was not measured on this target. */
  skipPath(path: string, reason: string): void;
  /** Whether `measureLeak` would measure a path of this name, so that what it needs has to be prepared. */
  wants(path: string): boolean;
  streamUrl(key: string): string;
  pageUrl(key: string): string | null;
  /** Starts the browser of `config.browser`. It is gone when the scenario is over. Throws `usage` where there is none. */
  browser(): Promise<Browser>;
  /** Connections at the target's port, by state; null where that cannot be read. */
  connections(): Promise<SocketStates | null>;
  /** Journals how the tabs of a browser are. */
  noteTabs(note: Omit<BrowserEntry, 'type' | 'scenario' | 'elapsedMs' | 'phase'>): void;
}

export interface Scenario {
  name: string;
  /** One sentence for `hydrotest list` and the report. */
  proves: string;
  checks: CheckName[];
  /** The checks where the configuration decides on them; without it `checks`. */
  checksFor?(config: RunConfig): CheckName[];
  /** The lifecycle paths whose leak rates it measures. */
  paths: readonly string[];
  /** Why this scenario cannot run with this configuration and what to give it, or null: it can. */
  unfit(config: RunConfig): string | null;
  /** What the scenario changes for its own target, such as a short deadline. */
  configure?(config: RunConfig): Partial<Pick<RunConfig, 'deadlineMs' | 'limit'>>;
  /** How long it usually takes on two cores, in milliseconds, for who waits; null, or no such function: nobody knows. */
  expectedMs?(config: RunConfig): number | null;
  run(context: ScenarioContext): Promise<void>;
}

/** A reporter turns a report into the text of one file. */
export interface Reporter {
  name: string;
  fileName: string;
  render(report: Report): string;
}

/** A reporter of the user's: the default export of a module. What it returns is written as it is. */
export type ReporterFunction = (report: Report) => string | Promise<string>;
