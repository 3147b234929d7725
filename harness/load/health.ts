import { createHistogram } from 'node:perf_hooks';
import type { GeneratorHealth } from '../model.ts';

/** How often the event loop's delay is looked at. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1e6;

/** Watches this process. Each reading is of the time since the one before. */
export function watchHealth(): { read(): GeneratorHealth; close(): void } {
  // monitorEventLoopDelay forgets with its reset when the last tick was: a loop that is blocked right behind a reading shows in none.
  const delay = createHistogram();
  let tickedMs = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    delay.record(Math.max(1, Math.round((now - tickedMs) * NANOSECONDS)));
    tickedMs = now;
  }, RESOLUTION_MS);
  const emptyRssBytes = process.memoryUsage.rss();
  let cpu = process.cpuUsage();
  let readMs = performance.now();
  // The histogram holds the time between two ticks, of which the resolution is no delay.
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS);
  return {
    read() {
      const now = performance.now();
      const used = process.cpuUsage(cpu);
      const cores = (used.user + used.system) / 1000 / Math.max(1, now - readMs);
      cpu = process.cpuUsage();
      readMs = now;
      const { rss, heapUsed } = process.memoryUsage();
      // Empty, its percentiles are 0 and its maximum too; what blocks the loop now shows in the next reading.
      const health: GeneratorHealth = {
        workerCount: 1,
        loopDelayP99Ms: late(delay.percentile(99)),
        loopDelayMaxMs: late(delay.max),
        busiestCores: cores,
        cores,
        rssBytes: rss,
        emptyRssBytes,
        heapUsedBytes: heapUsed,
      };
      delay.reset();
      return health;
    },
    close: () => clearInterval(timer),
  };
}

/** Of several workers: sums, or the worst one's. */
export function mergeHealth(all: readonly GeneratorHealth[]): GeneratorHealth {
  const sum = (value: (health: GeneratorHealth) => number) =>
    all.reduce((total, one) => total + value(one), 0);
  const worst = (value: (health: GeneratorHealth) => number) => Math.max(0, ...all.map(value));
  return {
    workerCount: all.length,
    loopDelayP99Ms: worst((health) => health.loopDelayP99Ms),
    loopDelayMaxMs: worst((health) => health.loopDelayMaxMs),
    busiestCores: worst((health) => health.busiestCores),
    cores: sum((health) => health.cores),
    rssBytes: sum((health) => health.rssBytes),
    emptyRssBytes: sum((health) => health.emptyRssBytes),
    heapUsedBytes: sum((health) => health.heapUsedBytes),
  };
}

/** Of one worker over two intervals that follow one another: as it was in the end, but for what was worst. */
export function laterHealth(before: GeneratorHealth, after: GeneratorHealth): GeneratorHealth {
  return {
    ...after,
    loopDelayP99Ms: Math.max(before.loopDelayP99Ms, after.loopDelayP99Ms),
    loopDelayMaxMs: Math.max(before.loopDelayMaxMs, after.loopDelayMaxMs),
    busiestCores: Math.max(before.busiestCores, after.busiestCores),
  };
}
