import type { RunConfig } from './config.ts';
import type { Outcome } from './outcome.ts';
import type { ReportedEnvironment } from './verdict.ts';

/**
 * How one metric changed.
 * - `worse`, `better`: the whole interval of the change lies beyond what is relevant.
 * - `same`: the whole interval lies within it.
 * - `cannot-tell`: neither, or it was not measured on both sides; `reason` says which.
 */
export type Change = 'worse' | 'same' | 'better' | 'cannot-tell';

export type MetricKind =
  | 'held-heap'
  | 'held-pss'
  | 'held-anonymous'
  | 'held-rss'
  | 'leak-rate'
  | 'peak-memory'
  | 'first-byte-p50'
  | 'first-byte-p99'
  | 'first-event-p50'
  | 'first-event-p99'
  | 'event-p50'
  | 'event-p99'
  | 'close-lateness'
  | 'cleanup-wait';

/** What a value is counted in. Lower is better for every metric there is. */
export type MetricUnit = 'bytes' | 'ms';

/** One figure of one run. */
export interface Metric {
  /** The same in every run that measures the same thing: `hold held-heap`, `churn leak-rate abrupt drop`. */
  id: string;
  kind: MetricKind;
  scenario: string;
  /** Lifecycle path, for leak rates; empty otherwise. */
  path: string;
  unit: MetricUnit;
  /** What a leak rate is per (`connection`); empty otherwise. */
  per: string;
  /** Null: not measured, and `missing` says why. */
  value: number | null;
  missing: string | null;
  /** What the run itself knows of how sure the value is, from its own many values; null: nothing. */
  low: number | null;
  high: number | null;
  /** The standard error that belongs to this interval, on the scale on which the metric is compared; 0 without one. */
  standardError: number;
  /** Leak rates: the smallest that is called a leak. */
  deltaBytes: number | null;
}

export interface RunMetrics {
  runId: string;
  startedAt: string;
  folder: string;
  outcome: Outcome;
  /** Null: nothing is wrong with it; otherwise why none of it can be compared. */
  unusable: string | null;
  environment: ReportedEnvironment;
  config: RunConfig;
  metrics: Metric[];
}

/** A side's value over its runs, with its interval. */
export interface SideValue {
  value: number;
  low: number;
  high: number;
  runCount: number;
}

export interface ComparedMetric extends Pick<Metric, 'id' | 'kind' | 'scenario' | 'path' | 'unit' | 'per'> {
  /** What the kind is called, in words. */
  label: string;
  change: Change;
  /** Why it cannot be told; null where it can. */
  reason: string | null;
  /** The baseline has it, and the run does not. */
  lost: boolean;
  baseline: SideValue | null;
  run: SideValue | null;
  /**
   * `ratio`: run / baseline (1: no change). `difference`: run − baseline, in `unit`. `low` and `high` are its interval,
   * and it is relevant from `relevantLow` downwards and from `relevantHigh` upwards. Null: it could not be worked out.
   */
  effect: {
    kind: 'ratio' | 'difference';
    value: number;
    low: number;
    high: number;
    relevantLow: number;
    relevantHigh: number;
  } | null;
  /**
   * Where the spread between runs comes from. `assumed`: a side has one run only. `both`: what the runs show, and what is
   * assumed. Null: nothing to compare.
   */
  spread: 'assumed' | 'both' | null;
}

export interface ComparedSide {
  /** As the user named it: a folder, a command or a git ref. */
  name: string;
  runs: Pick<RunMetrics, 'runId' | 'startedAt' | 'folder' | 'outcome'>[];
  /** Runs that do not count, and why. */
  leftOut: { folder: string; reason: string }[];
}

export interface Difference {
  what: string;
  baseline: string;
  run: string;
}

export interface Comparison {
  schemaVersion: 1;
  /** The worst that can be said. */
  change: Change;
  /** One sentence for the top. */
  reason: string;
  counts: Record<Change, number>;
  /** Chance that at least one interval of them all misses the true change, if the assumptions hold. */
  familyError: number;
  baseline: ComparedSide;
  run: ComparedSide;
  /** Empty, unless unlike runs were compared on purpose. */
  unlike: Difference[];
  metrics: ComparedMetric[];
}

/** One line of a history: a run's figures, each with the interval that a single run gives it. */
export interface HistoryEntry {
  type: 'hydrotest-history';
  schemaVersion: 1;
  runId: string;
  startedAt: string;
  /** Of the repository around the folder in which the run was started; null: none. */
  gitCommit: string | null;
  /** The same for runs that can be compared: made of the machine and of what changes what is measured. */
  environmentHash: string;
  /** The machine in a few words. */
  environment: string;
  outcome: Outcome;
  /** Why no figure of it counts, or null. */
  unusable: string | null;
  metrics: HistoryMetric[];
}

export interface HistoryMetric
  extends Pick<
    Metric,
    'id' | 'kind' | 'scenario' | 'path' | 'unit' | 'per' | 'value' | 'low' | 'high' | 'missing'
  > {
  label: string;
}

/** A history read back, in the order of time. */
export interface History {
  entries: HistoryEntry[];
  /** Lines that are none of a history. */
  skippedLineCount: number;
}
