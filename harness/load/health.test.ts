import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../waiting.ts';
import { mergeHealth, watchHealth } from './health.ts';

const { signal } = new AbortController();
const ENOUGH_MS = 30_000;

let watch: ReturnType<typeof watchHealth> | null = null;
afterEach(() => watch?.close());

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

describe('the health of a process', () => {
  it('shows a blocked event loop in the reading that follows, and in no other', async () => {
    watch = watchHealth();
    const { read } = watch;
    // It measures between two ticks: the first one has to be over.
    expect(await until(() => read().loopDelayMaxMs > 0, ENOUGH_MS, signal)).toBe(true);
    block(400);
    // The tick that comes late has to come.
    await new Promise((done) => setTimeout(done, 20));
    expect(read().loopDelayMaxMs).toBeGreaterThan(300);
    // Forgotten by then, however busy the machine is.
    expect(await until(() => read().loopDelayMaxMs < 300, ENOUGH_MS, signal)).toBe(true);
  });

  it('tells the processor time of the interval', async () => {
    watch = watchHealth();
    const { read } = watch;
    await new Promise((done) => setTimeout(done, 300));
    const idle = read();
    block(300);
    const busy = read();
    expect(busy.cores).toBeGreaterThan(idle.cores);
    for (const health of [idle, busy]) {
      expect(health.workerCount).toBe(1);
      expect(health.busiestCores).toBe(health.cores);
      expect(health.rssBytes).toBeGreaterThan(10e6);
      expect(health.emptyRssBytes).toBeGreaterThan(10e6);
      expect(health.heapUsedBytes).toBeLessThan(health.rssBytes);
    }
  });
});

describe('the health of several', () => {
  it('is what they use together, and how the worst of them is', () => {
    const one = {
      workerCount: 1,
      loopDelayP99Ms: 3,
      loopDelayMaxMs: 50,
      busiestCores: 0.25,
      cores: 0.25,
      rssBytes: 90,
      emptyRssBytes: 40,
      heapUsedBytes: 10,
    };
    const other = {
      ...one,
      loopDelayP99Ms: 9,
      loopDelayMaxMs: 20,
      busiestCores: 0.5,
      cores: 0.5,
      rssBytes: 110,
    };
    expect(mergeHealth([one, other])).toEqual({
      workerCount: 2,
      loopDelayP99Ms: 9,
      loopDelayMaxMs: 50,
      busiestCores: 0.5,
      cores: 0.75,
      rssBytes: 200,
      emptyRssBytes: 80,
      heapUsedBytes: 20,
    });
  });
});
