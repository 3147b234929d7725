import { messageOf } from './errors.ts';
import type { ProcessReading } from './model.ts';

const SAMPLE_INTERVAL_MS = 1000;

/** All readings are kept for this long, which is a chart with as many points as it has use for; then they thin out. */
const DENSE_MS = 3_600_000;

/** A hole in the samples of 30 s makes a run invalid (memory-budget): thinning stays clear of that. */
const SPARSEST_MS = 20_000;

/** How much further apart they lie with each further hour: this keeps a run of 24 hours below 12,000 samples. */
const SPREAD_MS_PER_HOUR = 2000;
const HOUR_MS = 3_600_000;

/** How far apart the samples that are kept lie after so much time: the older the run, the further. */
export function sampleSpacingMs(ageMs: number): number {
  const olderMs = Math.max(0, ageMs - DENSE_MS);
  return Math.min(SPARSEST_MS, SAMPLE_INTERVAL_MS + (SPREAD_MS_PER_HOUR * olderMs) / HOUR_MS);
}

export type Thinning = (
  rssBytes: number,
  regular: boolean,
) => { readingCount: number; highestRssBytes: number } | null;

/**
 * Says of each reading whether it is kept (an object) or left out (null), so that the journal of a run of any length stays small.
 * What is kept tells how many readings it stands for, and the highest of them: no peak goes by unseen. Those at the border of a
 * phase are always kept.
 */
export function createThinning(nowMs: () => number = () => performance.now()): Thinning {
  const began = nowMs();
  let keptMs = Number.NEGATIVE_INFINITY;
  let readingCount = 0;
  let highestRssBytes = 0;
  return (rssBytes, regular) => {
    readingCount += 1;
    highestRssBytes = Math.max(highestRssBytes, rssBytes);
    const now = nowMs();
    // Timers are late by some milliseconds, and a reading is not to wait for another round because of that.
    if (regular && now - keptMs < sampleSpacingMs(now - began) - SAMPLE_INTERVAL_MS / 2) return null;
    const kept = { readingCount, highestRssBytes };
    keptMs = now;
    readingCount = 0;
    highestRssBytes = 0;
    return kept;
  };
}

/**
 * The kernel lists every socket of the machine for a reading of the target's, so that with tens of thousands of streams it takes time that
 * their clients would miss: ten times as long as it took, regular readings do without.
 */
const REST_PER_WORK = 10;

/** The longest stretch without a sample seen on a busy machine was 2.5 s: a longer one is told. */
const MISSED_MS = 5000;

export interface Sampler {
  /** Takes a sample beside the regular ones. */
  sampleNow(): Promise<void>;
  /** Idempotent. No reading is reported after it has resolved. */
  close(): Promise<void>;
}

/**
 * Reads once a second. A reading that fails is a gap, never a zero; one that takes long delays the next. A time without any reading, because
 * one took so long or hydrotest itself stood still, is a gap as well.
 */
export function startSampler(options: {
  /** `files` false: without descriptors and sockets, which cost the more the more of them there are. */
  read(wanted: { files: boolean }): Promise<ProcessReading>;
  /** `regular`: once a second; false: asked for by `sampleNow`. */
  onReading(reading: ProcessReading, regular: boolean): void;
  onGap(reason: string): void;
  nowMs?(): number;
}): Sampler {
  const nowMs = options.nowMs ?? (() => performance.now());
  let closed = false;
  let last: Promise<void> = Promise.resolve();
  let filesDueMs = 0;
  let readAtMs = nowMs();
  const sample = async (regular: boolean) => {
    try {
      const beganMs = nowMs();
      const files = !regular || beganMs >= filesDueMs;
      const reading = await options.read({ files });
      const endedMs = nowMs();
      if (!closed && endedMs - readAtMs > MISSED_MS) {
        const seconds = ((endedMs - readAtMs) / 1000).toFixed(0);
        options.onGap(`nothing was read for ${seconds} s: hydrotest stood still, or a reading took so long`);
      }
      readAtMs = endedMs;
      if (files) filesDueMs = endedMs + (endedMs - beganMs) * REST_PER_WORK;
      if (!closed) options.onReading(reading, regular);
    } catch (error) {
      if (!closed) options.onGap(messageOf(error));
    }
  };
  // One after the other: two readings at once would disturb the target twice.
  const next = (regular: boolean) => {
    last = last.then(() => sample(regular));
    return last;
  };
  const tick = async () => {
    // A reading that takes longer than the interval costs a sample; queued up, they would outlive the scenario.
    if (pending) return;
    pending = true;
    await next(true);
    pending = false;
  };
  let pending = false;
  const timer = setInterval(() => void tick(), SAMPLE_INTERVAL_MS);
  return {
    sampleNow: () => next(false),
    async close() {
      clearInterval(timer);
      closed = true;
      await last;
    },
  };
}
