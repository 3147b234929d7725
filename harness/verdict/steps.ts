import { residuals, sumOfSquares } from './least-squares.ts';
import { BORDER_POINTS, STRONG_EVIDENCE, weigh } from './shape.ts';
import type { Point } from './theil-sen.ts';

/** One jump of the level on top of a line. */
export interface Step {
  /** Index of the first point behind it. */
  index: number;
  sizeBytes: number;
}

/** The largest step that a line does not explain; null: the line does. */
export function findStep(points: readonly Point[]): Step | null {
  const levels = points.map(({ y }) => y);
  const line = [points.map(() => 1), points.map(({ x }) => x)];
  const left = residuals(levels, line);
  const sse = sumOfSquares(left);
  let best: (Step & { sse: number }) | null = null;
  for (let index = 1; index < points.length; index++) {
    const jump = residuals(
      points.map((_, i) => (i < index ? 0 : 1)),
      line,
    );
    const share = sumOfSquares(jump);
    // The first and the last point alone can be a step just as well as an outlier; a line through the rest is exact there.
    if (share < 1e-6) continue;
    const sizeBytes = left.reduce((sum, value, i) => sum + value * (jump[i] ?? 0), 0) / share;
    const stepSse = Math.max(0, sse - sizeBytes ** 2 * share);
    if (best === null || stepSse < best.sse) best = { index, sizeBytes, sse: stepSse };
  }
  if (best === null || weigh(points.length, sse, best.sse) <= STRONG_EVIDENCE) return null;
  return { index: best.index, sizeBytes: best.sizeBytes };
}

/** The points as they would be without the step. */
export function withoutStep(points: readonly Point[], { index, sizeBytes }: Step): Point[] {
  return points.map(({ x, y }, i) => ({ x, y: i < index ? y : y - sizeBytes }));
}

/** A level that only ever jumps, and is flat in between. */
export interface Stairs {
  /** The jumps in order; negative ones are falls. */
  steps: Step[];
  evidence: number;
}

/** More steps than this in 72 points are a line for every purpose. */
const MAX_LEVELS = 10;

/**
 * The best series of constant levels (dynamic programming over all of them), if it explains the points far better than
 * the smooth model whose SSE and parameters are given. Models are weighed by BIC, in which a step counts for three parameters
 * because its place was searched for (N. Zhang and D. Siegmund, Biometrics 63, 2007).
 */
export function findStairs(
  points: readonly Point[],
  smooth: { sse: number; parameterCount: number },
): Stairs | null {
  const count = points.length;
  const mean = points.reduce((sum, { y }) => sum + y, 0) / count;
  const [sums, squares] = [[0], [0]];
  for (const { y } of points) {
    sums.push((sums.at(-1) ?? 0) + (y - mean));
    squares.push((squares.at(-1) ?? 0) + (y - mean) ** 2);
  }
  const between = (values: number[], from: number, to: number) => (values[to] ?? 0) - (values[from] ?? 0);
  const levelSse = (from: number, to: number) =>
    Math.max(0, between(squares, from, to) - between(sums, from, to) ** 2 / (to - from));

  // best[end]: the least SSE of the points before `end` in the levels so far, and where those levels begin.
  let best: { sse: number; starts: number[] }[] = [];
  for (let end = 0; end <= count; end++) {
    best.push(end < BORDER_POINTS ? NOTHING : { sse: levelSse(0, end), starts: [0] });
  }
  let chosen: { evidence: number; starts: number[] } | null = null;
  for (let levels = 2; levels <= MAX_LEVELS; levels++) {
    best = best.map((_, end) => {
      let shortest = NOTHING;
      for (let start = BORDER_POINTS; start <= end - BORDER_POINTS; start++) {
        const before = best[start] ?? NOTHING;
        const sse = before.sse + levelSse(start, end);
        if (sse < shortest.sse) shortest = { sse, starts: [...before.starts, start] };
      }
      return shortest;
    });
    const { sse, starts } = best[count] ?? NOTHING;
    if (starts.length < levels) break;
    const penalty = (3 * levels - 2 - smooth.parameterCount) * Math.log(count);
    const evidence = weigh(count, smooth.sse, sse) - penalty;
    if (evidence > (chosen?.evidence ?? STRONG_EVIDENCE)) chosen = { evidence, starts };
  }
  if (chosen === null) return null;
  const { starts, evidence } = chosen;
  const heights = starts.map((from, i) => {
    const to = starts[i + 1] ?? count;
    return between(sums, from, to) / (to - from);
  });
  const steps = starts
    .slice(1)
    .map((index, i) => ({ index, sizeBytes: (heights[i + 1] ?? 0) - (heights[i] ?? 0) }));
  return { steps, evidence };
}

const NOTHING = { sse: Infinity, starts: [] as number[] };

/** Two rises may be a pool and a compiler; the third is a habit. */
const MIN_RISES = 3;

/**
 * Smaller steps than this part of the largest are noise that hangs together: neither a rise nor a fall. Of three
 * doublings the first is a quarter of the last.
 */
const MIN_STEP_SHARE = 0.2;

/** Growth that tires, as a cache that fills by and by, has its last rise below this share of its largest. */
const MIN_LAST_SHARE = 0.5;

/**
 * The rate of stairs that keep rising; null: they fall somewhere, rise too seldom, tire, or ended in the first half. No
 * interval of a sample fits so few steps: the bounds are the rates up to the last step, without it and with it. A store that
 * doubles goes between these two for ever, while its rate without its largest step would be half of the truth.
 */
export function risingRate(
  points: readonly Point[],
  { steps }: Stairs,
): { slope: number; low: number; high: number } | null {
  const largest = Math.max(...steps.map(({ sizeBytes }) => Math.abs(sizeBytes)));
  const clear = steps.filter(({ sizeBytes }) => Math.abs(sizeBytes) >= MIN_STEP_SHARE * largest);
  const last = clear.at(-1);
  if (last === undefined || clear.length < MIN_RISES || clear.some(({ sizeBytes }) => sizeBytes < 0))
    return null;
  if (last.index < points.length / 2 || last.sizeBytes < MIN_LAST_SHARE * largest) return null;
  const from = points[0]?.x ?? 0;
  const grown = steps.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const slope = grown / ((points.at(-1)?.x ?? 0) - from);
  const doseToLast = (points[last.index]?.x ?? 0) - from;
  return {
    slope,
    low: Math.min(slope, (grown - last.sizeBytes) / doseToLast),
    high: Math.max(slope, grown / doseToLast),
  };
}
