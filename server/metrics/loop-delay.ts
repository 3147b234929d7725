import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Samples every so often while somebody reads; a delay shorter than this does not show. */
const resolutionMs = 20;
/** Nobody has read for so long: it stops. */
const stopAfterMs = 5 * 60_000;

/** What a timer came too late, in seconds, since the last reading. */
export interface LoopDelay {
  p50: number;
  p99: number;
  max: number;
}

export interface LoopDelayMonitor {
  /** Null: it has been measured only from now on. */
  read(): LoopDelay | null;
  /** Idempotent. */
  close(): void;
}

/** Measures the event loop's delay from the first reading on, as a timer 50 times a second is not for nothing. */
export function createLoopDelayMonitor(): LoopDelayMonitor {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  let stop: NodeJS.Timeout | undefined;
  // The histogram holds what passed between two samples, which is the resolution where nothing was late.
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000);

  return {
    read() {
      clearTimeout(stop);
      stop = setTimeout(() => histogram.disable(), stopAfterMs).unref();
      const isOn = !histogram.enable();
      const delay =
        isOn && histogram.count > 0
          ? {
              p50: seconds(histogram.percentile(50)),
              p99: seconds(histogram.percentile(99)),
              max: seconds(histogram.max),
            }
          : null;
      histogram.reset();
      return delay;
    },
    close() {
      clearTimeout(stop);
      histogram.disable();
    },
  };
}
