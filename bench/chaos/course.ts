import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL_NAME, readLines } from '../../harness/journal.ts';
import type { RunRecord, TargetEntry } from '../../harness/model.ts';
import type { Sandbox } from './sandbox.ts';

/** How far a run had come at some moment, as its journal tells it. */
export interface Course {
  /** There is a first line. */
  begun: boolean;
  /** A target was ready. */
  ready: boolean;
  /** Each scenario has its last reading, with every stream closed: what happens to the target after that changes nothing. */
  measured: boolean;
  /** What became of the target. */
  news: readonly TargetEntry['event'][];
  interrupted: boolean;
  /** There is a last line. */
  ended: boolean;
}

export const NOTHING_YET: Course = {
  begun: false,
  ready: false,
  measured: false,
  news: [],
  interrupted: false,
  ended: false,
};

/** Of a journal as far as it has been written. */
export function courseOf(text: string): Course {
  const record = recordOf(text);
  if (record === null) return NOTHING_YET;
  const { scenarios, skipped, complete, interrupted } = record;
  const news = scenarios.flatMap(({ target }) => target.map(({ event }) => event));
  const wanted = record.run.config.scenarios;
  // A run of all scenarios does not say how many there will be.
  const allBegan = wanted.length > 0 ? scenarios.length + skipped.length >= wanted.length : complete;
  const measured =
    allBegan &&
    scenarios.length > 0 &&
    scenarios.every(({ error, levels }) => error === null && levels.some(({ moment }) => moment === 'after'));
  return {
    begun: true,
    ready: news.includes('ready'),
    measured,
    news,
    interrupted: interrupted !== null,
    ended: complete,
  };
}

function recordOf(text: string): RunRecord | null {
  const reading = readLines(JOURNAL_NAME);
  const lines = text.split('\n');
  // Behind the last line break there is nothing, or a line that is being written.
  lines.pop();
  if (lines.length === 0) return null;
  try {
    for (const line of lines) reading.add(line);
    return reading.record();
  } catch {
    return null;
  }
}

export interface JournalWatch {
  /** All that was written, also where the file has been removed; empty: there is none yet. */
  read(): string;
  close(): void;
}

/** By a descriptor that is kept, as the program itself does it. */
export function watchJournal(sandbox: Sandbox): JournalWatch {
  let fd: number | null = null;
  const open = () => {
    const run = sandbox.runFolder();
    if (run === null) return null;
    try {
      return openSync(join(run, JOURNAL_NAME), 'r');
    } catch {
      return null;
    }
  };
  return {
    read() {
      fd ??= open();
      if (fd === null) return '';
      const bytes = Buffer.alloc(fstatSync(fd).size);
      return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
    },
    close() {
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}
