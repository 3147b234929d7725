import { mkdir, open, rm, rmdir, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HydrotestError } from './errors.ts';

/** Lines are made and written in blocks of about this size, so that a history of 1 GB needs no memory to speak of. */
const BLOCK_BYTES = 4 * 2 ** 20;

/** Writes JSON lines for the target to stream. */
export interface EventFeed {
  /**
   * Writes events of `bytesPerEvent` bytes a line (some 70 at least), newline included, to a path or URL; returns the bytes written.
   *
   * @throws HydrotestError `usage` when a file held something before, or a URL does not take them.
   */
  append(
    path: string,
    events: { count: number; bytesPerEvent: number },
    signal: AbortSignal,
  ): Promise<number>;
  /** Removes a file that was fed; what a URL took is the target's. */
  drop(path: string): Promise<void>;
  /** Removes all of them. */
  close(): Promise<void>;
}

export function createEventFeed(): EventFeed {
  const files = new Map<string, FedFile>();
  const running = new Set<Promise<unknown>>();

  const write = async (path: string, count: number, bytesPerEvent: number, signal: AbortSignal) => {
    let fed = files.get(path);
    if (fed === undefined) {
      fed = await adopt(path);
      files.set(path, fed);
    }
    const file = await open(path, 'a');
    let byteCount = 0;
    try {
      for (let left = count; left > 0; ) {
        signal.throwIfAborted();
        const take = Math.min(left, Math.max(1, Math.floor(BLOCK_BYTES / bytesPerEvent)));
        let block = '';
        for (let i = 0; i < take; i++) block += eventLine(fed.nextSequence++, bytesPerEvent);
        await file.appendFile(block);
        byteCount += Buffer.byteLength(block);
        left -= take;
      }
    } finally {
      await file.close();
    }
    return byteCount;
  };

  const drop = async (path: string) => {
    const fed = files.get(path);
    if (fed === undefined) return;
    files.delete(path);
    if (fed.wasThere) await truncate(path, 0).catch(() => {});
    else await rm(path, { force: true });
    // Only folders that were made here, and only where nobody has put anything into them.
    for (const folder of fed.madeFolders) await rmdir(folder).catch(() => {});
  };

  return {
    append(path, { count, bytesPerEvent }, signal) {
      const written = write(path, count, bytesPerEvent, signal);
      running.add(written);
      const done = () => running.delete(written);
      written.then(done, done);
      return written;
    },
    drop,
    async close() {
      await Promise.allSettled(running);
      for (const path of files.keys()) await drop(path);
    },
  };
}

interface FedFile {
  nextSequence: number;
  /** An empty file that the target had made: it is emptied again, not removed. */
  wasThere: boolean;
  /** Innermost first. */
  madeFolders: string[];
}

/** A file that held something before is somebody's data: it is neither written to nor, in the end, removed. */
async function adopt(path: string): Promise<FedFile> {
  const folder = dirname(path);
  const outermost = await mkdir(folder, { recursive: true });
  const madeFolders: string[] = [];
  for (let made = folder; outermost !== undefined; made = dirname(made)) {
    madeFolders.push(made);
    if (made === outermost || made === dirname(made)) break;
  }
  const size = await stat(path).then(
    (found) => found.size,
    () => null,
  );
  if (size !== null && size > 0) {
    throw new HydrotestError(
      'usage',
      `--events-file: ${path} holds ${size} bytes already, and hydrotest only writes to files of its own: give another path, or another --key.`,
    );
  }
  return { nextSequence: 0, wasThere: size !== null, madeFolders };
}

export function eventLine(sequence: number, bytes: number): string {
  const head = `{"seq":${sequence},"at":${Date.now()},"type":"soak","text":"`;
  return `${head}${'x'.repeat(Math.max(0, bytes - head.length - 3))}"}\n`;
}
