import { closeSync, openSync, readdirSync, readSync } from 'node:fs';

/**
 * What came of reading under `/proc/<pid>`: processes end at any moment, and those of other users are closed to us.
 */
export type ProcRead<Value> = { state: 'read'; value: Value } | { state: 'gone' } | { state: 'denied' };

/** `stat`, `status` and `smaps_rollup` have 300 to 1,500 bytes. */
const shared = Buffer.allocUnsafe(16 * 1024);

/**
 * Reads a small file under `/proc`, synchronously: that takes some 10 µs, a tenth of a trip through the thread pool.
 * @throws the system's error if it says neither that the process is gone nor that it is closed to us, such as EMFILE:
 * taking that for an ended process would be a lie.
 */
export function readProcText(path: string): ProcRead<string> {
  return attempt(() => {
    const fd = openSync(path, 'r');
    try {
      let length = 0;
      for (;;) {
        const read = readSync(fd, shared, length, shared.length - length, null);
        if (read === 0) break;
        length += read;
      }
      return shared.toString('latin1', 0, length);
    } finally {
      closeSync(fd);
    }
  });
}

export function listProc(path: string): ProcRead<string[]> {
  return attempt(() => readdirSync(path));
}

export function attempt<Value>(read: () => Value): ProcRead<Value> {
  try {
    return { state: 'read', value: read() };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null;
    if (code === 'ENOENT' || code === 'ESRCH') return { state: 'gone' };
    if (code === 'EACCES' || code === 'EPERM') return { state: 'denied' };
    throw cause;
  }
}

/** The number behind `Name:` in a file of `Name: value` lines, or null. */
export function numberAfter(text: string, name: string): number | null {
  const label = `${name}:`;
  const at = text.startsWith(label) ? 0 : text.indexOf(`\n${label}`) + 1;
  if (at === 0 && !text.startsWith(label)) return null;
  const value = Number.parseInt(text.slice(at + label.length, at + label.length + 32), 10);
  return Number.isNaN(value) ? null : value;
}

/** Lets the event loop turn: streams must not wait for a long look at `/proc`. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
