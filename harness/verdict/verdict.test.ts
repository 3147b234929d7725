import { describe, expect, it } from 'vitest';
import type { CycleEntry } from '../model.ts';
import { estimateLeak, leakDelta, MIN_CYCLES } from './estimate-leak.ts';
import { findHinge } from './shape.ts';
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
    expect(
      theilSen(
        [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
        0.99,
      ),
    ).toMatchObject({ low: -Infinity, high: Infinity });
  });
});

describe('theilSen', () => {
  // Expected slope and interval: scipy 1.17.1, stats.theilslopes(y, x, 0.95). Its interval is the normal
  // approximation, which for these 12 points cuts off the same number of slopes as the exact one.
  const x = [4, 7, 10, 14, 17, 21, 25, 26, 27, 29, 31, 35];
  const y = [10.18, 21.52, 23.52, 33.14, 43.97, 53.57, 62.82, 62.21, 67.41, 74.59, 73.47, 86.13];

  it('agrees with an independent implementation', () => {
    const estimate = theilSen(
      x.map((value, i) => ({ x: value, y: y[i] as number })),
      0.95,
    );
    expect(estimate.slope).toBeCloseTo(2.3754621848739497, 10);
    expect(estimate.low).toBeCloseTo(2.2945, 1);
    expect(estimate.high).toBeCloseTo(2.581764705882353, 1);
  });

  it('covers the true slope as often as it says', () => {
    const random = seeded(11);
    let covered = 0;
    for (let run = 0; run < 1000; run++) {
      const points = Array.from({ length: 18 }, (_, i) => ({ x: i + random(), y: 0 }));
      for (const point of points) point.y = 3 * point.x + gaussian(random) * 5;
      const { low, high } = theilSen(points, 0.95);
      if (low <= 3 && 3 <= high) covered++;
    }
    // 95 % of 1,000, four standard errors (6.9) wide; the exact interval never covers less than nominal.
    expect(covered).toBeGreaterThan(950 - 28);
    expect(covered).toBeLessThan(985);
  });
});

describe('findHinge', () => {
  const random = seeded(5);
  const noisy = (level: (i: number) => number) =>
    Array.from({ length: 36 }, (_, i) => ({ x: i, y: level(i) + gaussian(random) * 5 }));

  it('sees growth that stops', () => {
    expect(findHinge(noisy((i) => 20 * Math.min(i, 12)))?.firstFlatIndex).toBeGreaterThanOrEqual(10);
  });
  it('leaves a line a line', () => expect(findHinge(noisy((i) => 20 * i))).toBeNull());
  it('leaves noise noise', () => expect(findHinge(noisy(() => 0))).toBeNull());
});

describe('estimateLeak', () => {
  const noiseBytes = 24_000; // standard deviation of leak-free post-collection levels
  const run = (
    seed: number,
    level: (dose: number) => number,
    change: (cycle: CycleEntry, i: number) => void = () => {},
  ) => {
    const random = seeded(seed);
    let dose = 0;
    const cycles = Array.from({ length: MIN_CYCLES }, (_, i) => {
      const planned = random() < 0.5 ? 300 : 600;
      dose += planned;
      const cycle = cycleAt(planned, 5e6 + level(dose) + gaussian(random) * noiseBytes);
      change(cycle, i);
      return cycle;
    });
    return estimateLeak(cycles, 'heap');
  };

  it('is stable without a leak and finds one of 4 KB, 200 B and 100 B a connection', () => {
    for (let seed = 1; seed <= 50; seed++) {
      expect(run(seed, () => 0).state).toBe('stable');
      for (const rate of [4000, 200, 100]) {
        const leak = run(seed, (dose) => rate * dose);
        expect(leak.state).toBe('leak');
        expect(leak.lowPerUnitBytes).toBeLessThan(rate);
        expect(leak.highPerUnitBytes).toBeGreaterThan(rate);
      }
    }
  });

  it('does not decide at the border', () => {
    expect(run(3, (dose) => leakDelta('heap', 'connection') * dose).state).toBe('inconclusive');
  });

  it('never decides on missing data', () => {
    expect(estimateLeak([], 'heap').state).toBe('invalid');
    expect(
      run(
        1,
        () => 0,
        (cycle) => (cycle.reading.heapBytes = null),
      ).state,
    ).toBe('invalid');
    expect(
      run(
        1,
        () => 0,
        (cycle) => (cycle.reading.settled = false),
      ).state,
    ).toBe('invalid');
    expect(
      run(
        1,
        () => 0,
        (cycle) => (cycle.warmup = true),
      ).state,
    ).toBe('invalid');
    expect(
      run(
        1,
        () => 0,
        (cycle) => (cycle.landedDose *= 0.9),
      ).state,
    ).toBe('invalid');
    expect(
      run(
        1,
        () => 0,
        (cycle) => (cycle.landedDose = cycle.plannedDose = 0),
      ).state,
    ).toBe('invalid');
  });

  it('finds a leak in a measurement that was cut short, but proves nothing stable by it', () => {
    const short = (rate: number, cycles: number) => {
      const random = seeded(4);
      const all = Array.from({ length: cycles }, (_, i) =>
        cycleAt(500, 5e6 + rate * 500 * i + gaussian(random) * noiseBytes),
      );
      return estimateLeak(all, 'heap').state;
    };
    expect(short(4000, 10)).toBe('leak');
    expect(short(4000, 7)).toBe('invalid');
    expect(short(0, 17)).toBe('invalid');
    expect(short(0, 18)).toBe('stable');
  });

  it('widens the interval where residuals hang together', () => {
    let level = 0;
    const random = seeded(2);
    const walk = Array.from({ length: 36 }, () => {
      level += gaussian(random) * 40_000;
      return cycleAt(450, 5e6 + level);
    });
    const { slope, low, high } = theilSen(
      walk.map((cycle, i) => ({ x: 450 * (i + 1), y: cycle.reading.heapBytes as number })),
      1 - 0.01 / 3,
    );
    const leak = estimateLeak(walk, 'heap');
    expect(leak.ratePerUnitBytes).toBeCloseTo(slope, 6);
    expect((leak.highPerUnitBytes as number) - (leak.lowPerUnitBytes as number)).toBeGreaterThan(
      1.3 * (high - low),
    );
  });
});

function cycleAt(planned: number, heapBytes: number): CycleEntry {
  return {
    type: 'cycle',
    scenario: 'churn',
    elapsedMs: 0,
    path: 'abrupt drop',
    unit: 'connection',
    warmup: false,
    look: 1,
    plannedDose: planned,
    landedDose: planned,
    reading: {
      processCount: 1,
      rssBytes: 8e7,
      peakRssBytes: 9e7,
      cpuMs: 1,
      threadCount: 11,
      fdCount: 20,
      sockets: {},
      pssBytes: 8e7,
      anonymousBytes: 5e7,
      heapBytes,
      settled: true,
    },
  };
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
