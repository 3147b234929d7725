import type { CalmLog } from './calm-log.ts';
import { ArchiveBusyError } from './event-store/jsonl/archive-lock.ts';
import type { EventStore } from './event-store/types.ts';

export const dayMs = 24 * 3600 * 1000;

/** About as often as it is worth it for limits of days. */
const INTERVAL_MS = 3600 * 1000;
/** The first run is soon, as a server that is restarted every day would never come to it. */
const FIRST_MS = 60 * 1000;

export interface RetentionOptions {
  eventStore: Pick<EventStore, 'archiveOlderThan'>;
  retainDays: number;
  logger: Pick<CalmLog, 'info' | 'error'>;
  intervalMs?: number;
  firstMs?: number;
}

/**
 * Archives what is older than so many days, about every hour. Servers that were started together do it at different moments. Stops when
 * `stop` is called; a run under way ends with the store.
 */
export function startRetention(options: RetentionOptions): { stop(): void } {
  const { eventStore, retainDays, logger, intervalMs = INTERVAL_MS, firstMs = FIRST_MS } = options;
  let isStopped = false;
  let timer = setTimeout(run, spread(firstMs)).unref();

  async function run(): Promise<void> {
    try {
      const archived = await eventStore.archiveOlderThan(Date.now() - retainDays * dayMs);
      if (archived.eventCount > 0) logger.info({ retainDays, ...archived }, 'events archived');
    } catch (error) {
      if (error instanceof ArchiveBusyError)
        logger.info({ reason: error.message }, 'events not archived now');
      else if (!isStopped) logger.error({ err: error }, 'events could not be archived');
    }
    if (!isStopped) timer = setTimeout(run, spread(intervalMs)).unref();
  }

  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

/** Somewhere between half of it and one and a half. */
function spread(ms: number): number {
  return ms * (0.5 + Math.random());
}
