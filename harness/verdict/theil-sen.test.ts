import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { gaussian } from './simulation.ts';
import { excludedSlopes, inversionDistribution, theilSen } from './theil-sen.ts';

describe('inversionDistribution', () => {
  // Expected: scipy 1.17.1, stats.kendalltau(range(n), permutation with k inversions, method='exact').pvalue / 2.
  it.each([
    [5, 1, 0.041666666666666664],
    [8, 4, 0.007068452380952381],
    [10, 9, 0.008333057760141094],
    [18, 40, 0.0025695297530329625],
    [18, 44, 0.006865235885390903],
    [36, 220, 0.004671799977364716],
  ])('n = %i, at most %i inversions', (n, k, expected) => {
    const tail = inversionDistribution(n)
      .slice(0, k + 1)
      .reduce((sum, p) => sum + p, 0);
    expect(tail).toBeCloseTo(expected, 12);
  });

  it('excludes nothing where all slopes together do not reach the confidence', () => {
    expect(excludedSlopes(4, 0.99)).toBe(-1); // 2 / 4! = 8 % is the most confident that 4 points can be
    const two = [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ];
    expect(theilSen(two, 0.99)).toMatchObject({ low: -Infinity, high: Infinity });
  });
});

describe('theilSen', () => {
  // Expected slope and interval: scipy 1.17.1, stats.theilslopes(y, x, 0.95). Its interval is the normal
  // approximation, which for these 12 points cuts off the same number of slopes as the exact one.
  const x = [4, 7, 10, 14, 17, 21, 25, 26, 27, 29, 31, 35];
  const y = [10.18, 21.52, 23.52, 33.14, 43.97, 53.57, 62.82, 62.21, 67.41, 74.59, 73.47, 86.13];
  const points = x.map((value, i) => ({ x: value, y: y[i] as number }));

  it('agrees with an independent implementation', () => {
    const estimate = theilSen(points, 0.95);
    expect(estimate.slope).toBeCloseTo(2.3754621848739497, 10);
    expect(estimate.low).toBeCloseTo(2.2945, 1);
    expect(estimate.high).toBeCloseTo(2.581764705882353, 1);
  });

  it('takes no slope between doses that are equal but for rounding', () => {
    const tied = [...points, { x: 35 + 1e-12, y: 1e6 }];
    expect(theilSen(tied, 0.95).high).toBeLessThan(1e6);
  });

  it('covers the true slope as often as it says', () => {
    const random = createRandom(11);
    let covered = 0;
    for (let run = 0; run < 1000; run++) {
      const noisy = Array.from({ length: 18 }, (_, i) => ({ x: i + random(), y: 0 }));
      for (const point of noisy) point.y = 3 * point.x + gaussian(random) * 5;
      const { low, high } = theilSen(noisy, 0.95);
      if (low <= 3 && 3 <= high) covered++;
    }
    // 95 % of 1,000, four standard errors (6.9) wide; the exact interval never covers less than nominal.
    expect(covered).toBeGreaterThan(950 - 28);
    expect(covered).toBeLessThan(985);
  });
});
