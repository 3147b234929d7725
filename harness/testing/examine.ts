import { lineOf } from '../journal-entry.ts';
import { judge } from '../judge.ts';
import type {
  CheckName,
  Finding,
  JournalEntry,
  Outcome,
  Report,
  RunRecord,
  ScenarioRecord,
} from '../model.ts';
import { healthyRun, type ScenarioName } from './records.ts';

export interface Examined {
  report: Report;
  /** Of the check that was asked for. */
  findings: Finding[];
  /** The worst of them, or `none`. */
  outcome: Outcome | 'none';
  reason: string;
}

/** Changes a healthy record of one scenario and judges it: what does this check say, and what the run? */
export function examine(
  check: CheckName,
  scenario: ScenarioName,
  change: (scenario: ScenarioRecord, run: RunRecord) => unknown = () => {},
): Examined {
  const record = healthyRun([scenario]);
  change(record.scenarios[0] as ScenarioRecord, record);
  // Frozen all the way down: a judge that changed what it was given would throw.
  const report = judge(deepFreeze(record));
  const findings = report.scenarios.flatMap((each) =>
    each.findings.filter((finding) => finding.check === check),
  );
  const from = ['fail', 'invalid', 'inconclusive', 'pass'] as const;
  const outcome = from.find((each) => findings.some((finding) => finding.outcome === each)) ?? 'none';
  const reason = findings.find((finding) => finding.outcome === outcome)?.reason ?? '';
  return { report, findings, outcome, reason };
}

export function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

/** The lines of a journal with these entries. */
export function linesOf(entries: readonly JournalEntry[]): string[] {
  return entries.map((entry, index) => lineOf(entry, index + 1));
}

/** The journal that reads back as this record. */
export function journalOf(record: RunRecord): JournalEntry[] {
  const entries: JournalEntry[] = [record.run];
  for (const scenario of record.scenarios) {
    const { scenario: name, elapsedMs, proves, checks, paths, command, limit, deadlineMs } = scenario;
    entries.push(
      { type: 'scenario', scenario: name, elapsedMs, proves, checks, paths, command, limit, deadlineMs },
      ...scenario.target,
      ...scenario.phases.map((phase) => ({ type: 'phase' as const, scenario: name, ...phase })),
      ...scenario.samples,
      ...scenario.gaps.map((gap) => ({ type: 'gap' as const, scenario: name, ...gap })),
      ...scenario.cycles,
      ...scenario.drains,
      ...scenario.skippedPaths.map((skipped) => ({
        type: 'path-skipped' as const,
        scenario: name,
        elapsedMs,
        ...skipped,
      })),
      ...scenario.streams.map((stream) => ({ type: 'stream' as const, scenario: name, ...stream })),
      ...scenario.tallies,
      ...scenario.timings,
      ...scenario.loads,
      ...scenario.held,
      ...scenario.requests,
      ...scenario.levels,
      ...scenario.feeds,
      ...scenario.browser,
    );
    if (scenario.endedMs !== null) {
      entries.push({
        type: 'scenario-end',
        scenario: name,
        elapsedMs: scenario.endedMs,
        error: scenario.error,
      });
    }
  }
  for (const skipped of record.skipped) entries.push({ type: 'skipped', elapsedMs: 0, ...skipped });
  if (record.interrupted !== null)
    entries.push({ type: 'interrupted', elapsedMs: record.durationMs, reason: record.interrupted });
  if (record.complete) entries.push({ type: 'end', elapsedMs: record.durationMs });
  return entries;
}
