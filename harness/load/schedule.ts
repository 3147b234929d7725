import type { LoadPlan, LoadStage } from '../model.ts';

export function totalMs(stages: readonly LoadStage[]): number {
  return stages.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

export function highestTarget(stages: readonly LoadStage[]): number {
  return Math.max(0, ...stages.map(({ target }) => target));
}

/** What the stages ask for at a moment: the number held, or the rate. Behind the last stage its target stays. */
export function targetAt(stages: readonly LoadStage[], ms: number): number {
  let [from, began] = [0, 0];
  // Workers know when they are to begin some time before.
  if (ms < 0) return 0;
  for (const { durationMs, target } of stages) {
    if (ms < began + durationMs) return from + ((target - from) * (ms - began)) / durationMs;
    [from, began] = [target, began + durationMs];
  }
  return from;
}

/** How many arrivals the stages ask for up to a moment, with targets as rates a second: the area below them. */
export function arrivalsBy(stages: readonly LoadStage[], ms: number): number {
  let [from, began, area] = [0, 0, 0];
  for (const { durationMs, target } of stages) {
    const spentMs = Math.min(Math.max(0, ms - began), durationMs);
    if (durationMs > 0) area += spentMs * (from + ((target - from) * spentMs) / (2 * durationMs));
    [from, began] = [target, began + durationMs];
  }
  return area / 1000;
}

/** When the n-th arrival, counted from 1, is due; null: the stages end before it. Inverse of `arrivalsBy`. */
export function dueMs(stages: readonly LoadStage[], n: number): number | null {
  let [from, began, left] = [0, 0, n * 1000];
  for (const { durationMs, target } of stages) {
    const area = (durationMs * (from + target)) / 2;
    if (left <= area && area > 0) {
      // left = from·t + slope·t²/2, in the form that does not lose digits where the slope is small.
      const slope = (target - from) / durationMs;
      return began + (2 * left) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * left)));
    }
    left -= area;
    [from, began] = [target, began + durationMs];
  }
  return null;
}

/**
 * The part of a whole number that falls to one of several workers; the parts of all add up to it. No part gets smaller while the
 * whole grows: a worker would end streams on the way up.
 */
export function shareOf(total: number, { index, count }: { index: number; count: number }): number {
  return Math.floor(total / count) + (index < total % count ? 1 : 0);
}

/** For people: `ramp to 5000`, `hold 5000`, `step to 8000`. */
export function describeStage({ stages, model }: Pick<LoadPlan, 'stages' | 'model'>, index: number): string {
  const unit = model === 'closed' ? '' : '/s';
  const { durationMs, target } = stages[index] ?? { durationMs: 0, target: 0 };
  const before = stages[index - 1]?.target ?? 0;
  if (durationMs === 0) return `step to ${target}${unit}`;
  return before === target ? `hold ${target}${unit}` : `ramp to ${target}${unit}`;
}
