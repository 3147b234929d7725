import { describe, expect, it } from 'vitest';
import type { ProcessReading } from './model.ts';
import { createRandom } from './random.ts';
import { createThinning, sampleSpacingMs, startSampler } from './sampler.ts';
import { readingOf } from './testing/entries.ts';
import { until } from './waiting.ts';

const { signal } = new AbortController();
const ENOUGH_MS = 30_000;

function collect(read: () => Promise<ProcessReading>) {
  const readings: ProcessReading[] = [];
  const gaps: string[] = [];
  const sampler = startSampler({
    read,
    onReading: (reading) => readings.push(reading),
    onGap: (reason) => gaps.push(reason),
  });
  return { sampler, readings, gaps };
}

it('reads by itself, and at once when it is asked', async () => {
  const { sampler, readings, gaps } = collect(async () => readingOf());
  await sampler.sampleNow();
  expect(readings).toHaveLength(1);
  expect(await until(() => readings.length >= 2, ENOUGH_MS, signal)).toBe(true);
  await sampler.close();
  expect(gaps).toEqual([]);
});

it('records a reading that fails as a gap, and goes on', async () => {
  let count = 0;
  const { sampler, readings, gaps } = collect(async () => {
    count++;
    if (count === 2) throw new Error('the process is gone');
    return readingOf({ rssBytes: count });
  });
  for (let i = 0; i < 3; i++) await sampler.sampleNow();
  await sampler.close();
  expect(readings.map(({ rssBytes }) => rssBytes).slice(0, 2)).toEqual([1, 3]);
  expect(gaps).toEqual(['the process is gone']);
});

it('tells of a time in which nothing was read, and of no shorter one', async () => {
  let now = 1000;
  const gaps: string[] = [];
  const sampler = startSampler({
    read: async () => readingOf(),
    onReading: () => {},
    onGap: (reason) => gaps.push(reason),
    nowMs: () => now,
  });
  await sampler.sampleNow();
  now += 4000;
  await sampler.sampleNow();
  expect(gaps).toEqual([]);
  now += 7000;
  await sampler.sampleNow();
  await sampler.close();
  expect(gaps).toEqual(['nothing was read for 7 s: hydrotest stood still, or a reading took so long']);
});

it('never reads twice at the same time', async () => {
  let [running, most] = [0, 0];
  const { sampler, readings } = collect(async () => {
    most = Math.max(most, ++running);
    await new Promise((done) => setImmediate(done));
    running--;
    return readingOf();
  });
  await Promise.all([sampler.sampleNow(), sampler.sampleNow(), sampler.sampleNow()]);
  await sampler.close();
  expect(readings).toHaveLength(3);
  expect(most).toBe(1);
});

it('reports nothing after it is closed, not even a reading that was under way', async () => {
  let finish = () => {};
  const { sampler, readings, gaps } = collect(
    () =>
      new Promise((resolve) => {
        finish = () => resolve(readingOf());
      }),
  );
  const reading = sampler.sampleNow();
  // The reading begins in a microtask of its own.
  await Promise.resolve();
  const closed = Promise.all([sampler.close(), sampler.close()]);
  finish();
  await Promise.all([closed, reading]);
  expect(readings).toEqual([]);
  expect(gaps).toEqual([]);
});

describe('readings of a long run', () => {
  const HOUR_MS = 3_600_000;

  /** A reading a second, each by up to 20 ms late as timers are; its memory is 100, but for `peaks` (second → bytes). */
  function simulate(seconds: number, peaks: ReadonlyMap<number, number> = new Map()) {
    const random = createRandom(11);
    let now = 5000;
    const thin = createThinning(() => now);
    const kept: { second: number; atMs: number; readingCount: number; highestRssBytes: number }[] = [];
    for (let second = 0; second < seconds; second += 1) {
      now = 5000 + second * 1000 + 20 * random();
      const entry = thin(peaks.get(second) ?? 100, true);
      if (entry !== null) kept.push({ second, atMs: now, ...entry });
    }
    return kept;
  }

  it('are all kept for an hour', () => {
    const kept = simulate(3600);
    expect(kept).toHaveLength(3600);
    expect(kept.every(({ readingCount }) => readingCount === 1)).toBe(true);
  });

  it('thin out to less than 12,000 a day, without a hole that would make the run invalid', () => {
    const kept = simulate(24 * 3600);
    expect(kept.length).toBeLessThan(12_000);
    const holes = kept.map(({ atMs }, i) => atMs - (kept[i - 1]?.atMs ?? 5000));
    expect(Math.max(...holes)).toBeLessThan(20_500);
    // Each one was counted, but for those behind the last that was kept.
    const counted = kept.reduce((sum, { readingCount }) => sum + readingCount, 0);
    expect(counted).toBe((kept.at(-1)?.second ?? 0) + 1);
    expect(24 * 3600 - counted).toBeLessThan(21);
  });

  it('show each peak, wherever it was', () => {
    const hours = 6;
    const random = createRandom(5);
    const peaks = new Map(
      Array.from({ length: 100 }, (_, i) => [Math.floor(random() * hours * 3600), 1000 + i] as const),
    );
    const kept = simulate(hours * 3600, peaks);
    const leftOut = [...peaks.keys()].filter((at) => !kept.some(({ second }) => second === at));
    expect(leftOut.length).toBeGreaterThan(10);
    for (const [at, bytes] of peaks) {
      const covering = kept.find(({ second }) => second >= at);
      if (covering !== undefined) expect(covering.highestRssBytes).toBeGreaterThanOrEqual(bytes);
    }
    const without = kept.filter(
      ({ second, readingCount }) =>
        ![...peaks.keys()].some((at) => at <= second && at > second - readingCount),
    );
    expect(without.every(({ highestRssBytes }) => highestRssBytes === 100)).toBe(true);
  });

  it('are kept at the border of a phase, however soon after the last one', () => {
    let now = 0;
    const thin = createThinning(() => now);
    expect(thin(100, true)).toEqual({ readingCount: 1, highestRssBytes: 100 });
    now = 20 * HOUR_MS;
    expect(thin(200, true)).toEqual({ readingCount: 1, highestRssBytes: 200 });
    now += 1000;
    expect(thin(300, true)).toBe(null);
    now += 10;
    expect(thin(100, false)).toEqual({ readingCount: 2, highestRssBytes: 300 });
  });

  it.each([
    [0, 1000],
    [HOUR_MS, 1000],
    [2 * HOUR_MS, 3000],
    [100 * HOUR_MS, 20_000],
  ])('%d ms into the run lie so far apart: %d ms', (ageMs, spacingMs) => {
    expect(sampleSpacingMs(ageMs)).toBe(spacingMs);
  });
});
