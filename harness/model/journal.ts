import type { TabReading } from './browser.ts';
import type { RunConfig } from './config.ts';
import type { EnvironmentEntry, EnvironmentFact } from './environment.ts';
import type { EncodedTimings, GeneratorHealth } from './load.ts';
import type { CheckName } from './outcome.ts';
import type { ProcessReading, QuietReading, SocketStates } from './probes.ts';
import type { BehaviourName, StreamEnding, StreamRecord } from './streams.ts';

/** What a leak rate is counted in. `second` is time that passes whatever the clients do. */
export type DoseUnit = 'connection' | 'event' | 'rejection' | 'second';

export type Doses = Record<DoseUnit, number>;

/** The journal's lines. Every line but `run` and `end` belongs to the scenario named in it. */
export type JournalEntry =
  | RunEntry
  | ({ type: 'scenario' } & ScenarioStart)
  | { type: 'skipped'; scenario: string; elapsedMs: number; proves: string; reason: string }
  | TargetEntry
  | EnvironmentEntry
  | { type: 'phase'; scenario: string; elapsedMs: number; phase: string }
  | SampleEntry
  | { type: 'gap'; scenario: string; elapsedMs: number; probe: string; reason: string }
  | CycleEntry
  | DrainEntry
  | PathSkippedEntry
  | ({ type: 'stream'; scenario: string; phase: string } & StreamRecord)
  | TallyEntry
  | TimingsEntry
  | LoadEntry
  | HeldEntry
  | RequestsEntry
  | LevelsEntry
  | FeedEntry
  | BrowserEntry
  | { type: 'scenario-end'; scenario: string; elapsedMs: number; error: string | null }
  | { type: 'interrupted'; elapsedMs: number; reason: string }
  | { type: 'end'; elapsedMs: number };

export interface Environment {
  hydrotestVersion: string;
  nodeVersion: string;
  platform: string;
  cpuModel: string;
  cpuCount: number;
  memoryBytes: number;
  /** What of the machine changes figures, as the run began. */
  facts: EnvironmentFact[];
}

/** What a scenario sets out to do, with the promises that its target was started with. */
export interface ScenarioStart {
  scenario: string;
  elapsedMs: number;
  proves: string;
  checks: CheckName[];
  /** The lifecycle paths that it measures, unless the configuration asks for others. */
  paths: string[];
  /** The target's command with everything filled in; null for a target that ran already. */
  command: string | null;
  limit: number | null;
  deadlineMs: number | null;
}

export interface RunEntry {
  type: 'run';
  journalVersion: 2;
  runId: string;
  startedAt: string;
  /** The command line that repeats this run. */
  repeatCommand: string;
  config: RunConfig;
  environment: Environment;
}

export interface TargetEntry {
  type: 'target';
  scenario: string;
  elapsedMs: number;
  /**
   * - `stopped`, `continued`: a process of it is stopped (SIGSTOP, a debugger), and goes on again.
   * - `replaced`: it goes on, but another process has taken the place of one of its processes.
   * - `lost`: it ended, was started again, or listens no more. `starved`: it ended where the disk that takes its output was full.
   */
  event: 'ready' | 'lost' | 'starved' | 'stopped' | 'continued' | 'replaced';
  /** 0: the process on which the scenario ran. Each further one was started to confirm what looked like a leak. */
  attempt: number;
  pid: number;
  /** What decides leaks on this target. */
  leakProbe: 'heap' | 'anonymous' | 'rss';
  /**
   * Whether the processes that are measured are those that serve: one of them listens on the port. Null: the user has named the process,
   * or the system does not tell.
   */
  listens: boolean | null;
  /** For all but `ready`: what happened, to which pid; for `lost`, `starved` and `stopped` with the last lines of output. */
  detail: string | null;
}

/** Once a second, in a long run less often, for the chart and the peak. */
export interface SampleEntry extends ProcessReading {
  type: 'sample';
  scenario: string;
  elapsedMs: number;
  phase: string;
  openStreamCount: number;
  /** Events received since the run began. */
  eventCount: number;
  /** Readings since the sample before, this one included: in a long run not each of them is kept. */
  readingCount: number;
  /** The highest of them. */
  highestRssBytes: number;
}

/** One cycle of a leak measurement: some work or none, then a quiet reading. */
export interface CycleEntry {
  type: 'cycle';
  scenario: string;
  elapsedMs: number;
  /** The lifecycle path that the cycle drove, such as `abrupt drop`. */
  path: string;
  unit: DoseUnit;
  attempt: number;
  /** Warm-up cycles are measured but do not count. */
  warmup: boolean;
  /** 1 for the first look at the data; each further look doubled the cycles. */
  look: number;
  /** What was to be done, in `unit`; 0: an idle cycle, in which only time passes. */
  plannedDose: number;
  /** The part of the dose that did what it was meant to do. */
  landedDose: number;
  /** All that the target was given since the reading before, in every unit. */
  doses: Doses;
  /** Bytes that the harness itself planted in the target's heap in this cycle: a known leak, as a control. */
  plantedBytes: number;
  /** False: events went on to arrive, so the reading is of a busy target, and a long wait would tell nothing. */
  quiet: boolean;
  /** False: the target's processes are not those of the cycle before, so their levels cannot be compared. */
  sameProcesses: boolean;
  reading: QuietReading;
}

/** How a path grows while it is measured: what is shown to who waits. A leak is said only by a verdict. */
export interface GrowthSoFar {
  unit: DoseUnit;
  /** Null: too few cycles yet. */
  bytesPerUnit: number | null;
  /** From which rate on it is called a leak. */
  thresholdBytes: number;
}

/** A reading on the long wait that tells what is given back late from what is kept for ever. */
export interface DrainEntry {
  type: 'drain';
  scenario: string;
  elapsedMs: number;
  attempt: number;
  /** `before` the counted cycles, where it is not known how much is held at any time; `after` them. */
  moment: 'before' | 'after';
  /** The paths whose bytes may come back in this wait. */
  paths: string[];
  /** Since the last cycle. The first entry of a drain has 0. */
  waitedMs: number;
  reading: QuietReading;
}

/** A path that this target gives no ground to measure. */
export interface PathSkippedEntry {
  type: 'path-skipped';
  scenario: string;
  elapsedMs: number;
  path: string;
  reason: string;
}

/** Many short streams, counted instead of listed. */
export interface TallyEntry {
  type: 'tally';
  scenario: string;
  elapsedMs: number;
  phase: string;
  behaviour: BehaviourName;
  streamCount: number;
  endings: Partial<Record<StreamEnding, number>>;
  /** Status → streams; `none` where no status line came. */
  statuses: Record<string, number>;
  eventCount: number;
  byteCount: number;
  /** Events missing or repeated by their `id`, where ids tell. */
  gapCount: number;
  duplicateCount: number;
  /** The same of the events that the harness wrote itself, by the number that it put into them. */
  fedEventCount: number;
  fedGapCount: number;
  fedDuplicateCount: number;
  /** Streams that got in, were read from, and received nothing for seconds (checks/hears-nothing.ts). */
  silentCount: number;
  /** Broken connections that were made again by the client itself. */
  reconnectCount: number;
  /** The last error of a stream among them, as an example. */
  lastError: string | null;
}

/** What was timed in a phase, over all streams of one behaviour. A scenario's entries add up. */
export interface TimingsEntry {
  type: 'timings';
  scenario: string;
  elapsedMs: number;
  phase: string;
  behaviour: BehaviourName;
  timings: EncodedTimings;
}

/** How a planned load goes, beside each sample. Counts are over all workers. */
export interface LoadEntry {
  type: 'load';
  scenario: string;
  elapsedMs: number;
  phase: string;
  model: 'closed' | 'open';
  /** Closed: streams to be held now. Open: arrivals planned since the load began. */
  plannedCount: number;
  /** Streams that got in and are open. */
  heldCount: number;
  /** Since the load began. */
  startedCount: number;
  missedCount: number;
  fedEventCount: number;
  /** Keys over which the streams are spread, each of which is fed in turn. */
  keyCount: number;
  health: GeneratorHealth;
}

/** A careful reading with nothing held, and one while the load is at its highest: the difference is what streams cost. */
export interface HeldEntry {
  type: 'held';
  scenario: string;
  elapsedMs: number;
  moment: 'empty' | 'held';
  /** Before and after the reading: it only counts where they are about the same. */
  heldCountBefore: number;
  heldCountAfter: number;
  reading: QuietReading;
}

/** Short requests beside the streams (autocannon). */
export interface RequestsEntry {
  type: 'requests';
  scenario: string;
  elapsedMs: number;
  phase: string;
  label: 'flood' | 'page';
  plannedCount: number;
  statuses: Record<string, number>;
  errorCount: number;
  timeoutCount: number;
  latencyMs: { p50: number; p99: number; max: number };
  /** The last thing that was wrong with an answer, or where a redirect, which is not followed, led; absent: nothing was. */
  problem?: string;
}

/** Exact counters around a scenario: `before` once the target is warm, `after` once everything is closed. */
export interface LevelsEntry {
  type: 'levels';
  scenario: string;
  elapsedMs: number;
  moment: 'before' | 'after';
  /** How long it took to get here after the last stream was closed. */
  waitedMs: number;
  reading: ProcessReading;
}

/** Events that a scenario wrote for the target to stream. */
export interface FeedEntry {
  type: 'feed';
  scenario: string;
  elapsedMs: number;
  phase: string;
  key: string;
  eventCount: number;
  byteCount: number;
}

/** Whether the slots of one key are free, tried with raw streams. */
export interface SlotReading {
  key: string;
  askedCount: number;
  acceptedCount: number;
  /** Answered 429. */
  refusedCount: number;
  /** Tabs that were open on this key at that time, each of which may hold one. */
  tabCount: number;
}

/** The tabs of a real browser, and what the target holds for them. */
export interface BrowserEntry {
  type: 'browser';
  scenario: string;
  elapsedMs: number;
  phase: string;
  /** `heap`: one of many careful readings while tabs are held; `end`: how a phase turned out. */
  moment: 'heap' | 'end';
  browserVersion: string;
  /** Of tabs that were to show rows, the numbers of those that showed none in `waitedMs`. */
  blankTabs: number[];
  waitedMs: number;
  tabs: TabReading[];
  /** Connections at the target's port once they had come down, by state, without those of others; null where that cannot be read. */
  sockets: SocketStates | null;
  /** Empty where the target promises no limit, or it was not tried. */
  slots: SlotReading[];
}

/** The journal read back, arranged by scenario. */
export interface RunRecord {
  run: RunEntry;
  scenarios: ScenarioRecord[];
  skipped: { scenario: string; proves: string; reason: string }[];
  interrupted: string | null;
  /** The journal has its `end` line. */
  complete: boolean;
  /** Lines that could not be read, such as one torn by a crash, or that stand where they were not written. */
  tornLineCount: number;
  /** Lines of which nothing is there, by the numbers of those around them. */
  lostLineCount: number;
  durationMs: number;
}

export interface ScenarioRecord extends ScenarioStart {
  /** Null: the scenario never came to its end. */
  endedMs: number | null;
  error: string | null;
  target: TargetEntry[];
  phases: { phase: string; elapsedMs: number }[];
  samples: SampleEntry[];
  gaps: { probe: string; reason: string; elapsedMs: number }[];
  cycles: CycleEntry[];
  drains: DrainEntry[];
  skippedPaths: { path: string; reason: string }[];
  streams: (StreamRecord & { phase: string })[];
  tallies: TallyEntry[];
  timings: TimingsEntry[];
  loads: LoadEntry[];
  held: HeldEntry[];
  requests: RequestsEntry[];
  levels: LevelsEntry[];
  feeds: FeedEntry[];
  browser: BrowserEntry[];
  environment: EnvironmentEntry[];
}
