import { readSync } from 'node:fs';

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** The lines of a file that is open, piece by piece: a journal can be longer than the longest string of V8 (512 MiB). */
export interface LineReader {
  /** Passes on the whole lines that are new, up to a byte of the file; false: there were none. A line that is not finished waits. */
  readNew(endByte?: number): boolean;
  /** What stands behind the last line feed; empty: nothing. */
  rest(): string;
}

/** Reads from the beginning, wherever the file's own position is: that of a writer is not disturbed. */
export function createLineReader(fd: number, onLine: (line: string) => void): LineReader {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let position = 0;
  let unfinished = Buffer.alloc(0);
  return {
    readNew(endByte = Number.POSITIVE_INFINITY) {
      let isNew = false;
      for (;;) {
        const count = readSync(fd, chunk, 0, Math.min(chunk.length, endByte - position), position);
        if (count === 0) return isNew;
        position += count;
        // Cut at bytes, not at characters: one of several bytes may stand across two chunks.
        const bytes = Buffer.concat([unfinished, chunk.subarray(0, count)]);
        const end = bytes.lastIndexOf(NEWLINE) + 1;
        unfinished = Buffer.from(bytes.subarray(end));
        if (end === 0) continue;
        isNew = true;
        for (const line of bytes.toString('utf8', 0, end - 1).split('\n')) onLine(line);
      }
    },
    rest: () => unfinished.toString('utf8'),
  };
}
