/**
 * The words that all parts of hydrotest share, as types. No code lives here.
 *
 * Units are part of a name: `…Bytes`, `…Ms` (milliseconds), `…Count`. Monotonic time since the run began is
 * `elapsedMs`; wall-clock time is `…At`, an ISO 8601 string. `null` always means "could not be read" or "did
 * not happen", never zero.
 */

// ---------------------------------------------------------------------------------------------- configuration

/** A server that hydrotest starts itself, or one that runs already. */
export type TargetConfig =
  | {
      mode: 'spawn';
      /** Shell command; `{port}`, `{dir}`, `{limit}` and `{deadline}` (seconds) are filled in. `PORT` is set too. */
      command: string;
      readyTimeoutMs: number;
    }
  | { mode: 'attach'; pid: number }
  | { mode: 'attach-port'; port: number };

/** Everything a run needs to know, checked and complete: `config.ts` fills every default. */
export interface RunConfig {
  target: TargetConfig;
  /** Stream URL; `{port}` and `{key}` are filled in. */
  url: string;
  /** Template of the `{key}` in the URL; `{n}` is a number. */
  key: string;
  /** Page whose latency is watched while files grow (`{port}` is filled in), or null. */
  page: string | null;
  /** The file that the target follows (`{dir}`, `{key}`), so that scenarios can write events; or null. */
  eventsFile: string | null;
  headers: Record<string, string>;
  /** Streams a key that the target promises to allow, or null: it promises none. */
  limit: number | null;
  /** After how long the target promises to close a stream, or null: it promises nothing. */
  deadlineMs: number | null;
  /** Ceiling for the memory of the target's whole process tree. */
  budgetBytes: number;
  /** How long `tabs` holds its streams. */
  durationMs: number;
  scenarios: string[];
  outDir: string;
  seed: number;
  /** Ask a Node target for its heap after forced collection, over the inspector. */
  inspect: boolean;
}

// ------------------------------------------------------------------------------------------------------ streams

export type BehaviourName =
  | 'tab'
  | 'graceful-close'
  | 'abrupt-drop'
  | 'drop-before-first-byte'
  | 'stalled-reader';

export interface StreamRequest {
  url: string;
  headers: Record<string, string>;
  /** Milliseconds between the request and the drop; only `drop-before-first-byte` reads it. */
  dropAfterMs?: number;
}

/** How a stream ended, and who ended it. */
export type StreamEnding =
  /** The client ended it, as its behaviour says. */
  | 'client'
  /** The server finished a 200 response properly. */
  | 'server-end'
  /** The server answered with another status than 200; the body, if any, has been read. */
  | 'refused'
  /** The connection broke in the middle of a response, or before its head. */
  | 'server-reset'
  /** No connection could be made. */
  | 'connect-failed'
  /** What arrived was not an event stream over HTTP. */
  | 'protocol-error';

/** One stream, as its client saw it from the first byte sent to the end. Times are since the open. */
export interface StreamRecord {
  behaviour: BehaviourName;
  /** Milliseconds since the run began. */
  elapsedMs: number;
  key: string;
  status: number | null;
  firstByteMs: number | null;
  firstEventMs: number | null;
  durationMs: number;
  eventCount: number;
  byteCount: number;
  /** Events that are missing by their `id`; 0 where ids do not tell (see streams/event-order.ts). */
  gapCount: number;
  duplicateCount: number;
  /** How often it lost its connection and went on by itself; only `tab` does. */
  reconnectCount: number;
  /** How ids were read: as byte offsets, as a sequence, or not at all. */
  idScheme: 'offset' | 'sequence' | 'opaque' | 'none';
  ending: StreamEnding;
  /** `reason` of the server's `event: close`, or its raw data when that is no JSON object; null: no such event. */
  closeReason: string | null;
  /** Milliseconds from the open to `event: close`. */
  closeEventMs: number | null;
  retryAfter: string | null;
  /** What went wrong, in words, for the endings that are errors. */
  error: string | null;
}

/** An open stream in the hands of a scenario. */
export interface OpenStream {
  /** Resolves with the status, or null if the stream ended before a status line came. Never rejects. */
  readonly answered: Promise<number | null>;
  /** Resolves true at the first event, false if the stream ended without one. Never rejects. */
  readonly firstEvent: Promise<boolean>;
  /** Resolves when the stream is over and its socket is closed. Never rejects. */
  readonly ended: Promise<Omit<StreamRecord, 'elapsedMs' | 'key'>>;
  readonly eventCount: number;
  readonly lastEventId: string;
  /** Ends the stream as its behaviour does. Idempotent. */
  end(): void;
}

/** What the client at the other end does. One file each in `streams/`. */
export interface Behaviour {
  name: BehaviourName;
  /** One line for people. */
  describes: string;
  open(request: StreamRequest): OpenStream;
}

// ------------------------------------------------------------------------------------------------------- probes

export type SocketStates = Record<string, number>;

/** One reading of the target's whole process tree. */
export interface ProcessReading {
  processCount: number;
  rssBytes: number;
  /** The kernel's high-water marks of resident memory, added up over the tree; null where it keeps none. */
  peakRssBytes: number | null;
  cpuMs: number;
  threadCount: number | null;
  fdCount: number | null;
  /** TCP sockets held by the tree, by state in lower case (`established`, `close_wait`, `listen` …). */
  sockets: SocketStates | null;
}

/** A careful reading, taken when the target is quiet. */
export interface QuietReading extends ProcessReading {
  pssBytes: number | null;
  anonymousBytes: number | null;
  /** Live bytes after forced collection: V8 heap plus the backing stores of array buffers; null without a probe. */
  heapBytes: number | null;
  /** False: the reading was still falling when its deadline came. */
  settled: boolean;
}

// ------------------------------------------------------------------------------------------------------ journal

export type DoseUnit = 'connection' | 'event' | 'rejection';

/** The journal's lines. Every line but `run` and `end` belongs to the scenario named in it. */
export type JournalEntry =
  | RunEntry
  | ({ type: 'scenario' } & ScenarioStart)
  | { type: 'skipped'; scenario: string; elapsedMs: number; proves: string; reason: string }
  | TargetEntry
  | { type: 'phase'; scenario: string; elapsedMs: number; phase: string }
  | SampleEntry
  | { type: 'gap'; scenario: string; elapsedMs: number; probe: string; reason: string }
  | CycleEntry
  | ({ type: 'stream'; scenario: string; phase: string } & StreamRecord)
  | TallyEntry
  | RequestsEntry
  | LevelsEntry
  | FeedEntry
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
}

/** What a scenario sets out to do, with the promises that its target was started with. */
export interface ScenarioStart {
  scenario: string;
  elapsedMs: number;
  proves: string;
  checks: CheckName[];
  /** The target's command with everything filled in; null for a target that ran already. */
  command: string | null;
  limit: number | null;
  deadlineMs: number | null;
}

export interface RunEntry {
  type: 'run';
  journalVersion: 1;
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
  event: 'ready' | 'lost' | 'stopped';
  pid: number;
  /** What decides leaks on this target. */
  leakProbe: 'heap' | 'anonymous' | 'rss';
  /** For `lost`: how it ended and its last lines of output. */
  detail: string | null;
}

/** Once a second, for the chart and the peak. */
export interface SampleEntry extends ProcessReading {
  type: 'sample';
  scenario: string;
  elapsedMs: number;
  phase: string;
  openStreamCount: number;
  /** Events received since the run began. */
  eventCount: number;
}

/** One cycle of a leak measurement: some work, then a quiet reading. */
export interface CycleEntry {
  type: 'cycle';
  scenario: string;
  elapsedMs: number;
  /** The lifecycle path that the cycle drove, such as `abrupt drop`. */
  path: string;
  unit: DoseUnit;
  /** Warm-up cycles are measured but do not count. */
  warmup: boolean;
  /** 1 for the first look at the data; each further look doubled the cycles. */
  look: number;
  plannedDose: number;
  /** The part of the dose that did what it was meant to do. */
  landedDose: number;
  reading: QuietReading;
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

// ------------------------------------------------------------------------------------------------------- record

/** The journal read back, arranged by scenario. */
export interface RunRecord {
  run: RunEntry;
  scenarios: ScenarioRecord[];
  skipped: { scenario: string; proves: string; reason: string }[];
  interrupted: string | null;
  /** The journal has its `end` line. */
  complete: boolean;
  /** Lines that could not be read, such as one torn by a crash. */
  tornLineCount: number;
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
  streams: (StreamRecord & { phase: string })[];
  tallies: TallyEntry[];
  requests: RequestsEntry[];
  levels: LevelsEntry[];
  feeds: FeedEntry[];
}

// ------------------------------------------------------------------------------------------------------ verdict

/** `inconclusive`: measured, but it does not decide. `invalid`: what should have been measured was not. */
export type Outcome = 'pass' | 'fail' | 'inconclusive' | 'invalid';

export type CheckName =
  | 'memory-budget'
  | 'memory-leak'
  | 'connection-limit'
  | 'slots-released'
  | 'timeout-close'
  | 'streams-held'
  | 'event-integrity'
  | 'rejections'
  | 'responsiveness'
  | 'history-cost'
  | 'cleanup'
  | 'load-landed'
  | 'target-alive';

/**
 * What a leak measurement says about one path.
 * - `stable`: the whole interval lies below `deltaBytes`.
 * - `leak`: the whole interval lies above it, and growth did not stop.
 * - `bounded`: it grew and then stopped.
 * - `inconclusive`: the interval holds `deltaBytes` still after the last look.
 * - `invalid`: too little was measured, or the load did not land.
 */
export type LeakState = 'stable' | 'leak' | 'bounded' | 'inconclusive' | 'invalid';

export interface LeakEvidence {
  state: LeakState;
  path: string;
  unit: DoseUnit;
  probe: 'heap' | 'anonymous' | 'rss';
  /** Bytes kept for ever a unit, with its interval; null when nothing could be fitted. */
  ratePerUnitBytes: number | null;
  lowPerUnitBytes: number | null;
  highPerUnitBytes: number | null;
  confidence: number;
  /** The smallest rate that is called a leak. */
  deltaBytes: number;
  /** The smallest rate that this measurement could have told from zero. */
  detectableBytes: number | null;
  cycleCount: number;
  doseCount: number;
  look: number;
  /** Level after each counted cycle against the cumulative dose: what was fitted. */
  points: { dose: number; levelBytes: number }[];
}

interface FindingOf<Check extends CheckName, Evidence> {
  check: Check;
  scenario: string;
  /** What exactly was checked, such as `abrupt drop`; empty where the check says it all. */
  subject: string;
  outcome: Outcome;
  /** One sentence: what was seen, with the values, and what to look for if it is bad. */
  reason: string;
  evidence: Evidence;
}

/** Flat facts behind a finding: a key ends in its unit (`…Bytes`, `…Ms`, `…Count`, `…Ratio`), null is "not measured". */
export type Facts = Record<string, number | string | boolean | null>;

export type LeakFinding = FindingOf<'memory-leak', LeakEvidence>;
export type Finding = LeakFinding | FindingOf<Exclude<CheckName, 'memory-leak'>, Facts>;

/** A check looks at one finished scenario and says what it found. Pure: same record, same findings. */
export type Check = (scenario: ScenarioRecord, run: RunRecord) => Finding[];

export interface Verdict {
  outcome: Outcome;
  /** One sentence for the top of every report. */
  reason: string;
  counts: Record<Outcome, number>;
}

/** What reporters render. Also the JSON report, whose schema is reports/report.schema.json. */
export interface Report {
  schemaVersion: 1;
  runId: string;
  startedAt: string;
  durationMs: number;
  repeatCommand: string;
  /** False: the run was interrupted or its journal ends early. */
  complete: boolean;
  environment: Environment;
  config: RunConfig;
  verdict: Verdict;
  scenarios: ScenarioReport[];
  skipped: { scenario: string; proves: string; reason: string }[];
}

export interface ScenarioReport {
  scenario: string;
  proves: string;
  outcome: Outcome;
  command: string | null;
  startedMs: number;
  durationMs: number;
  leakProbe: 'heap' | 'anonymous' | 'rss' | null;
  peakRssBytes: number | null;
  streamCount: number;
  eventCount: number;
  phases: { phase: string; elapsedMs: number }[];
  gaps: { probe: string; reason: string; elapsedMs: number }[];
  findings: Finding[];
  series: SeriesPoint[];
}

/** One point of the chart. */
export interface SeriesPoint {
  elapsedMs: number;
  rssBytes: number;
  openStreamCount: number;
  eventCount: number;
  fdCount: number | null;
}

// ---------------------------------------------------------------------------------------- scenarios, reporters

/** One kind of work whose leak rate is wanted. */
export interface LeakMeasurement {
  path: string;
  unit: DoseUnit;
  /** Units of work in a small cycle; a large one has twice as many. */
  dose: number;
  /** Does `dose` units of work, leaves no stream of its own open, and returns how many did what they should. */
  perform(dose: number): Promise<number>;
}

export interface OpenOptions {
  dropAfterMs?: number;
  headers?: Record<string, string>;
  /** Counted in a tally instead of journalled one by one: for streams by the thousand. */
  tally?: boolean;
}

/** What a scenario can do. Everything it opens is closed when it ends, however it ends. */
export interface ScenarioContext {
  readonly config: RunConfig;
  /** Aborted on Ctrl-C, and when the target is lost. Every method below rejects then. */
  readonly signal: AbortSignal;
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
  /** Appends events to the file of a key. Needs `config.eventsFile`. */
  feed(key: string, events: { count: number; bytesPerEvent: number }): Promise<void>;
  /** Removes what was fed to a key. */
  dropFeed(key: string): Promise<void>;
  /** Sends short requests to a stream URL or the page, and journals what came back. */
  flood(
    label: 'flood' | 'page',
    url: string,
    load: { count: number; connections: number },
  ): Promise<RequestsEntry>;
  /** Warms up, runs cycles, and goes on until the rate is decided or three looks were taken. */
  measureLeak(measurement: LeakMeasurement): Promise<void>;
  streamUrl(key: string): string;
  pageUrl(): string | null;
}

export interface Scenario {
  name: string;
  /** One sentence for `hydrotest list` and the report. */
  proves: string;
  checks: CheckName[];
  /** Why this scenario cannot run with this configuration and what to give it, or null: it can. */
  unfit(config: RunConfig): string | null;
  /** What the scenario changes for its own target, such as a short deadline. */
  configure?(config: RunConfig): Partial<Pick<RunConfig, 'deadlineMs' | 'limit'>>;
  run(context: ScenarioContext): Promise<void>;
}

/** A reporter turns a report into the text of one file. */
export interface Reporter {
  name: string;
  fileName: string;
  render(report: Report): string;
}
