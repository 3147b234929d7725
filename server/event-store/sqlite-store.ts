import { stat } from 'node:fs/promises';
import { type EventLogger, TailLog } from '../event-log/tail-log.ts';
import { Tails } from '../event-log/tails.ts';
import { type DatabaseOptions, openDatabase } from './sqlite/database.ts';
import { QueryReader } from './sqlite/query.ts';
import { Reader } from './sqlite/reader.ts';
import { SqliteSubscription } from './sqlite/sqlite-subscription.ts';
import { SqliteTail } from './sqlite/sqlite-tail.ts';
import { Turns } from './sqlite/turns.ts';
import { WriterClient } from './sqlite/writer-client.ts';
import type { EventStore } from './types.ts';

export interface SqliteStoreOptions {
  /** The database; it and its folder are made where they are missing. `-wal` and `-shm` lie beside it while it is open. */
  path: string;
  /** Told of what cannot be read. */
  logger: EventLogger;
  /** How often is asked whether another process has written, while there are subscriptions. */
  pollMs?: number;
  /** How long an append waits while another process writes; then it is refused. */
  lockMs?: number;
}

/** One question, of some µs, for all workflows together. */
const DEFAULT_POLL_MS = 100;
/** An import holds the lock for some 100 ms at a time. */
const DEFAULT_LOCK_MS = 10_000;

/** An event store that also knows its workflows. */
export interface SqliteStore extends EventStore {
  /** Sorted by name, so many at most. */
  workflowIds(most: number): string[];
}

/**
 * Keeps the events of all workflows in one SQLite database, which any number of processes may have open: SQLite's own locks see
 * to it that one writes at a time.
 *
 * Reads are on this thread, in steps of 3 ms at most (a page of 64 KiB, one line of up to 1 MiB, or a time block; longer where the
 * disk is slow and the system has not kept it), and in slices of some 4 ms. All that writes is on a thread of its own, so no commit holds up a stream.
 *
 * @throws SqliteStoreError `no-sqlite`, `cannot-open`, `newer-database` or `busy`
 */
export function createSqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { path, logger, pollMs = DEFAULT_POLL_MS, lockMs = DEFAULT_LOCK_MS } = options;
  const opening: DatabaseOptions = { path, isDurable: false };
  const database = openDatabase(opening);
  database.exec('PRAGMA query_only = ON');
  const reader = new Reader(database);
  const queries = new QueryReader(database);
  const turns = new Turns();
  const writer = new WriterClient({ path, lockMs });
  const tails = new Tails<SqliteSubscription, SqliteTail>({
    open: openTail,
    follow: (...args) => new SqliteSubscription(...args),
    close: closeTail,
  });
  const pollLog = new TailLog(logger, '', path);
  let dataVersion = -1;
  let poll: NodeJS.Timeout | undefined;
  let closing: Promise<void> | null = null;

  function look(): void {
    let hasNews = false;
    try {
      const version = reader.dataVersion();
      hasNews = version !== dataVersion;
      dataVersion = version;
      pollLog.succeeded('read');
    } catch (cause) {
      pollLog.failed('read', cause);
    }
    for (const tail of tails.all()) if (hasNews || tail.hasFailed) tail.wake();
  }

  function openTail(workflowId: string): SqliteTail {
    poll ??= setInterval(look, pollMs).unref();
    return new SqliteTail({ workflowId, reader, turns, log: new TailLog(logger, workflowId, path) });
  }

  function closeTail(tail: SqliteTail): void {
    tail.close();
    if (tails.count > 0) return;
    clearInterval(poll);
    poll = undefined;
  }

  async function closeAll(): Promise<void> {
    tails.closeAll();
    turns.close();
    await writer.close();
    // Last, so that it is this connection which brings the content of the `-wal` file into the database.
    database.close();
  }

  return {
    subscribe: (...args) => tails.subscribe(...args),

    get openTailCount(): number {
      return tails.count;
    },

    tailLagBytes: () => tails.lagBytes,

    read: (...args) => queries.read(...args),

    async append(workflowId, events) {
      const result = await writer.append(workflowId, events);
      tails.get(workflowId)?.wake();
      return result;
    },

    archiveOlderThan: (beforeMs) => writer.archive(beforeMs),

    async diskUse() {
      const { usedBytes, archivedBytes } = reader.diskUse();
      const wal = await stat(`${path}-wal`).catch(() => null);
      return { liveBytes: usedBytes - archivedBytes + (wal?.size ?? 0), archivedBytes };
    },

    workflowIds: (most) => reader.workflowIds(most),

    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
