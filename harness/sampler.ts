import type { ProcessReading } from './model.ts';

const SAMPLE_INTERVAL_MS = 1000;

export interface Sampler {
  /** Takes a sample beside the regular ones. */
  sampleNow(): Promise<void>;
  /** Idempotent. No reading is reported after it has resolved. */
  close(): Promise<void>;
}

/** Reads once a second. A reading that fails is a gap, never a zero; one that takes long delays the next. */
export function startSampler(options: {
  read(): Promise<ProcessReading>;
  onReading(reading: ProcessReading): void;
  onGap(reason: string): void;
}): Sampler {
  let closed = false;
  let last: Promise<void> = Promise.resolve();
  const sample = async () => {
    try {
      const reading = await options.read();
      if (!closed) options.onReading(reading);
    } catch (error) {
      if (!closed) options.onGap(error instanceof Error ? error.message : String(error));
    }
  };
  // One after the other: two readings at once would disturb the target twice.
  const next = () => {
    last = last.then(sample);
    return last;
  };
  const tick = async () => {
    // A reading that takes longer than the interval costs a sample; queued up, they would outlive the scenario.
    if (pending) return;
    pending = true;
    await next();
    pending = false;
  };
  let pending = false;
  const timer = setInterval(() => void tick(), SAMPLE_INTERVAL_MS);
  return {
    sampleNow: next,
    async close() {
      clearInterval(timer);
      closed = true;
      await last;
    },
  };
}
