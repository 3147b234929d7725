import type { CycleEntry, GrowthSoFar } from '../model.ts';
import { type LeakProbe, leakDelta } from './leak-delta.ts';
import { LOOK_CONFIDENCE } from './looks.ts';
import { observe } from './observations.ts';
import { theilSen } from './theil-sen.ts';

/** Ten slopes: their median does not follow a single odd reading. */
const FEWEST_CYCLES = 5;

/**
 * The slope of the level over the work done, while a path is still being measured: for who waits, no verdict. It has no
 * interval to speak of, and cannot tell a leak from a cache that fills.
 */
export function rateSoFar(cycles: readonly CycleEntry[], probe: LeakProbe): GrowthSoFar {
  const unit = cycles[0]?.unit ?? 'connection';
  const points = observe(cycles, probe)
    .usable.filter(({ working }) => working)
    .map(({ cumulative, levelBytes }) => ({ x: cumulative[unit], y: levelBytes }));
  const { slope } = theilSen(points, LOOK_CONFIDENCE);
  const enough = points.length >= FEWEST_CYCLES && Number.isFinite(slope);
  return { unit, bytesPerUnit: enough ? slope : null, thresholdBytes: leakDelta(probe, unit) };
}
