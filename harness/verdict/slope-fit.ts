import { dot, residuals, sumOfSquares } from './least-squares.ts';
import { LOOK_CONFIDENCE, LOOK_QUANTILE } from './looks.ts';
import { studentQuantile } from './student.ts';
import { type Point, theilSen } from './theil-sen.ts';

/** A rate with the interval that holds at one look. */
export interface SlopeFit {
  slope: number;
  low: number;
  high: number;
  /** Correlation of neighbouring residuals, freed of the bias that the fit gives it. */
  residualCorrelation: number;
}

/** Above this the interval of differences has to agree. White noise gets there in 15 % of series of 18 and 5 % of 36. */
const MAX_FREE_CORRELATION = 0.3;

/** At 1 the widening has no end; a random walk is left to the interval of differences. */
const MAX_CORRELATION = 0.95;

/**
 * The rate of `y` on `x` at `LOOK_CONFIDENCE`, with what the columns `others` explain taken out of both by least squares
 * (R. Frisch and F. Waugh, Econometrica 1, 1933), then Theil–Sen on what is left. In simulation that covers as often as
 * least squares with t-intervals, and with outliers the interval is half as wide.
 *
 * Where neighbouring residuals hang together, the effective number of points is n(1 - r)/(1 + r), so the interval is
 * widened by the root of its inverse (AR(1) noise). `r` counts one standard error higher than it was estimated: at 18
 * points half of AR(0.5) series show less than 0.3. Above that, the interval from differences, which holds even for a random
 * walk, is joined in: a rate lies above or below δ only if both say so.
 *
 * Needs at least `others.length + 7` points. Nothing but the trend tells a drift by chance from a leak: on random walks of
 * 18 points the interval still misses in 4 %, on 36 in 0.5 %.
 */
export function fitSlope(points: readonly Point[], others: readonly (readonly number[])[] = []): SlopeFit {
  const count = points.length;
  const [doses, levels] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const columns = [doses.map(() => 1), ...others];
  const [x, y] = [residuals(doses, columns), residuals(levels, columns)];
  const { slope, intercept, low, high } = theilSen(
    x.map((value, i) => ({ x: value, y: y[i] ?? 0 })),
    LOOK_CONFIDENCE,
  );
  const left = y.map((value, i) => value - intercept - slope * (x[i] ?? 0));
  // Each fitted parameter takes about (1 + 2r)/n from the correlation (F. Marriott and J. Pope, Biometrika 41, 1954).
  const fitted = columns.length + 1;
  const r = Math.min(1, (count * lagOneCorrelation(left) + fitted) / Math.max(1, count - 2 * fitted));
  const assumed = Math.min(MAX_CORRELATION, Math.max(0, r + 1 / Math.sqrt(count)));
  const widen = Math.sqrt((1 + assumed) / (1 - assumed));
  const fit = {
    slope,
    low: slope - (slope - low) * widen,
    high: slope + (high - slope) * widen,
    residualCorrelation: r,
  };
  if (r <= MAX_FREE_CORRELATION) return fit;
  const differences = fitDifferences(doses, levels, others);
  return { ...fit, low: Math.min(fit.low, differences.low), high: Math.max(fit.high, differences.high) };
}

/**
 * Least squares of increments on increments, with a t-interval: exact for a random walk, too wide for anything quieter. It uses means and no median: on a level that alternates
 * between two values the median increment is one of the two jumps.
 */
export function fitDifferences(
  doses: readonly number[],
  levels: readonly number[],
  others: readonly (readonly number[])[],
): { low: number; high: number } {
  const columns = others.map(increments);
  const [x, y] = [residuals(increments(doses), columns), residuals(increments(levels), columns)];
  const slope = dot(x, y) / sumOfSquares(x);
  const left = y.map((value, i) => value - slope * (x[i] ?? 0));
  const degrees = x.length - 1 - columns.length;
  const standardError = Math.sqrt(sumOfSquares(left) / degrees / sumOfSquares(x));
  const half = studentQuantile(LOOK_QUANTILE, degrees) * standardError;
  return { low: slope - half, high: slope + half };
}

export function increments(values: readonly number[]): number[] {
  return values.slice(1).map((value, i) => value - (values[i] ?? 0));
}

function lagOneCorrelation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const squares = sumOfSquares(centred);
  return squares === 0 ? 0 : dot(centred.slice(1), centred) / squares;
}
