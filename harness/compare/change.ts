import type { Change, ComparedMetric, Metric, SideValue } from '../model.ts';
import { exactStudentQuantile } from '../verdict/quantiles.ts';
import { ASSUMED_DEGREES, type KindFacts } from './metric-kinds.ts';

/** A metric that has a value. */
export type MeasuredMetric = Metric & { value: number };

/** What two sets of runs say of one metric. */
export type ChangeOfMetric = Pick<ComparedMetric, 'change' | 'reason' | 'effect' | 'spread'> & {
  baseline: SideValue;
  run: SideValue;
};

/**
 * Compares one metric over the runs of two sides, each at least one. `error` is the chance that the interval of the change
 * misses it.
 *
 * Values are compared on the scale of their kind: logarithms for ratios, as they are for differences. The variance of a single run is that of
 * the runs around their side's mean, pooled over both sides, and moderated by the one that is assumed: the assumed one counts as if
 * from `ASSUMED_DEGREES` further runs, unless the runs spread more than that (G. K. Smyth, "Linear models and empirical Bayes methods", Statistical Applications in
 * Genetics and Molecular Biology 3, 2004, section 4). So one run a side has the assumed spread, two have mostly it, and with ten the
 * runs speak for themselves. What a run knows of its own uncertainty is a part of what is assumed, not of what runs show: their spread
 * has it in it. A plain Student interval of two runs a side would have two degrees of freedom and decide nothing at the
 * confidence that a family of 30 metrics needs.
 */
export function changeOf(
  baseline: readonly MeasuredMetric[],
  run: readonly MeasuredMetric[],
  facts: KindFacts,
  error: number,
): ChangeOfMetric {
  const isRatio = facts.scale === 'ratio';
  const scaled = (metric: MeasuredMetric) => (isRatio ? Math.log(metric.value) : metric.value);
  const back = (value: number) => (isRatio ? Math.exp(value) : value);
  const sides = [baseline, run].map((metrics) => metrics.map(scaled)) as [number[], number[]];
  const means = sides.map(mean) as [number, number];

  const own = mean([...baseline, ...run].map(({ standardError }) => standardError ** 2));
  const assumed = facts.spread ** 2 + own;
  const degrees = baseline.length + run.length - 2;
  const squares = sides.reduce(
    (sum, values, i) => sum + values.reduce((s, value) => s + (value - (means[i] ?? 0)) ** 2, 0),
    0,
  );
  const moderated = (ASSUMED_DEGREES * assumed + squares) / (ASSUMED_DEGREES + degrees);
  // What is assumed may help where runs happen to agree; it must not talk down a spread that they show.
  const variance = Math.max(moderated, degrees === 0 ? 0 : squares / degrees);
  const quantile = exactStudentQuantile(1 - error / 2, ASSUMED_DEGREES + degrees);
  const sideOf = (i: 0 | 1): SideValue => {
    const half = quantile * Math.sqrt(variance / sides[i].length);
    const [low, high] = [back(means[i] - half), back(means[i] + half)];
    return { value: back(means[i]), low, high, runCount: sides[i].length };
  };
  const half = quantile * Math.sqrt(variance * (1 / baseline.length + 1 / run.length));
  const difference = means[1] - means[0];
  const [most, least] = facts.scale === 'difference' ? bounds(baseline, run) : [Infinity, -Infinity];
  const [low, high] = [Math.max(difference - half, least), Math.min(difference + half, most)];
  const margin = marginOf(back(means[0]), facts, baseline[0]?.deltaBytes ?? null);
  const change = decide(low, high, margin);
  return {
    change,
    reason:
      change === 'cannot-tell' ? 'the change may be relevant or not: more runs a side would tell' : null,
    baseline: sideOf(0),
    run: sideOf(1),
    effect: {
      kind: facts.scale,
      value: back(difference),
      low: back(low),
      high: back(high),
      relevantLow: back(-margin),
      relevantHigh: back(margin),
    },
    spread: degrees === 0 || baseline.length === 1 || run.length === 1 ? 'assumed' : 'both',
  };
}

/** How far from no change a relevant one begins, on the scale of the kind. The same both ways. */
function marginOf(baseline: number, facts: KindFacts, deltaBytes: number | null): number {
  const absolute = deltaBytes ?? facts.absoluteMargin;
  const size = Math.max(facts.relativeMargin * Math.abs(baseline), absolute);
  return facts.scale === 'ratio' ? Math.log1p(size / baseline) : size;
}

function decide(low: number, high: number, margin: number): Change {
  if (low > margin) return 'worse';
  if (high < -margin) return 'better';
  return low >= -margin && high <= margin ? 'same' : 'cannot-tell';
}

/**
 * The most and the least that a leak rate can have changed: bytes kept for ever are not fewer than none, and each run has bounded them from above.
 * So two paths that are both below δ differ by less than δ.
 */
function bounds(baseline: readonly MeasuredMetric[], run: readonly MeasuredMetric[]): [number, number] {
  const highest = (side: readonly MeasuredMetric[]) =>
    side.every(({ kind }) => kind === 'leak-rate')
      ? Math.max(...side.map(({ high }) => Math.max(0, high ?? Infinity)))
      : Infinity;
  return [highest(run), -highest(baseline)];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
