import type { Point } from './theil-sen.ts';

/** Where growth stopped, if it did. */
export interface Hinge {
  /** Index of the first point behind the bend. */
  firstFlatIndex: number;
  /** n · ln(SSE of the line / SSE of the hinge): how much better the bend explains the points. */
  evidence: number;
}

/**
 * The bend has one parameter more than the line, which chance alone rewards with about 2 to 4; above 10 is "very
 * strong" on the scale of Kass and Raftery, "Bayes Factors" (JASA 90, 1995).
 */
const STRONG_EVIDENCE = 10;

/** A bend nearer to an end than this many points is noise at the border. */
const BORDER_POINTS = 3;

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
  const floor = Number.EPSILON * Math.max(1, line.sse);
  const evidence = points.length * Math.log(Math.max(line.sse, floor) / Math.max(best.sse, floor));
  return evidence > STRONG_EVIDENCE ? { firstFlatIndex: best.index, evidence } : null;
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
