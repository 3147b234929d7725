import type { CycleEntry, DoseUnit } from './model.ts';
import { type LeakProbe, leakDelta, MIN_CYCLES } from './verdict/estimate-leak.ts';
import { kindOf } from './verdict/leak-delta.ts';
import { levelOf } from './verdict/observations.ts';

/** Warm-up is counted in work: clean servers still grew by up to 440 B a connection over their first 2,000 to 4,000. */
const WARMUP_CYCLES = 6;
const WARMUP_DOSE = 4000;

/** A server that is warm already still has to meet a new path a few times: new code is compiled and cached. */
const NEXT_WARMUP_CYCLES = 3;

/**
 * Warming goes on while its rate still falls, but a server that never comes to rest has to be judged as it is. Without collection,
 * garbage lifts a clean Node server by some 110 MB over its first 25,000 connections, with shelves of 5,000 in between (young
 * generation and the first limits of the old one): there the level has to stand still for 6 cycles of 1,500.
 */
const WARMING = {
  heap: { mostCycles: 24, mostNextCycles: 24, window: 3 },
  pages: { mostCycles: 27, mostNextCycles: 12, window: 6 },
};

/** A window that grew by less than this part of the one before: still warming. A leak grows by as much each time. */
const STILL_FALLING = 0.7;

/** Growth of less than this part of what is called a leak is not worth more warming. */
const WARM_SHARE = 0.5;

/**
 * A server that keeps tens of kilobytes a connection shows it at once, and what it keeps slows it and its collections down: once the
 * warm-up has grown by this part of the budget it ends, and the cycles that count are made small enough to add at most so much
 * more. On pages, garbage alone grows by a fifth of the usual budget.
 */
const STEEP = { heap: { warmShare: 0.05, countedShare: 0.1 }, pages: { warmShare: 0.4, countedShare: 0.4 } };
const STEEP_WARMUP_CYCLES = 3;
const LEAST_DOSE = 20;

/** Of a cycle, in small doses: as many large ones as small ones. */
const MEAN_FACTOR = 1.5;

/**
 * Whether these cycles, all that a path has had so far, have warmed the target up: so many, so much work on a cold target, and a
 * level that has come to rest, or never will.
 */
export function isWarm(
  cycles: readonly CycleEntry[],
  { unit, probe, cold }: { unit: DoseUnit; probe: LeakProbe; cold: boolean },
): boolean {
  const isWork = unit === 'connection' || unit === 'rejection';
  const done = cycles.reduce((sum, { plannedDose }) => sum + plannedDose, 0);
  if (cycles.length < (cold ? WARMUP_CYCLES : NEXT_WARMUP_CYCLES)) return false;
  if (cold && isWork && done < WARMUP_DOSE) return false;
  const { mostCycles, mostNextCycles } = WARMING[kindOf(probe)];
  return cycles.length >= (cold ? mostCycles : mostNextCycles) || !isStillWarming(cycles, unit, probe);
}

/**
 * Whether the last cycles still grew; on a heap, clearly less for each unit than the ones before them: garbage grows as
 * steadily as a leak until it is collected.
 */
function isStillWarming(cycles: readonly CycleEntry[], unit: DoseUnit, probe: LeakProbe): boolean {
  const { window } = WARMING[kindOf(probe)];
  const now = rateOver(cycles.slice(-window - 1), probe);
  const grows = now > leakDelta(probe, unit) * WARM_SHARE;
  if (probe !== 'heap') return grows;
  if (cycles.length < 2 * window + 1) return false;
  return grows && now < rateOver(cycles.slice(-2 * window - 1, -window), probe) * STILL_FALLING;
}

/** Whether so much has been kept since the first cycle that neither warm-up nor noise can be the cause. */
export function isSteep(cycles: readonly CycleEntry[], probe: LeakProbe, budgetBytes: number): boolean {
  if (cycles.length < STEEP_WARMUP_CYCLES) return false;
  const grownBytes = levelAt(cycles.at(-1), probe) - levelAt(cycles[0], probe);
  return grownBytes > budgetBytes * STEEP[kindOf(probe)].warmShare;
}

/** The dose at which all cycles of the first look keep no more than they may, at the rate of the last ones. */
export function gentleDose(
  cycles: readonly CycleEntry[],
  probe: LeakProbe,
  budgetBytes: number,
  dose: number,
): number {
  const rate = rateOver(cycles.slice(-STEEP_WARMUP_CYCLES), probe);
  const perDose = rate * MIN_CYCLES * MEAN_FACTOR;
  const bearableBytes = STEEP[kindOf(probe)].countedShare * budgetBytes;
  if (perDose * dose <= bearableBytes) return dose;
  return Math.max(LEAST_DOSE, Math.floor(bearableBytes / perDose));
}

/** Bytes a unit between the first reading and the last. */
function rateOver(cycles: readonly CycleEntry[], probe: LeakProbe): number {
  const dose = cycles.slice(1).reduce((sum, { landedDose }) => sum + landedDose, 0);
  return (levelAt(cycles.at(-1), probe) - levelAt(cycles[0], probe)) / Math.max(1, dose);
}

function levelAt(cycle: CycleEntry | undefined, probe: LeakProbe): number {
  return (cycle === undefined ? null : levelOf(cycle.reading, probe)) ?? 0;
}
