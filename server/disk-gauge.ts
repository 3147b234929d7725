import type { CalmLog } from './calm-log.ts';
import type { DiskUse, EventStore } from './event-store/types.ts';

/** To look at some thousand files takes a moment; what they take changes slowly. */
const MAX_AGE_MS = 60_000;

export interface MeasuredDiskUse extends DiskUse {
  /** ISO 8601 */
  measuredAt: string;
}

export interface DiskGauge {
  /** What was measured last, at most a minute before this or the call before it; null: nothing yet. Never waits for the disk. */
  read(): MeasuredDiskUse | null;
}

export function createDiskGauge(
  store: Pick<EventStore, 'diskUse'>,
  logger: Pick<CalmLog, 'warn'>,
): DiskGauge {
  let last: MeasuredDiskUse | null = null;
  let dueAtMs = 0;

  async function measure(): Promise<void> {
    try {
      const use = await store.diskUse();
      last = { ...use, measuredAt: new Date().toISOString() };
    } catch (error) {
      logger.warn({ err: error }, 'cannot measure what the events take on the disk');
    }
    dueAtMs = performance.now() + MAX_AGE_MS;
  }

  return {
    read() {
      if (performance.now() >= dueAtMs) {
        dueAtMs = Number.POSITIVE_INFINITY; // once at a time
        void measure();
      }
      return last;
    },
  };
}
