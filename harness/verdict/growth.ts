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
 * - `leak`: the whole interval lies above δ, also without the largest step, on a straight line, behind the bend, or, at the last
 *   look, on stairs that keep rising.
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

  const side = sureSideOf(points, fit, deltaBytes);
  if (side === 'below') return result('stable');
  if (hinge !== null) {
    const tail = judgeTail(points, hinge, question);
    if (tail !== null) return result(tail.state, tail.state === 'leak' ? tail.fit : fit);
  } else if (side === 'above' && (stairs === null || rising !== null)) return result('leak');
  if (isLastLook && rising !== null && rising.low > deltaBytes) return result('leak', { ...fit, ...rising });
  return result('inconclusive');
}

type Side = 'above' | 'below' | 'open';

function sideOf({ low, high }: SlopeFit, deltaBytes: number): Side {
  return low > deltaBytes ? 'above' : high < deltaBytes ? 'below' : 'open';
}

/**
 * The side of δ on which the rate lies with its largest step and without. A step is growth all the same: spread over the
 * dose and added to the rest it must not lead above δ, or a store that doubles looks flat between two rises.
 */
function sureSideOf(points: readonly Point[], fit: SlopeFit, deltaBytes: number): Side {
  const side = sideOf(fit, deltaBytes);
  const step = side === 'open' ? null : findStep(points);
  if (step === null) return side;
  const rest = fitSlope(withoutStep(points, step));
  const dose = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);
  if (sideOf(rest, deltaBytes) !== side) return 'open';
  return side === 'below' && rest.slope + step.sizeBytes / dose > deltaBytes ? 'open' : side;
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
  const side = sureSideOf(tail, fit, deltaBytes);
  const [bend, end] = [tail[0]?.x ?? 0, tail.at(-1)?.x ?? 0];
  if (side === 'below' && end - bend >= doseBefore + bend) return { state: 'bounded', fit };
  return side === 'above' && findHinge(tail) === null ? { state: 'leak', fit } : null;
}
