import type { CycleEntry, LeakEvidence } from '../model.ts';
import { estimateLeak } from './estimate-leak.ts';
import type { LeakProbe } from './leak-delta.ts';
import { MIN_CYCLES } from './looks.ts';
import { levelOf, longestEpoch } from './observations.ts';
import { fitSlope } from './slope-fit.ts';

export interface PositiveControl {
  /** `invalid`: the planted leak was not found, or not with its rate. */
  outcome: 'pass' | 'invalid';
  plantedPerUnitBytes: number | null;
  ratePerUnitBytes: number | null;
  lowPerUnitBytes: number | null;
  highPerUnitBytes: number | null;
}

/** What is planted has heads and links of some 100 bytes a cycle: far below this part of it. */
const HEADS_SHARE = 0.02;

/**
 * Whether a known leak was found with the rate that it has: the interval of what was measured, less what the same path keeps by
 * itself, holds the planted rate, and the state is `leak`. `base` is that path without planting; null: it was not measured,
 * and is taken to keep nothing.
 */
export function positiveControl(
  cycles: readonly CycleEntry[],
  probe: LeakProbe,
  base: LeakEvidence | null,
): PositiveControl {
  const counted = cycles.filter(({ warmup }) => !warmup);
  const dose = counted.reduce((sum, { unit, doses }) => sum + doses[unit], 0);
  const planted = counted.reduce((sum, { plantedBytes }) => sum + plantedBytes, 0);
  const plantedPerUnitBytes = dose > 0 && planted > 0 ? planted / dose : null;
  const leak = estimateLeak(cycles, probe);
  const { ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes } = leak;
  const control = { plantedPerUnitBytes, ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes };
  if (plantedPerUnitBytes === null || lowPerUnitBytes === null || highPerUnitBytes === null) {
    return { outcome: 'invalid', ...control };
  }
  const low = lowPerUnitBytes - (base?.highPerUnitBytes ?? 0);
  const high = highPerUnitBytes - (base?.lowPerUnitBytes ?? 0);
  const slack = plantedPerUnitBytes * HEADS_SHARE;
  const recovered = low - slack <= plantedPerUnitBytes && plantedPerUnitBytes <= high + slack;
  // Fewer cycles show a leak as well, but what is called stable has at least so many.
  const wasSeen = leak.state === 'leak' && leak.cycleCount >= MIN_CYCLES;
  return { outcome: wasSeen && recovered ? 'pass' : 'invalid', ...control };
}

export interface ProbeFootprint {
  /** What one reading leaves behind, from the fit of idle cycles of two lengths; null: too few of them. */
  bytesPerReading: number | null;
  lowBytes: number | null;
  highBytes: number | null;
}

const MIN_READINGS = 10;

/** Splits the growth of an idle target into what comes with time and what comes with each reading. */
export function probeFootprint(idleCycles: readonly CycleEntry[], probe: LeakProbe): ProbeFootprint {
  let seconds = 0;
  const points: { reading: number; seconds: number; levelBytes: number }[] = [];
  const counted = idleCycles.filter(({ warmup }) => !warmup);
  const comparable = longestEpoch(counted);
  for (const [reading, cycle] of counted.entries()) {
    seconds += cycle.doses.second;
    const levelBytes = levelOf(cycle.reading, probe);
    if (levelBytes !== null && cycle.reading.settled && comparable.includes(cycle))
      points.push({ reading, seconds, levelBytes });
  }
  if (points.length < MIN_READINGS) return { bytesPerReading: null, lowBytes: null, highBytes: null };
  const fit = fitSlope(
    points.map(({ reading, levelBytes }) => ({ x: reading, y: levelBytes })),
    [points.map((point) => point.seconds)],
  );
  return { bytesPerReading: fit.slope, lowBytes: fit.low, highBytes: fit.high };
}
