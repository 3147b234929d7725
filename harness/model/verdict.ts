import type { RunConfig } from './config.ts';
import type { EnvironmentFact, EnvironmentWarning } from './environment.ts';
import type { DoseUnit, Environment, RunRecord, ScenarioRecord } from './journal.ts';
import type { TimingName, TimingSummary } from './load.ts';
import type { CheckName, Outcome } from './outcome.ts';
import type { BehaviourName, StreamEnding } from './streams.ts';

/**
 * What a leak measurement says about one path.
 * - `stable`: the whole interval lies below `deltaBytes`.
 * - `leak`: the whole interval lies above it, and growth did not stop.
 * - `bounded`: it grew and then stopped.
 * - `late-release`: what was kept came back during a long wait.
 * - `inconclusive`: the interval holds `deltaBytes` still after the last look, or a fresh process did not confirm the leak.
 * - `invalid`: too little was measured, or the load did not land.
 */
export type LeakState = 'stable' | 'leak' | 'bounded' | 'late-release' | 'inconclusive' | 'invalid';

/** How the level follows the dose: not at all, in proportion, until a bend, in one or a few jumps, or up in every cycle but unevenly. */
export type GrowthShape = 'flat' | 'line' | 'bend' | 'steps' | 'climb';

/** The rate of one unit from the fit of all units together: what the others explain is not charged to it. */
export interface UnitRate {
  unit: DoseUnit;
  doseCount: number;
  ratePerUnitBytes: number;
  lowPerUnitBytes: number;
  highPerUnitBytes: number;
  /** The smallest rate of this unit that is called a leak. */
  deltaBytes: number;
}

/** What the confirming process showed. */
export interface LeakConfirmation {
  /** False: there was no fresh process to be had, so the path was measured once more on the same one. */
  freshProcess: boolean;
  state: LeakState;
  ratePerUnitBytes: number | null;
  lowPerUnitBytes: number | null;
  highPerUnitBytes: number | null;
  doseCount: number;
}

/** What came back in the long wait after the confirming cycles. */
export interface LateRelease {
  waitedMs: number;
  /** Growth over the confirming cycles, and how much of it was still there in the end. */
  grownBytes: number;
  keptBytes: number;
  /** Until half of what came back had come back; null: nothing did. */
  releasedAfterMs: number | null;
}

/** After how long a rate alone uses up the memory budget. */
export interface TimeToBudget {
  /** Units a second: connections, events or rejections; 1 for a rate a second. */
  trafficPerSecond: number;
  seconds: number;
}

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
  shape: GrowthShape;
  /** For `bounded`: how much it grew before it stopped. */
  plateauBytes: number | null;
  /** Correlation of neighbouring residuals; above 0.3 the interval was widened. */
  residualCorrelation: number | null;
  /** The path's rates in every unit that its cycles varied independently; empty where nothing could be fitted. */
  rates: UnitRate[];
  /** Units whose doses rose together, so that their rates cannot be told apart. */
  confounded: DoseUnit[][];
  /** For a suspected leak: the unit that explains the growth; null where the cycles do not tell. */
  cause: DoseUnit | null;
  /** Null: nothing looked like a leak, or it was not measured again. */
  confirmation: LeakConfirmation | null;
  release: LateRelease | null;
  timeToBudget: TimeToBudget[];
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
  environment: ReportedEnvironment;
  config: RunConfig;
  verdict: Verdict;
  scenarios: ScenarioReport[];
  skipped: { scenario: string; proves: string; reason: string }[];
  fingerprint: FingerprintRow[];
}

/** The machine, what its targets were started with and what happened around them, and what of that changes figures. */
export interface ReportedEnvironment extends Environment {
  targets: { scenario: string; attempt: number; facts: EnvironmentFact[] }[];
  warnings: EnvironmentWarning[];
}

/** One row of the leak fingerprint: a lifecycle path and what each unit of work on it leaves behind. */
export interface FingerprintRow {
  scenario: string;
  path: string;
  /** Null: the path was not measured, and `reason` says why. */
  state: LeakState | null;
  outcome: Outcome | null;
  reason: string;
  probe: LeakEvidence['probe'] | null;
  rates: Record<DoseUnit, FingerprintCell>;
}

/**
 * - `rate`: measured. `confounded`: rose with another unit, whose cell holds the rate of both. `none`: no dose of this unit.
 */
export type FingerprintCell =
  | {
      kind: 'rate';
      ratePerUnitBytes: number;
      lowPerUnitBytes: number;
      highPerUnitBytes: number;
      leaks: boolean;
    }
  | { kind: 'confounded'; with: DoseUnit }
  | { kind: 'none' };

export interface ScenarioReport {
  scenario: string;
  /** What it sets out to prove. */
  proves: string;
  /** What it has shown: in the words of the finding that counts most. */
  shown: string;
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
  /** One row a behaviour, without the stream that warms the target up. */
  timings: TimingRow[];
  series: SeriesPoint[];
  /** Readings of a quiet target, which are careful and few. */
  readings: QuietPoint[];
  /** A measured path on a process each. */
  trends: LeakTrend[];
  ends: EndBuckets;
}

/** What was timed of all streams of a behaviour; null: there was nothing to time. */
export type TimingRow = { behaviour: BehaviourName } & Record<TimingName, TimingSummary | null>;

/** A careful reading, as a point of the chart. */
export interface QuietPoint {
  elapsedMs: number;
  of: 'cycle' | 'held' | 'drain';
  /** Another attempt is another process: no line joins the two. */
  attempt: number;
  rssBytes: number;
  pssBytes: number | null;
  anonymousBytes: number | null;
  /** Live objects of the heap and the backing stores of its buffers. */
  heapBytes: number | null;
}

/** What was fitted to the levels of a path, at the time of each counted cycle that did work. */
export interface LeakTrend {
  path: string;
  attempt: number;
  /** Of the path, over all attempts. */
  state: LeakState;
  unit: DoseUnit;
  probe: LeakEvidence['probe'];
  ratePerUnitBytes: number;
  lowPerUnitBytes: number;
  highPerUnitBytes: number;
  points: {
    elapsedMs: number;
    levelBytes: number;
    fittedBytes: number;
    lowBytes: number;
    highBytes: number;
  }[];
}

/** How many streams ended in which way, in spans of `bucketMs`; those in which none ended are left out. */
export interface EndBuckets {
  bucketMs: number;
  buckets: { elapsedMs: number; counts: Record<StreamEnding, number> }[];
}

/** One point of the chart. */
export interface SeriesPoint {
  elapsedMs: number;
  rssBytes: number;
  openStreamCount: number;
  eventCount: number;
  /** Since the point before; null: there is none. */
  eventsPerSecond: number | null;
  fdCount: number | null;
}
