import type { GrowthShape } from '../model.ts';
import { findHinge, type Hinge, lineSse } from './shape.ts';
import { fitSlope, type SlopeFit } from './slope-fit.ts';
import { findStairs, findStep, risingRate, withoutStep } from './steps.ts';
import type { Point } from './theil-sen.ts';

export interface GrowthDecision {
  /** `inconclusive`: take another look if there is one. */
  state: 'stable' | 'leak' | 'bounded' | 'inconclusive';
  fit: SlopeFit;
  shape: GrowthShape;
  /** How much it grew before the bend; null without one. */
  plateauBytes: number | null;
}

export interface GrowthQuestion {
  deltaBytes: number;
  /** Work of the same unit that the target had done before the first point, where x is 0. */
  doseBefore: number;
  /** No more cycles will come. */
  isLastLook: boolean;
}

/** Below 10 points the exact interval at this confidence spans nearly all slopes and proves nothing. */
const MIN_TAIL_POINTS = 10;

/**
 * Whether the points rise by more than δ for good.
 * - `stable`: the whole interval lies below δ, also without its largest step, and so does the mean with the step in it.
 * - `leak`: the whole interval lies above δ, also without the largest step, on a straight line, behind the bend or, at the last
 *   look, on stairs that keep rising; or every single cycle grew by more than δ, however unevenly.
 * - `bounded`: flat behind the bend for at least as much work as all that was done before it. A backing store that grows
 *   by half or to its double is flat for less, then grows again.
 */
export function decide(points: readonly Point[], question: GrowthQuestion): GrowthDecision {
  const { deltaBytes, isLastLook } = question;
  const fit = fitSlope(points);
  const hinge = findHinge(points);
  const smooth =
    hinge === null ? { sse: lineSse(points), parameterCount: 2 } : { sse: hinge.sse, parameterCount: 3 };
  const stairs = findStairs(points, smooth);
  const rising = stairs === null ? null : risingRate(points, stairs);
  const shape =
    stairs !== null ? 'steps' : hinge !== null ? 'bend' : sideOf(fit, 0) === 'above' ? 'line' : 'flat';
  const result = (state: GrowthDecision['state'], decidedFit: SlopeFit = fit): GrowthDecision => ({
    state,
    fit: decidedFit,
    shape,
    plateauBytes: hinge?.grownBytes ?? null,
  });

  const { side, fit: sureFit } = judgeSide(points, fit, deltaBytes);
  if (side === 'below') return result('stable', sureFit);
  if (hinge !== null) {
    const tail = judgeTail(points, hinge, question);
    if (tail?.state === 'bounded') return result('bounded');
    if (tail !== null) return { ...result('leak', tail.fit), shape: 'line' };
  } else if (side === 'above' && (stairs === null || rising !== null))
    return result('leak', withStep(points, fit, question.doseBefore));
  const climb = hinge === null ? steadyClimb(points, question) : null;
  if (climb !== null) return { ...result('leak', { ...fit, ...climb }), shape: 'climb' };
  if (isLastLook && rising !== null && rising.low > deltaBytes) return result('leak', { ...fit, ...rising });
  return result('inconclusive');
}

type Side = 'above' | 'below' | 'open';

function sideOf({ low, high }: SlopeFit, deltaBytes: number): Side {
  return low > deltaBytes ? 'above' : high < deltaBytes ? 'below' : 'open';
}

/**
 * The side of δ on which the rate lies with its largest step and without. A rise is growth all the same: spread over the
 * dose and added to the rest it must not lead above δ, or a store that doubles looks flat between two rises. A fall is none:
 * a clean server's heap fell by a megabyte from one cycle to the next (V8 lets go of code that was not used for some
 * collections), and what is flat before and behind that is flat.
 */
function judgeSide(
  points: readonly Point[],
  fit: SlopeFit,
  deltaBytes: number,
): { side: Side; fit: SlopeFit } {
  const side = sideOf(fit, deltaBytes);
  const step = findStep(points);
  if (step === null) return { side, fit };
  const rest = fitSlope(withoutStep(points, step));
  const restSide = sideOf(rest, deltaBytes);
  // Without a fall the rate is higher, so its upper end holds; one that noise has made by chance must not lift the lower one.
  if (step.sizeBytes < 0 && side === 'open' && restSide === 'below')
    return { side: 'below', fit: { ...rest, low: Math.min(fit.low, rest.low) } };
  const dose = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);
  const isRise = side === 'below' && rest.slope + step.sizeBytes / dose > deltaBytes;
  return { side: restSide !== side || isRise ? 'open' : side, fit };
}

/**
 * The rate of a leak with its largest rise in it: a robust slope passes over the table of a map that doubles, which is kept as
 * everything else. Such a table has grown for all that was done since the first unit, so its rise is spread over that; the upper
 * end of the interval charges it to these points alone.
 */
function withStep(points: readonly Point[], fit: SlopeFit, doseBefore: number): SlopeFit {
  const step = findStep(points);
  if (step === null || step.sizeBytes <= 0) return fit;
  const rest = fitSlope(withoutStep(points, step));
  const [from, to] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 0];
  return {
    ...fit,
    slope: Math.max(fit.slope, rest.slope + step.sizeBytes / (doseBefore + to)),
    low: Math.min(fit.low, rest.low),
    high: Math.max(fit.high, rest.high + step.sizeBytes / (to - from)),
  };
}

/** Of 14 increments, one at each end lies outside a distribution-free interval of their median at 99.67 %: P(Bin(14, ½) ≤ 1) = 0.09 %. */
const CLIMB_OUTSIDE = 1;
const MIN_CLIMB_POINTS = 15;

/** Growth that tires grows less at the end than this part of what it grew by at the beginning: a cache that fills by and by. */
const MIN_CLIMB_SHARE = 0.5;

/**
 * Growth in which every cycle kept more than δ a unit, by amounts as different as they like: a leaked timer that goes on
 * allocating grows with time, with work and with its own number. The intervals above know one rate with noise around it, and
 * say nothing of that. If the increments lay around δ by chance, all 14 would lie above it once in 16,000 times (sign test). The
 * bounds are order statistics of the increments. Null: it does not climb like this, or it tires.
 */
function steadyClimb(
  points: readonly Point[],
  { deltaBytes, doseBefore }: GrowthQuestion,
): Pick<SlopeFit, 'slope' | 'low' | 'high'> | null {
  if (points.length < MIN_CLIMB_POINTS) return null;
  const rates = points.slice(1).map(({ x, y }, i) => (y - (points[i]?.y ?? 0)) / (x - (points[i]?.x ?? 0)));
  if (rates.some((rate) => !(rate > deltaBytes))) return null;
  const third = Math.floor(points.length / 3);
  const rateOf = (part: readonly Point[]) =>
    ((part.at(-1)?.y ?? 0) - (part[0]?.y ?? 0)) / ((part.at(-1)?.x ?? 0) - (part[0]?.x ?? 0));
  if (rateOf(points.slice(-third)) < MIN_CLIMB_SHARE * rateOf(points.slice(0, third))) return null;
  const sorted = rates.sort((a, b) => a - b);
  const step = findStep(points);
  const slope =
    step === null || step.sizeBytes <= 0
      ? rateOf(points)
      : rateOf(withoutStep(points, step)) + step.sizeBytes / (doseBefore + (points.at(-1)?.x ?? 0));
  return {
    slope,
    low: Math.min(slope, sorted[CLIMB_OUTSIDE] ?? slope),
    high: Math.max(slope, sorted.at(-1 - CLIMB_OUTSIDE) ?? slope),
  };
}

/** What the points behind the bend prove; null: nothing yet. */
function judgeTail(
  points: readonly Point[],
  hinge: Hinge,
  { deltaBytes, doseBefore }: GrowthQuestion,
): { state: 'bounded' | 'leak'; fit: SlopeFit } | null {
  const tail = points.slice(hinge.firstFlatIndex);
  if (tail.length < MIN_TAIL_POINTS) return null;
  const fit = fitSlope(tail);
  const { side } = judgeSide(tail, fit, deltaBytes);
  const [bend, end] = [tail[0]?.x ?? 0, tail.at(-1)?.x ?? 0];
  if (side === 'below' && end - bend >= doseBefore + bend) return { state: 'bounded', fit };
  return side === 'above' && findHinge(tail) === null
    ? { state: 'leak', fit: withStep(tail, fit, doseBefore) }
    : null;
}
