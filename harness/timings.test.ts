import { describe, expect, it } from 'vitest';
import type { TimingSummary } from './model.ts';
import { createRandom } from './random.ts';
import { Timings } from './timings.ts';

/** From a microsecond to an hour, evenly on a logarithmic scale: as many short times as long ones. */
function timesOf(count: number, seed: number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => 10 ** (-3 + random() * Math.log10(3.6e9)));
}

function measured(times: readonly number[]): Timings {
  const timings = new Timings();
  for (const ms of times) timings.record('event', ms);
  return timings;
}

/** The value that so many percent do not exceed, of the whole list: what the histogram has to come to. */
function percentileOf(times: readonly number[], percent: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
}

function summaryOf(timings: Timings): TimingSummary {
  const summary = timings.summary('event');
  if (summary === null) throw new Error('nothing was measured');
  return summary;
}

/** The highest value, and what is as high, is kept as it is until it is encoded; from then on it is as exact as the others. */
function expectSame(
  { count, ...actual }: TimingSummary,
  { count: expectedCount, ...expected }: TimingSummary,
): void {
  expect(count).toBe(expectedCount);
  for (const [name, ms] of Object.entries(expected)) {
    expect(Math.abs(actual[name as keyof typeof actual] / ms - 1), name).toBeLessThan(0.01);
  }
}

describe('percentiles', () => {
  it.each([1, 2, 3])('are those of the sorted list to 1 %%, seed %d', (seed) => {
    const times = timesOf(20_000, seed);
    const summary = summaryOf(measured(times));
    expect(summary.count).toBe(20_000);
    const expected = [50, 90, 99, 99.9, 100].map((percent) => percentileOf(times, percent));
    const { p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = summary;
    [p50Ms, p90Ms, p99Ms, p999Ms, maxMs].forEach((ms, i) => {
      // A microsecond is the smallest step that there is.
      expect(Math.abs(ms - (expected[i] as number))).toBeLessThanOrEqual(
        0.01 * (expected[i] as number) + 0.001,
      );
    });
    const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
    expect(Math.abs(summary.meanMs / mean - 1)).toBeLessThan(0.01);
  });

  it('of one value are that value', () => {
    const { count, ...values } = summaryOf(measured([42]));
    expect(count).toBe(1);
    for (const ms of Object.values(values)) expect(Math.abs(ms / 42 - 1)).toBeLessThan(0.01);
  });

  it('take zero, and what is below a microsecond, as a microsecond', () => {
    expect(summaryOf(measured([0, 1e-5]))).toMatchObject({ count: 2, p50Ms: 0.001, maxMs: 0.001 });
  });

  it('go above an hour', () => {
    const day = 24 * 3600e3;
    expect(Math.abs(summaryOf(measured([1, day])).maxMs / day - 1)).toBeLessThan(0.01);
  });

  it('are null, and not zero, where nothing was measured', () => {
    expect(new Timings().summary('event')).toBe(null);
    expect(measured([1]).summary('firstByte')).toBe(null);
  });
});

describe('what several processes measured', () => {
  it('adds up to what one would have', () => {
    const times = timesOf(9000, 4);
    const parts = [times.slice(0, 10), times.slice(10, 5000), times.slice(5000)];
    const sum = new Timings();
    for (const part of parts) {
      const text = JSON.stringify(measured(part).encode());
      sum.add(JSON.parse(text) as ReturnType<Timings['encode']>);
    }
    expectSame(summaryOf(sum), summaryOf(measured(times)));
  });

  it('adds up across an hour, whichever came first', () => {
    const [short, long] = [
      [1, 2, 3],
      [4, 3e7],
    ];
    for (const [first, second] of [
      [short, long],
      [long, short],
    ] as [number[], number[]][]) {
      const sum = measured(first);
      sum.add(measured(second).encode());
      expectSame(summaryOf(sum), summaryOf(measured([...short, ...long])));
    }
  });

  it('keeps each timing by itself, and has nothing of what was not measured', () => {
    const timings = new Timings();
    expect(timings.encode()).toEqual({});
    timings.record('firstByte', 5);
    timings.record('duration', 900);
    expect(Object.keys(timings.encode()).sort()).toEqual(['duration', 'firstByte']);
    const again = new Timings();
    again.add(timings.encode());
    for (const [name, ms] of [
      ['firstByte', 5],
      ['duration', 900],
    ] as const) {
      expect(again.summary(name)?.count).toBe(1);
      expect(Math.abs((again.summary(name)?.p50Ms ?? 0) / ms - 1)).toBeLessThan(0.01);
    }
    expect(again.summary('event')).toBe(null);
  });
});

describe('memory', () => {
  const encodedBytes = (timings: Timings) => (timings.encode().event ?? '').length;

  it('is bounded by the range of the values, not by their number', () => {
    const timings = measured(timesOf(2000, 5));
    const few = encodedBytes(timings);
    for (const ms of timesOf(200_000, 5)) timings.record('event', ms);
    expect(summaryOf(timings).count).toBe(202_000);
    // A count of hundreds takes two bytes where one took one, before it is compressed: it cannot be 100 times as much.
    expect(encodedBytes(timings)).toBeLessThan(4 * few);
    expect(encodedBytes(timings)).toBeLessThan(16_000);
  });
});
