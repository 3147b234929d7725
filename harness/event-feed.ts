import { mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Lines are made and written in blocks of about this size, so that a history of 1 GB needs no memory to speak of. */
const BLOCK_BYTES = 4 * 2 ** 20;

/** Writes JSON lines for the target to stream. */
export interface EventFeed {
  /** Appends events of exactly `bytesPerEvent` bytes a line, newline included; returns the bytes written. */
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
    nextSequence.delete(path);
    await rm(path, { force: true });
  };
  return {
    async append(path, { count, bytesPerEvent }, signal) {
      let sequence = nextSequence.get(path) ?? 0;
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, 'a');
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

function eventLine(sequence: number, bytes: number): string {
  const head = `{"seq":${sequence},"at":${Date.now()},"type":"soak","text":"`;
  return `${head}${'x'.repeat(Math.max(0, bytes - head.length - 3))}"}\n`;
}
