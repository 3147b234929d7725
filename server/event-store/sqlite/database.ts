import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { migrations } from './schema.ts';
import { isBusy, SqliteStoreError } from './sqlite-store-error.ts';

export interface DatabaseOptions {
  path: string;
  /** Commits are on the disk when they return; otherwise a power cut may take the last of them, and no more than that. */
  isDurable: boolean;
}

/**
 * How long a statement waits, and holds up its thread, where no transaction is to be waited for: while another process recovers the
 * file after a crash, or makes it.
 */
const BUSY_MS = 100;

/** What the `-wal` file may keep on the disk once its content is in the database. */
const WAL_BYTES_KEPT = 64 * 1024 * 1024;

/**
 * Opens a database, and makes it or brings it to this release's version where it has to.
 *
 * Any number of processes may have it open: in WAL mode readers and the writer are in nobody's way, and of two that write
 * one waits for the other's transaction.
 *
 * @throws SqliteStoreError `no-sqlite`, `cannot-open`, `newer-database` or `busy`
 */
export function openDatabase({ path, isDurable }: DatabaseOptions): DatabaseSync {
  // Not imported: whoever has no use for it needs no Node that has it, and gets no warning from one where it is new.
  const sqlite = process.getBuiltinModule('node:sqlite');
  if (sqlite === undefined) {
    throw new SqliteStoreError(
      'no-sqlite',
      `Node ${process.versions.node} has no node:sqlite: use Node 24, or --store jsonl`,
    );
  }
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    database = new sqlite.DatabaseSync(path, { timeout: BUSY_MS });
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(
      `PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}; PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`,
    );
    migrate(database, path);
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof SqliteStoreError) throw cause;
    if (isBusy(cause)) {
      throw new SqliteStoreError('busy', `another process keeps ${path} locked: try again`, { cause });
    }
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SqliteStoreError('cannot-open', `cannot open the event store ${path}: ${message}`, { cause });
  }
}

/** Where the database of a folder of workflows lies. */
export function databasePath(dir: string): string {
  return join(dir, 'events.db');
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}

function migrate(database: DatabaseSync, path: string): void {
  if (versionOf(database) < migrations.length) {
    for (const [version, sql] of migrations.entries()) {
      inTransaction(database, () => {
        // Asked anew inside: another process may have been quicker.
        if (versionOf(database) !== version) return;
        database.exec(sql);
        database.exec(`PRAGMA user_version = ${version + 1}`);
      });
    }
  }
  const version = versionOf(database);
  if (version > migrations.length) {
    throw new SqliteStoreError(
      'newer-database',
      `${path} was written by a later release (version ${version}; this one knows ${migrations.length}): use that release, or another --dir`,
    );
  }
}

/** So long a writer waits for the one of another process, if nothing else is said: an import holds the lock for some 100 ms at a time. */
const LOCK_MS = 10_000;

/** How often is asked whether the lock is free. SQLite's own wait asks every 100 ms in the end, and an import is done with it for 2. */
const LOCK_ASK_MS = 1;

const asleep = new Int32Array(new SharedArrayBuffer(4));

/**
 * Runs `work` as one transaction of a writer: all of it is stored, or nothing when it throws. While another process writes, it
 * waits, and holds up its thread.
 */
export function inTransaction<T>(database: DatabaseSync, work: () => T, lockMs = LOCK_MS): T {
  begin(database, performance.now() + lockMs);
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (cause) {
    // A full disk has SQLite roll back by itself.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw cause;
  }
}

function begin(database: DatabaseSync, deadlineMs: number): void {
  database.exec('PRAGMA busy_timeout = 0'); // SQLite's own wait asks too seldom
  for (;;) {
    try {
      database.exec('BEGIN IMMEDIATE');
      return;
    } catch (cause) {
      if (!isBusy(cause) || performance.now() >= deadlineMs) throw cause;
    }
    Atomics.wait(asleep, 0, 0, LOCK_ASK_MS);
  }
}
