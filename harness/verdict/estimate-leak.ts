import type { CycleEntry, LeakEvidence, LeakState } from '../model.ts';
import { attribute, findCause } from './attribution.ts';
import { decide, type GrowthDecision } from './growth.ts';
import { type LeakProbe, leakDelta } from './leak-delta.ts';
import { LOOK_CONFIDENCE, MAX_LOOKS, MIN_CYCLES } from './looks.ts';
import { observe } from './observations.ts';

export { type LeakProbe, leakDelta } from './leak-delta.ts';
export { LOOK_CONFIDENCE, MAX_LOOKS, MIN_CYCLES } from './looks.ts';
export { hasLanded } from './observations.ts';

/**
 * A measurement that was cut short, because the target went over its budget or stopped answering, has too little power
 * to prove anything stable. The interval holds all the same, so with this many cycles a leak that shows is a leak.
 */
const MIN_LEAK_CYCLES = 8;

/** Readings that cannot be used are left out; with more of them than this, what remains is a selection. */
const MAX_UNUSABLE_RATIO = 0.2;

/**
 * Growth that may be garbage where nothing was collected: a Node server that kept 16 B a connection stood still for 4,500 of them,
 * then rose by 54 MB over the next 9,000.
 */
const GARBAGE_BYTES = 64e6;

/** The half-width of an interval times this is the rate that is found in 80 % of runs: (2.935 + 0.842) / 2.935. */
const POWER_FACTOR = 1.287;

/**
 * Judges the cycles of one path on one process, in order, warm-up included: it is left out of the fit, but counts as work
 * done. The state comes from the working cycles alone: the robust slope of the level on the cumulative dose of the path's
 * own unit, with an interval, against δ. All growth is charged to that unit, so the rate is an upper bound of its share;
 * `rates` splits it by a joint fit of all units, to which the idle cycles belong.
 *
 * `leak` means here that the path is suspected: `judgePath` holds it against a second process and a long wait. This function
 * cannot tell a leak from bytes that are held for some time and then given back, nor from a cache that is larger than the
 * run, nor can it see a backing store whose next growth lies beyond the run.
 */
export function estimateLeak(cycles: readonly CycleEntry[], probe: LeakProbe): LeakEvidence {
  const { path, unit } = cycles[0] ?? { path: '', unit: 'connection' };
  const seen = observe(cycles, probe);
  const points = seen.usable
    .filter(({ working }) => working)
    .map(({ cumulative, levelBytes }) => ({ x: cumulative[unit], y: levelBytes }));
  const deltaBytes = leakDelta(probe, unit);
  const isShort = seen.isCutShort || seen.workingCount < MIN_CYCLES;
  const isSelection = seen.unusableWorkingCount > seen.workingCount * MAX_UNUSABLE_RATIO;
  // Without a dose that grows there is nothing to hold the level against.
  const doseGrows = points.every(({ x }, i) => i === 0 || x > (points[i - 1]?.x ?? 0));

  const span = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);

  const result = (state: LeakState, growth: GrowthDecision | null): LeakEvidence => {
    const fit = growth?.fit ?? null;
    const { rates, confounded } =
      fit === null ? { rates: [], confounded: [] } : attribute(seen.usable, unit, probe);
    const grownBytes = (fit?.slope ?? 0) * span;
    return {
      state,
      path,
      unit,
      probe,
      ratePerUnitBytes: fit?.slope ?? null,
      lowPerUnitBytes: fit?.low ?? null,
      highPerUnitBytes: fit?.high ?? null,
      confidence: LOOK_CONFIDENCE,
      deltaBytes,
      detectableBytes: fit === null ? null : ((fit.high - fit.low) / 2) * POWER_FACTOR,
      cycleCount: points.length,
      doseCount: seen.countedDoses[unit],
      look: seen.look,
      points: points.map(({ x, y }) => ({ dose: x, levelBytes: y })),
      shape: growth?.shape ?? 'flat',
      plateauBytes: state === 'bounded' ? (growth?.plateauBytes ?? null) : null,
      residualCorrelation: fit?.residualCorrelation ?? null,
      rates,
      confounded,
      cause: state === 'leak' ? findCause({ rates, confounded }, grownBytes) : null,
      confirmation: null,
      release: null,
      timeToBudget: [],
    };
  };

  if (points.length < MIN_LEAK_CYCLES || isSelection || !doseGrows) return result('invalid', null);
  const growth = decide(points, {
    deltaBytes,
    doseBefore: seen.warmupDoses[unit],
    isLastLook: seen.workingCount >= MIN_CYCLES * 2 ** (MAX_LOOKS - 1),
  });
  const isOpen = growth.state === 'leak' && mayBeGarbage(probe, growth.fit.slope * span);
  const state = isOpen ? 'inconclusive' : growth.state;
  return result(isShort && state !== 'leak' ? 'invalid' : state, growth);
}

/** Whether growth by so much proves nothing yet: garbage that was not collected grows as steadily as a leak. */
export function mayBeGarbage(probe: LeakProbe, grownBytes: number): boolean {
  return probe !== 'heap' && grownBytes < GARBAGE_BYTES;
}
