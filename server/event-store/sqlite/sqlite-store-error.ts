/**
 * - `no-sqlite`: this Node has no `node:sqlite`.
 * - `cannot-open`: the file cannot be made, read or written, or is no database.
 * - `newer-database`: a later release has written it.
 * - `invalid-event`: what was to be stored is no JSON text of one line, or is too long. Nothing of its append was stored.
 * - `other-lines`: a log to be imported is not the one that was imported before.
 * - `busy`: another process kept the file locked for too long.
 * - `not-stored`: writing failed, as by a disk's fault. Nothing of the append was stored.
 * - `ENOSPC`: there is no room on the disk, as the file system calls it. Nothing of the append was stored.
 * - `closed`: the store is on its way down.
 */
export type SqliteStoreErrorCode =
  | 'no-sqlite'
  | 'cannot-open'
  | 'newer-database'
  | 'invalid-event'
  | 'other-lines'
  | 'busy'
  | 'not-stored'
  | 'ENOSPC'
  | 'closed';

/** The message says what happened, to which file or workflow, and what to try. */
export class SqliteStoreError extends Error {
  override name = 'SqliteStoreError';
  readonly code: SqliteStoreErrorCode;

  constructor(code: SqliteStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** SQLite's own result codes, their lower byte: https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_FULL = 13;

/** What another process's lock makes of a statement; it may be tried again. */
export function isBusy(cause: unknown): boolean {
  const code = resultCode(cause);
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

export function isFull(cause: unknown): boolean {
  return resultCode(cause) === SQLITE_FULL;
}

function resultCode(cause: unknown): number | null {
  return cause instanceof Error && 'errcode' in cause ? Number(cause.errcode) & 0xff : null;
}
