import type { CycleEntry, DoseUnit, LeakEvidence, LeakState } from '../model.ts';
import { findHinge } from './shape.ts';
import { type Point, theilSen } from './theil-sen.ts';

export type LeakProbe = LeakEvidence['probe'];

/** Looks at the data; each further one doubles the cycles. The error is split over them. */
export const MAX_LOOKS = 3;

/** Overall chance that a true rate lies outside its interval at any of the looks. */
const TOTAL_ERROR = 0.01;
export const LOOK_CONFIDENCE = 1 - TOTAL_ERROR / MAX_LOOKS;

/** With 8 cycles the simulated power at the nominal detectable effect was 39 %, with 18 it was 74 %. */
export const MIN_CYCLES = 18;

/**
 * A measurement that was cut short, because the target went over its budget or stopped answering, has too little power
 * to prove anything stable. The interval holds all the same, so with this many cycles a leak that shows is a leak.
 */
const MIN_LEAK_CYCLES = 8;

/** Fewer successes than this in a cycle, and the server did not do the work that its reading is to be held against. */
const MIN_LANDED_RATIO = 0.98;

/** Unsettled readings are left out; with more of them than this, what remains is a selection. */
const MAX_UNSETTLED_RATIO = 0.2;

/**
 * The smallest rate that is called a leak, in bytes a unit. After forced collection the largest upper bound seen on a
 * leak-free server was 42 B a connection, while ordinary leaks of streams (a response, a timer, a closure) cost about
 * 4 KB; anonymous memory is some 13 times noisier and biased upwards. Events are smaller and come by the million, and
 * a cycle holds thousands of them, so both their noise and the bearable rate are lower.
 */
export function leakDelta(probe: LeakProbe, unit: DoseUnit): number {
  if (probe === 'heap') return unit === 'event' ? 16 : 64;
  return unit === 'event' ? 64 : 256;
}

/** The half-width of an interval times this is the rate that is found in 80 % of runs: (2.935 + 0.842) / 2.935. */
const POWER_FACTOR = 1.287;

/**
 * Judges the cycles of one path: robust slope of the level on the cumulative dose, with an interval, against δ.
 * Warm-up cycles are left out here, so that the caller can pass a path's cycles as they stand in the journal.
 *
 * It cannot tell a leak from bytes that are held for some time and then given back, nor a leak from a cache that is
 * larger than the run.
 */
export function estimateLeak(cycles: readonly CycleEntry[], probe: LeakProbe): LeakEvidence {
  const first = cycles[0];
  const path = first?.path ?? '';
  const unit = first?.unit ?? 'connection';
  const measured = cycles.filter((cycle) => !cycle.warmup);
  const failedIndex = measured.findIndex((cycle) => !hasLanded(cycle));
  const counted = failedIndex < 0 ? measured : measured.slice(0, failedIndex);
  const isShort = failedIndex >= 0 || counted.length < MIN_CYCLES;
  const look = Math.max(1, ...counted.map((cycle) => cycle.look));
  const deltaBytes = leakDelta(probe, unit);

  const points: Point[] = [];
  let [dose, unusable] = [0, 0];
  for (const cycle of counted) {
    dose += cycle.landedDose;
    const levelBytes = levelOf(cycle, probe);
    if (levelBytes === null || !cycle.reading.settled) unusable++;
    else points.push({ x: dose, y: levelBytes });
  }

  const result = (state: LeakState, fit: Fit | null): LeakEvidence => ({
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
    doseCount: dose,
    look,
    points: points.map(({ x, y }) => ({ dose: x, levelBytes: y })),
  });

  if (points.length < MIN_LEAK_CYCLES || unusable > counted.length * MAX_UNSETTLED_RATIO) {
    return result('invalid', null);
  }

  const fit = fitSlope(points);
  if (isShort) {
    return result(fit.low > deltaBytes && findHinge(points) === null ? 'leak' : 'invalid', fit);
  }
  if (fit.high < deltaBytes) return result('stable', fit);
  const hinge = findHinge(points);
  if (fit.low > deltaBytes && hinge === null) return result('leak', fit);
  if (hinge !== null) {
    const flat = points.slice(hinge.firstFlatIndex);
    if (flat.length >= MIN_FLAT_POINTS && fitSlope(flat).high < deltaBytes) return result('bounded', fit);
  }
  return result('inconclusive', fit);
}

/** Whether enough of a cycle's work did what it should. */
export function hasLanded({ plannedDose, landedDose }: CycleEntry): boolean {
  return plannedDose > 0 && landedDose >= plannedDose * MIN_LANDED_RATIO;
}

/** Below 10 points the exact interval at this confidence spans nearly all slopes and proves nothing. */
const MIN_FLAT_POINTS = 10;

interface Fit {
  slope: number;
  low: number;
  high: number;
}

/**
 * Theil–Sen, with the interval widened where neighbouring residuals hang together: the effective number of points is
 * then n(1 - r)/(1 + r), so the nominal interval is too narrow by the root of its inverse (for AR(1) noise).
 */
function fitSlope(points: readonly Point[]): Fit {
  const { slope, intercept, low, high } = theilSen(points, LOOK_CONFIDENCE);
  const r = lagOneCorrelation(points.map(({ x, y }) => y - intercept - slope * x));
  if (r <= MAX_FREE_CORRELATION) return { slope, low, high };
  const widen = Math.sqrt((1 + r) / (1 - Math.min(r, 0.95)));
  return { slope, low: slope - (slope - low) * widen, high: slope + (high - slope) * widen };
}

/** Below this the nominal interval kept its error rate in simulation. */
const MAX_FREE_CORRELATION = 0.3;

function lagOneCorrelation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let [products, squares] = [0, 0];
  values.forEach((value, index) => {
    squares += (value - mean) ** 2;
    if (index > 0) products += (value - mean) * ((values[index - 1] as number) - mean);
  });
  return squares === 0 ? 0 : products / squares;
}

function levelOf(cycle: CycleEntry, probe: LeakProbe): number | null {
  if (probe === 'heap') return cycle.reading.heapBytes;
  return probe === 'anonymous' ? cycle.reading.anonymousBytes : cycle.reading.rssBytes;
}
