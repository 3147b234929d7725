import type {
  Change,
  ComparedMetric,
  ComparedSide,
  Comparison,
  Difference,
  Metric,
  RunMetrics,
} from '../model.ts';
import { changeOf, type MeasuredMetric } from './change.ts';
import { KINDS } from './metric-kinds.ts';
import type { Side } from './side.ts';

/**
 * Chance that any interval of a comparison misses its change. It is split over the metrics (Bonferroni), so that 30 of them raise no
 * more false alarms than one.
 */
export const FAMILY_ERROR = 0.05;

/** From bad to good. */
const SEVERITY: Change[] = ['worse', 'cannot-tell', 'same', 'better'];

/** What changed from the runs of one side to those of the other. `stopped`: why the measurement ended early, so that nothing is decided; null: it did not. Pure. */
export function compare(
  baseline: Side,
  run: Side,
  unlike: Difference[],
  stopped: string | null = null,
): Comparison {
  const pairs = pairsOf(baseline.runs, run.runs);
  const familySize = pairs.filter(({ missing }) => missing === null).length;
  const metrics = pairs
    .map((pair) => comparePair(pair, FAMILY_ERROR / Math.max(1, familySize)))
    .map((metric) =>
      stopped === null ? metric : { ...metric, change: 'cannot-tell' as const, reason: stopped },
    );
  const counts: Comparison['counts'] = { worse: 0, same: 0, better: 0, 'cannot-tell': 0 };
  for (const { change } of metrics) counts[change]++;
  const change = SEVERITY.find((one) => counts[one] > 0) ?? 'cannot-tell';
  return {
    schemaVersion: 1,
    change,
    reason: stopped ?? sentence(change, metrics, baseline, run),
    counts,
    familyError: FAMILY_ERROR,
    baseline: summaryOf(baseline),
    run: summaryOf(run),
    unlike,
    metrics,
  };
}

interface Pair {
  like: Metric;
  baseline: Metric[];
  run: Metric[];
  /** Why it cannot be compared, or null. */
  missing: string | null;
  /** The baseline has it, and the run does not. */
  lost: boolean;
}

function pairsOf(baseline: readonly RunMetrics[], run: readonly RunMetrics[]): Pair[] {
  const all = [...baseline, ...run].flatMap(({ metrics }) => metrics);
  const likes = new Map(all.map((metric) => [metric.id, metric]));
  const valuesOf = (runs: readonly RunMetrics[], id: string) =>
    runs.map(({ metrics }) => metrics.find((metric) => metric.id === id));
  return [...likes.values()].map((like) => {
    const sides = [valuesOf(baseline, like.id), valuesOf(run, like.id)] as const;
    const inBaseline = missingIn('the baseline', sides[0]);
    const missing = inBaseline ?? missingIn('the run', sides[1]);
    const lost = inBaseline === null && missing !== null;
    const present = (metrics: (Metric | undefined)[]) => metrics.filter((metric) => metric !== undefined);
    return { like, baseline: present(sides[0]), run: present(sides[1]), missing, lost };
  });
}

/** One run that could not measure it is enough: leaving it out would choose the runs in which all went well. */
function missingIn(side: string, metrics: (Metric | undefined)[]): string | null {
  if (metrics.length === 0) return `${side} has no complete run`;
  const absent = metrics.filter((metric) => metric === undefined).length;
  const lacking = metrics.find((metric) => metric !== undefined && metric.value === null);
  const of = metrics.length === 1 ? '' : ` (in a run of ${metrics.length})`;
  if (absent > 0) return `${side} did not measure it${of}`;
  const unusable = metrics.find((metric) => metric !== undefined && hasNoRatio(metric));
  if (unusable !== undefined) return `${side}${of}: ${unusable.value} has no ratio to another value`;
  return lacking === undefined ? null : `${side}${of}: ${lacking?.missing ?? 'it was not measured'}`;
}

function hasNoRatio({ kind, value }: Metric): boolean {
  return value !== null && KINDS[kind].scale === 'ratio' && !(value > 0 && Number.isFinite(value));
}

function comparePair({ like, baseline, run, missing, lost }: Pair, error: number): ComparedMetric {
  const { id, kind, scenario, path, unit, per } = like;
  const named = { id, kind, label: KINDS[kind].label, scenario, path, unit, per, lost };
  if (missing !== null) {
    return {
      ...named,
      change: 'cannot-tell',
      reason: missing,
      baseline: null,
      run: null,
      effect: null,
      spread: null,
    };
  }
  const measured = (metrics: Metric[]) =>
    metrics.filter((metric): metric is MeasuredMetric => metric.value !== null);
  return { ...named, ...changeOf(measured(baseline), measured(run), KINDS[kind], error) };
}

function summaryOf({ name, runs, leftOut }: Side): ComparedSide {
  return {
    name,
    runs: runs.map(({ runId, startedAt, folder, outcome }) => ({ runId, startedAt, folder, outcome })),
    leftOut,
  };
}

function sentence(change: Change, metrics: readonly ComparedMetric[], baseline: Side, run: Side): string {
  const empty = [baseline, run].find(({ runs }) => runs.length === 0);
  if (empty !== undefined) {
    const why = empty.leftOut[0]?.reason;
    return `${empty.name} has no run that counts${why === undefined ? '' : ` (${why})`}, so nothing can be compared`;
  }
  const [first] = metrics.filter((metric) => metric.change === change);
  if (first === undefined) return 'the runs have no metric to compare';
  const count = metrics.filter((metric) => metric.change === change).length;
  const more = count === 1 ? '' : `, and ${count - 1} more`;
  if (change === 'same') return `all ${metrics.length} metrics are the same`;
  if (change === 'cannot-tell')
    return `nothing is worse; ${count} of ${metrics.length} metrics cannot be told apart or were not measured`;
  if (change === 'better') return `${nameOf(first)} is better${more}, nothing is worse`;
  return `${nameOf(first)} is worse${more}`;
}

function nameOf({ scenario, label, path }: ComparedMetric): string {
  return `${scenario}: ${label}${path === '' ? '' : ` on ${path}`}`;
}
