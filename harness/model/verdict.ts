import type { RunConfig } from './config.ts';
import type { DoseUnit, Environment, RunRecord, ScenarioRecord } from './journal.ts';
import type { CheckName, Outcome } from './outcome.ts';

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
