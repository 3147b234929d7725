import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { dot, residuals, sumOfSquares } from './least-squares.ts';
import { NOISES, type NoiseKind } from './simulation.ts';
import { fitDifferences, fitSlope } from './slope-fit.ts';

describe('residuals', () => {
  const connections = [250, 750, 1000, 1000, 1250, 1750, 2000, 2500, 2500, 2750, 3250, 3500];
  const events = [250, 750, 1750, 1750, 2000, 2500, 3500, 4000, 4000, 5000, 5500, 5750];
  const levels = [
    5012060, 5034730, 5052370, 5053090, 5063070, 5087950, 5104440, 5127720, 5128710, 5144650, 5168690,
    5179610,
  ];
  const columns = [events.map(() => 1), events];
  const [x, y] = [residuals(connections, columns), residuals(levels, columns)];

  it('of one column give its coefficient in the joint fit', () => {
    // numpy 2.4.6, linalg.lstsq([1, connections, events], levels)
    expect(dot(x, y) / sumOfSquares(x)).toBeCloseTo(39.64715151515064, 6);
  });
  it('give the robust slope of an independent implementation', () => {
    // scipy 1.17.1, stats.theilslopes of the residuals that numpy.linalg.lstsq leaves
    const points = connections.map((dose, i) => ({ x: dose, y: levels[i] as number }));
    expect(fitSlope(points, [events]).slope).toBeCloseTo(39.162293075685014, 6);
  });
  it('leave nothing of a column that the others make up', () => {
    const rest = residuals(
      events.map((value) => 3 * value + 7),
      columns,
    );
    expect(sumOfSquares(rest)).toBeLessThan(1e-12);
  });
});

describe('fitSlope', () => {
  const x = [1, 3, 4, 6, 8, 9, 10, 12, 14, 15, 16, 18];
  const y = [0, 3, 4, 9, 11, 10, 9, 14, 20, 24, 23, 27];

  it('joins in the interval of differences where residuals hang together', () => {
    // scipy 1.17.1: slope from stats.theilslopes; interval from numpy.diff and stats.t.ppf(1 - 0.01 / 6, 10)
    const differences = fitDifferences(x, y, []);
    expect(differences.low).toBeCloseTo(0.34075497870235605, 3);
    expect(differences.high).toBeCloseTo(3.245451917849368, 3);
    const fit = fitSlope(x.map((dose, i) => ({ x: dose, y: y[i] as number })));
    expect(fit.slope).toBeCloseTo(1.5584415584415585, 10);
    // Residuals of that fit correlate by 0.47382660218023476; freed of bias: (12 r + 2) / (12 - 4).
    expect(fit.residualCorrelation).toBeCloseTo(0.9607399032703521, 10);
    expect(fit.low).toBeLessThanOrEqual(differences.low);
    expect(fit.high).toBeGreaterThanOrEqual(differences.high);
  });

  /** Share of series without a trend whose interval leaves zero out. */
  function missRatio(kind: NoiseKind, count: number, runs: number): number {
    const random = createRandom(count);
    let missed = 0;
    for (let run = 0; run < runs; run++) {
      let dose = 0;
      const points = NOISES[kind](count, random).map((level) => {
        dose += random() < 0.5 ? 250 : 500;
        return { x: dose, y: level };
      });
      const { low, high } = fitSlope(points);
      if (low > 0 || high < 0) missed++;
    }
    return missed / runs;
  }

  // Nominal: 0.33 %. Of 1,500 series that is 5; the bounds leave four standard errors (0.6 %) above what long simulations
  // (`node bench/simulate-verdict.ts`) showed. 18 points are too few to know a random walk by.
  it.each<[NoiseKind, number, number]>([
    ['white', 18, 0.01],
    ['outliers', 18, 0.01],
    ['alternating', 18, 0.001],
    ['AR(0.5)', 18, 0.015],
    ['AR(0.5)', 36, 0.012],
    ['AR(0.9)', 36, 0.01],
    ['random walk', 18, 0.06],
    ['random walk', 36, 0.013],
  ])('keeps its error on %s noise, %i points', (kind, count, most) => {
    expect(missRatio(kind, count, 1500)).toBeLessThanOrEqual(most);
  });
});
