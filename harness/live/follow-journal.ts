import { closeSync, openSync, readSync } from 'node:fs';
import { readLines } from '../journal.ts';
import type { RunRecord } from '../model.ts';

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** A journal that somebody else is writing. */
export interface FollowedJournal {
  /** Reads what is new. Null: nothing was. A line that is not finished yet waits. */
  readNew(): RunRecord | null;
  close(): void;
}

/**
 * Opens a journal to follow it from its beginning.
 * @throws the error of the file system when it is not there; `readNew` throws HydrotestError `journal` when it is none.
 */
export function followJournal(path: string): FollowedJournal {
  const fd = openSync(path, 'r');
  const reading = readLines(path);
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let position = 0;
  let unfinished = Buffer.alloc(0);
  return {
    readNew() {
      let isNew = false;
      for (;;) {
        const count = readSync(fd, chunk, 0, chunk.length, position);
        if (count === 0) break;
        position += count;
        // Cut at bytes, not at characters: one of several bytes may stand across two chunks.
        const bytes = Buffer.concat([unfinished, chunk.subarray(0, count)]);
        const end = bytes.lastIndexOf(NEWLINE) + 1;
        unfinished = Buffer.from(bytes.subarray(end));
        if (end === 0) continue;
        isNew = true;
        for (const line of bytes.toString('utf8', 0, end).split('\n')) reading.add(line);
      }
      return isNew ? reading.record() : null;
    },
    close: () => closeSync(fd),
  };
}
