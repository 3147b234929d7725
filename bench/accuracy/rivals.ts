/**
 * What other ways of judging say to the very same readings: a test for a trend, "larger than before", a line through resident
 * memory, and a ceiling.
 */
import type { CycleEntry, LeakEvidence, RunRecord } from '../../harness/model.ts';
import { levelOf } from '../../harness/verdict/observations.ts';
import { studentQuantile } from '../../harness/verdict/student.ts';

export const RIVALS = [
  'Mann-Kendall, 5 %',
  'last 10 % over first',
  'line through RSS, 5 %',
  'ceiling 500 MB',
] as const;
export type Rival = (typeof RIVALS)[number];

/** 97.5 % of the normal distribution: two-sided 5 %. */
const Z_FIVE_PERCENT = 1.959964;
const CEILING_BYTES = 500e6;

/** Whether each of them would call the first process's cycles of this path a leak; null: too few readings. */
export function askRivals(
  record: RunRecord,
  path: string,
  probe: LeakEvidence['probe'],
): Record<Rival, boolean | null> {
  const cycles = record.scenarios
    .flatMap((scenario) => scenario.cycles)
    .filter((cycle) => cycle.path === path && cycle.attempt === 0 && !cycle.warmup && cycle.plannedDose > 0);
  const levels = cycles.flatMap(({ reading }) => levelOf(reading, probe) ?? []);
  const [first, last] = [levels[0], levels.at(-1)];
  const peak = Math.max(
    0,
    ...record.scenarios.flatMap(({ samples }) =>
      samples.map(({ rssBytes, peakRssBytes }) => peakRssBytes ?? rssBytes),
    ),
  );
  return {
    'Mann-Kendall, 5 %': levels.length < 4 ? null : mannKendallZ(levels) > Z_FIVE_PERCENT,
    'last 10 % over first': first === undefined || last === undefined ? null : last > first * 1.1,
    'line through RSS, 5 %': cycles.length < 4 ? null : rises(cycles),
    'ceiling 500 MB': peak > CEILING_BYTES,
  };
}

/** H. B. Mann, "Nonparametric tests against trend", Econometrica 13 (1945), with the continuity correction. */
export function mannKendallZ(values: readonly number[]): number {
  const n = values.length;
  let s = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) s += Math.sign((values[j] as number) - (values[i] as number));
  }
  return (s - Math.sign(s)) / Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
}

/** Ordinary least squares of resident memory on the work done: is the slope above zero at two-sided 5 %? */
function rises(cycles: readonly CycleEntry[]): boolean {
  let dose = 0;
  const points = cycles.map(({ landedDose, reading }) => {
    dose += landedDose;
    return { x: dose, y: reading.rssBytes };
  });
  const n = points.length;
  const mean = (pick: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / n;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const xx = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const xy = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  const slope = xy / xx;
  const rest = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return slope / Math.sqrt(rest / (n - 2) / xx) > studentQuantile(Z_FIVE_PERCENT, n - 2);
}
