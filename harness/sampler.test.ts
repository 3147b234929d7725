import { expect, it } from 'vitest';
import type { ProcessReading } from './model.ts';
import { startSampler } from './sampler.ts';
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
