import { closeSync, openSync } from 'node:fs';
import { readLines } from '../journal.ts';
import { createLineReader } from '../journal-lines.ts';
import type { RunRecord } from '../model.ts';

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
  const lines = createLineReader(fd, reading.add);
  return {
    readNew: () => (lines.readNew() ? reading.record() : null),
    close: () => closeSync(fd),
  };
}
