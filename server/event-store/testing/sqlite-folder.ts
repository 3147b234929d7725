import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { Reader } from '../../event-log/testing/log-folder.ts';
import type { StartAt } from '../../event-log/types.ts';
import { openDatabase } from '../sqlite/database.ts';
import { createSqliteStore, type SqliteStore, type SqliteStoreOptions } from '../sqlite-store.ts';
import type { EventQuery, NewEvent, StoredEvent } from '../types.ts';

/** Events of these values, without a key. */
export function events(...values: unknown[]): NewEvent[] {
  return values.map((value) => ({ line: Buffer.from(JSON.stringify(value)) }));
}

export interface Row {
  id: number;
  line: string;
}

/** A database in the system's temporary folder, stores on it, and their removal. */
export class SqliteFolder {
  readonly root = mkdtempSync(join(tmpdir(), 'event-store-'));
  readonly path = join(this.root, 'events.db');
  readonly logged: object[] = [];
  readonly #stores: SqliteStore[] = [];

  /** Without `pollMs` there is no poll within a test: what arrives was told by the store itself. */
  open(options: Partial<SqliteStoreOptions> = {}): SqliteStore {
    const tell = (facts: object) => void this.logged.push(facts);
    const logger = { info: tell, warn: tell };
    const store = createSqliteStore({ path: this.path, logger, pollMs: 600_000, ...options });
    this.#stores.push(store);
    return store;
  }

  /** What is in the tables, past any store. */
  async look<T>(work: (database: DatabaseSync) => T | Promise<T>): Promise<T> {
    const database = openDatabase({ path: this.path, isDurable: false });
    try {
      return await work(database);
    } finally {
      database.close();
    }
  }

  live(): Promise<Row[]> {
    return this.look((database) =>
      database
        .prepare('SELECT id, line FROM events ORDER BY workflow, id')
        .all()
        .map(({ id, line }) => ({ id: Number(id), line: String(line) })),
    );
  }

  async archived(): Promise<Row[]> {
    const runs = await this.look((database) =>
      database.prepare('SELECT lines, event_count FROM archived_runs ORDER BY workflow, last_id').all(),
    );
    return runs.flatMap(({ lines, event_count }) => {
      const texts = gunzipSync(lines as Uint8Array)
        .toString('utf8')
        .trimEnd()
        .split('\n');
      if (texts.length !== event_count) throw new Error(`${texts.length} events, not ${event_count}`);
      return texts.map((text) => {
        const tab = text.indexOf('\t');
        return { id: Number(text.slice(0, tab)), line: text.slice(tab + 1) };
      });
    });
  }

  /** Begins with a new database. */
  async fresh(): Promise<void> {
    for (const store of this.#stores.splice(0)) await store.close();
    for (const end of ['', '-wal', '-shm']) rmSync(`${this.path}${end}`, { force: true });
  }

  async remove(): Promise<void> {
    for (const store of this.#stores) await store.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function follow(store: SqliteStore, startAt: StartAt, workflowId = 'w'): Reader {
  return new Reader(store, workflowId, startAt);
}

/** A page as an array; what the query does not say is all, the oldest first. */
export async function page(
  store: SqliteStore,
  query: Partial<EventQuery> = {},
  workflowId = 'w',
): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  const whole: EventQuery = { direction: 'newer', from: null, limit: Number.POSITIVE_INFINITY };
  for await (const event of store.read(workflowId, { ...whole, ...query })) found.push(event);
  return found;
}
