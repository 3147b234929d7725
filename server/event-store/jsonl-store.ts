import { mkdir, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createEventLog,
  DEFAULT_MAX_LINE_BYTES,
  type EventLogOptions,
  LOG_FILE_NAME,
} from '../event-log/event-log.ts';
import { LogFile } from '../event-log/log-file.ts';
import { hasCode } from '../event-log/path-watch.ts';
import { ReadBuffers } from '../event-log/read-buffers.ts';
import { isWorkflowId } from '../workflow-id.ts';
import { eventFields } from './event-fields.ts';
import { Appender } from './jsonl/appender.ts';
import { withArchiveLock } from './jsonl/archive-lock.ts';
import { archiveWorkflow } from './jsonl/archive-workflow.ts';
import { readArchivedPart } from './jsonl/archived-part.ts';
import { KEYS_FILE } from './jsonl/key-file.ts';
import { lineStartAt, readBackwards, readForwards } from './jsonl/read-lines.ts';
import { archiveBytes } from './jsonl/segments.ts';
import type { ArchiveResult, DiskUse, EventQuery, EventStore, StoredEvent } from './types.ts';

export interface JsonlStoreOptions extends Omit<EventLogOptions, 'floorOf'> {
  /**
   * How long after its events were archived the space of a log is given back, by the next run of `archiveOlderThan`: longer than a
   * stream or a reader may last that began before.
   */
  freeAfterMs: number;
}

/**
 * Keeps the events of each workflow in `<dir>/<workflowId>/events.jsonl`, to which other processes may append, too, and which
 * need not have been told of before. Beside it are `events.keys`, `events.archived` and `archive/`, where there is a need for them.
 *
 * `workflowId` becomes part of a path: check it before. One process appends with keys; of two, neither knows the keys of the other.
 */
export function createJsonlStore(options: JsonlStoreOptions): EventStore {
  const { dir, logger, maxLineBytes = DEFAULT_MAX_LINE_BYTES, freeAfterMs } = options;
  // Its own, so that readers of history do not queue before streams.
  const buffers = new ReadBuffers();
  const appender = new Appender({ dir, buffers, maxLineBytes });
  const eventLog = createEventLog({
    ...options,
    floorOf: async (workflowId, file) => (await readArchivedPart(join(dir, workflowId), file)).endOffset,
  });
  const stopping = new AbortController();
  const archiving = new Set<Promise<unknown>>();

  async function* read(workflowId: string, query: EventQuery): AsyncGenerator<StoredEvent> {
    const folder = join(dir, workflowId);
    let file: LogFile;
    try {
      ({ file } = await LogFile.open(join(folder, LOG_FILE_NAME), dir));
    } catch (cause) {
      if (hasCode(cause, 'ENOENT')) return;
      throw cause;
    }
    try {
      const floor = (await readArchivedPart(folder, file)).endOffset;
      const reading = { file, floor, buffers, maxLineBytes };
      const { direction, from, limit } = query;
      const runs =
        direction === 'newer'
          ? readForwards(reading, await lineStartAt(reading, from ?? floor))
          : readBackwards(reading, from === null ? Number.POSITIVE_INFINITY : from - 1);
      let count = 0;
      for await (const events of runs) {
        for (const event of events) {
          if (count === limit) return;
          if (!matches(event, query)) continue;
          count += 1;
          yield event;
        }
        if (count === limit) return;
      }
    } finally {
      await file.close();
    }
  }

  async function archiveOlderThan(beforeMs: number): Promise<ArchiveResult> {
    const result: ArchiveResult = { workflowCount: 0, eventCount: 0, bytes: 0 };
    const failures: unknown[] = [];
    const notFreed = new Set<string>();
    await mkdir(dir, { recursive: true }); // the lock lies in it
    await withArchiveLock(dir, async () => {
      for await (const workflowId of workflows(dir)) {
        stopping.signal.throwIfAborted();
        try {
          const archived = await archiveWorkflow({
            dir,
            workflowId,
            beforeMs,
            buffers,
            maxLineBytes,
            freeAfterMs,
            signal: stopping.signal,
          });
          if (archived.notFreed !== null) notFreed.add(archived.notFreed);
          if (archived.eventCount === 0) continue;
          result.workflowCount += 1;
          result.eventCount += archived.eventCount;
          result.bytes += archived.bytes;
        } catch (cause) {
          stopping.signal.throwIfAborted();
          logger.warn({ workflowId, err: cause }, 'cannot archive the events of a workflow');
          failures.push(cause);
        }
      }
    });
    for (const reason of notFreed) {
      logger.warn({ reason }, 'archived, but the log keeps its space: it cannot be given back here');
    }
    if (failures.length > 0) {
      throw new AggregateError(
        failures,
        `${failures.length} workflows could not be archived: the log says why`,
      );
    }
    return result;
  }

  async function diskUse(): Promise<DiskUse> {
    const use: DiskUse = { liveBytes: 0, archivedBytes: 0 };
    for await (const workflowId of workflows(dir)) {
      const folder = join(dir, workflowId);
      use.liveBytes += await takenBy(join(folder, LOG_FILE_NAME));
      use.liveBytes += await takenBy(join(folder, KEYS_FILE));
      use.archivedBytes += await archiveBytes(folder);
    }
    return use;
  }

  return {
    subscribe: (...args) => eventLog.subscribe(...args),
    get openTailCount() {
      return eventLog.openTailCount;
    },
    tailLagBytes: () => eventLog.tailLagBytes(),
    read,
    append(workflowId, events) {
      if (stopping.signal.aborted) return Promise.reject(new Error('the event store is closed'));
      return appender.append(workflowId, events);
    },
    archiveOlderThan(beforeMs) {
      const run = archiveOlderThan(beforeMs).finally(() => archiving.delete(run));
      archiving.add(run);
      return run;
    },
    diskUse,
    async close() {
      stopping.abort(new Error('the event store is closed'));
      await Promise.all([eventLog.close(), appender.close(), Promise.allSettled(archiving)]);
    },
  };
}

function matches({ id, line }: StoredEvent, query: EventQuery): boolean {
  const { direction, from, sinceMs, untilMs, type } = query;
  if (direction === 'newer' && from !== null && id <= from) return false;
  if (sinceMs === undefined && untilMs === undefined && type === undefined) return true;
  const fields = eventFields(line);
  if (type !== undefined && fields.type !== type) return false;
  if (sinceMs === undefined && untilMs === undefined) return true;
  const { atMs } = fields;
  return (
    atMs !== null &&
    atMs >= (sinceMs ?? Number.NEGATIVE_INFINITY) &&
    atMs < (untilMs ?? Number.POSITIVE_INFINITY)
  );
}

/** Also where there are more than anyone lists. */
async function* workflows(dir: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(dir)) {
      if (!entry.isFile() && isWorkflowId(entry.name)) yield entry.name;
    }
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT')) throw cause;
  }
}

/** What a file takes on the disk, holes not counted; 0 where there is none. */
async function takenBy(path: string): Promise<number> {
  try {
    const { size, blocks } = await stat(path);
    // Windows does not tell blocks.
    return blocks > 0 ? Math.min(size, blocks * 512) : size;
  } catch (cause) {
    if (hasCode(cause, 'ENOENT') || hasCode(cause, 'ENOTDIR')) return 0;
    throw cause;
  }
}
