import { type FileHandle, mkdir, open, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HydrotestError } from './errors.ts';

/** Lines are made and written in blocks of about this size, so that a history of 1 GB needs no memory to speak of. */
const BLOCK_BYTES = 4 * 2 ** 20;

/** Writes JSON lines for the target to stream. */
export interface EventFeed {
  /**
   * Appends events of `bytesPerEvent` bytes a line (some 70 at least), newline included; returns the bytes written.
   *
   * @throws HydrotestError `usage` when the file was there before this feed made it.
   */
  append(
    path: string,
    events: { count: number; bytesPerEvent: number },
    signal: AbortSignal,
  ): Promise<number>;
  /** Removes a file that was fed. */
  drop(path: string): Promise<void>;
  /** Removes all of them. */
  close(): Promise<void>;
}

export function createEventFeed(): EventFeed {
  const nextSequence = new Map<string, number>();
  const drop = async (path: string) => {
    if (!nextSequence.delete(path)) return;
    await rm(path, { force: true });
    // The folder goes with it, unless the target has put something there.
    await rmdir(dirname(path)).catch(() => {});
  };
  return {
    async append(path, { count, bytesPerEvent }, signal) {
      const known = nextSequence.get(path);
      const file = known === undefined ? await create(path) : await open(path, 'a');
      let sequence = known ?? 0;
      let byteCount = 0;
      try {
        for (let left = count; left > 0; ) {
          signal.throwIfAborted();
          const take = Math.min(left, Math.max(1, Math.floor(BLOCK_BYTES / bytesPerEvent)));
          let block = '';
          for (let i = 0; i < take; i++) block += eventLine(sequence++, bytesPerEvent);
          await file.appendFile(block);
          byteCount += Buffer.byteLength(block);
          left -= take;
        }
      } finally {
        nextSequence.set(path, sequence);
        await file.close();
      }
      return byteCount;
    },
    drop,
    async close() {
      for (const path of nextSequence.keys()) await drop(path);
    },
  };
}

/** A file that was there before is somebody's data: it is neither written to nor, in the end, removed. */
async function create(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  try {
    return await open(path, 'ax');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new HydrotestError(
      'usage',
      `--events-file: ${path} exists already, and hydrotest only writes to files of its own: give another path, or another --key.`,
      { cause },
    );
  }
}

function eventLine(sequence: number, bytes: number): string {
  const head = `{"seq":${sequence},"at":${Date.now()},"type":"soak","text":"`;
  return `${head}${'x'.repeat(Math.max(0, bytes - head.length - 3))}"}\n`;
}
