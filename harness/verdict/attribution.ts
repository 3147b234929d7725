import type { DoseUnit, LeakEvidence, UnitRate } from '../model.ts';
import { type LeakProbe, leakDelta } from './leak-delta.ts';
import { residuals, sumOfSquares } from './least-squares.ts';
import type { Observation } from './observations.ts';
import { fitSlope, increments } from './slope-fit.ts';

/**
 * Two units are told apart if at least this share of one's doses a cycle (as a sum of squares) is not made up by the
 * others: 1 %, which is a variance inflation of 100, means that it strays by 10 % from what they predict. With that,
 * 24 cycles and the usual 8 KB of heap noise, the interval of a rate is as wide as δ; with less it says nothing.
 */
const MIN_UNEXPLAINED = 0.01;

/** A cause explains at least this share of the growth. */
const MIN_CAUSE_SHARE = 0.5;

/** Points that a fit of one unit needs; each further unit takes one more. */
const MIN_POINTS = 8;

export type Attribution = Pick<LeakEvidence, 'rates' | 'confounded'>;

/**
 * The rate of every unit that was varied independently, from one fit of the level on the cumulative doses of all of
 * them, idle cycles included. Of units that cannot be told apart only the first has a rate, which holds those of all:
 * the path's own unit, else in the order connection, rejection, event, second.
 *
 * It cannot see what is not a dose: growth that comes with each reading falls on the unit that follows the readings most.
 */
export function attribute(
  observations: readonly Observation[],
  own: DoseUnit,
  probe: LeakProbe,
): Attribution {
  const column = (unit: DoseUnit) => observations.map(({ cumulative }) => cumulative[unit]);
  const order: DoseUnit[] = ['connection', 'rejection', 'event', 'second'];
  const given = [own, ...order.filter((unit) => unit !== own)].filter(
    (unit) => sumOfSquares(increments(column(unit))) > 0,
  );
  const kept: DoseUnit[] = [];
  const confounded: DoseUnit[][] = [];
  for (const unit of given) {
    const unexplained = (by: readonly DoseUnit[]) => {
      const doses = increments(column(unit));
      const columns = by.map((other) => increments(column(other)));
      return sumOfSquares(residuals(doses, columns)) / sumOfSquares(doses);
    };
    if (unexplained(kept) >= MIN_UNEXPLAINED) {
      kept.push(unit);
      continue;
    }
    // Those without which it could be told apart; or, where several would do, the one that it follows most closely.
    const needed = kept.filter(
      (other) => unexplained(kept.filter((rest) => rest !== other)) >= MIN_UNEXPLAINED,
    );
    const closest = [...kept].sort((a, b) => unexplained([a]) - unexplained([b])).slice(0, 1);
    const partners = needed.length > 0 ? needed : closest;
    const group = confounded.find(([first]) => partners.length === 1 && first === partners[0]);
    if (group === undefined) confounded.push([...partners, unit]);
    else group.push(unit);
  }
  if (observations.length < MIN_POINTS + kept.length - 1) return { rates: [], confounded };
  const rates = kept.map((unit): UnitRate => {
    const doses = column(unit);
    const fit = fitSlope(
      observations.map(({ levelBytes }, i) => ({ x: doses[i] ?? 0, y: levelBytes })),
      kept.filter((other) => other !== unit).map(column),
    );
    return {
      unit,
      doseCount: doses.at(-1) ?? 0,
      ratePerUnitBytes: fit.slope,
      lowPerUnitBytes: fit.low,
      highPerUnitBytes: fit.high,
      deltaBytes: leakDelta(probe, unit),
    };
  });
  return { rates, confounded };
}

/** The one unit whose rate is certainly above zero and which explains at least half of the growth; null: not known. */
export function findCause({ rates, confounded }: Attribution, grownBytes: number): DoseUnit | null {
  const causes = rates.filter(
    ({ lowPerUnitBytes, ratePerUnitBytes, doseCount }) =>
      lowPerUnitBytes > 0 && ratePerUnitBytes * doseCount >= MIN_CAUSE_SHARE * grownBytes,
  );
  const unit = causes.length === 1 ? causes[0]?.unit : undefined;
  return unit === undefined || confounded.some((group) => group.includes(unit)) ? null : unit;
}
