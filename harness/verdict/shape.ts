import type { Point } from './theil-sen.ts';

/** Where growth stopped, if it did. */
export interface Hinge {
  /** Index of the first point behind the bend. */
  firstFlatIndex: number;
  /** n · ln(SSE of the line / SSE of the hinge): how much better the bend explains the points. */
  evidence: number;
  /** How much it grew from the first point to the bend. */
  grownBytes: number;
  sse: number;
}

/**
 * A bend has one parameter more than the line, which chance alone rewards with about 2 to 4; above 10 is "very
 * strong" on the scale of Kass and Raftery, "Bayes Factors" (JASA 90, 1995).
 */
export const STRONG_EVIDENCE = 10;

/** A bend or a step nearer to an end than this many points is noise at the border. */
export const BORDER_POINTS = 3;

/**
 * Compares a straight line with `a + b · min(x, c)`: a cache that fills, a pool that warms up. Returns the bend when it
 * explains the points far better than the line and growth came before it, else null.
 */
export function findHinge(points: readonly Point[]): Hinge | null {
  const line = leastSquares(points, (point) => point.x);
  let best: { index: number; sse: number; slope: number } | null = null;
  for (let index = BORDER_POINTS; index <= points.length - BORDER_POINTS; index++) {
    const bend = (points[index] as Point).x;
    const fit = leastSquares(points, (point) => Math.min(point.x, bend));
    if (best === null || fit.sse < best.sse) best = { index, ...fit };
  }
  if (best === null || best.slope <= 0) return null;
  const evidence = weigh(points.length, line.sse, best.sse);
  if (evidence <= STRONG_EVIDENCE) return null;
  const grownBytes = best.slope * ((points[best.index] as Point).x - (points[0] as Point).x);
  return { firstFlatIndex: best.index, evidence, grownBytes, sse: best.sse };
}

/** n · ln(SSE of one model / SSE of another). Below the floor a sum of squares is rounding. */
export function weigh(count: number, sse: number, betterSse: number): number {
  const floor = Number.EPSILON * Math.max(1, sse);
  return count * Math.log(Math.max(sse, floor) / Math.max(betterSse, floor));
}

export function lineSse(points: readonly Point[]): number {
  return leastSquares(points, (point) => point.x).sse;
}

function leastSquares(points: readonly Point[], regressor: (point: Point) => number) {
  const n = points.length;
  let [sumX, sumY] = [0, 0];
  for (const point of points) {
    sumX += regressor(point);
    sumY += point.y;
  }
  const [meanX, meanY] = [sumX / n, sumY / n];
  let [xx, xy, yy] = [0, 0, 0];
  for (const point of points) {
    const dx = regressor(point) - meanX;
    const dy = point.y - meanY;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  const slope = xx === 0 ? 0 : xy / xx;
  return { slope, sse: Math.max(0, yy - slope * xy) };
}
