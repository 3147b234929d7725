import { closeSync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { printableJson } from '../reports/printable-json.ts';
import { HydrotestError, messageOf } from './errors.ts';
import { readLines } from './journal.ts';
import { createLineReader } from './journal-lines.ts';
import type { JournalEntry, RunRecord } from './model.ts';
import { redactEntry } from './redact.ts';

/** The run's memory: every line is handed to the kernel as it happens, so that a killed harness loses none. */
export interface Journal {
  readonly path: string;
  /** Never throws. What cannot be written any more is kept in memory, as far as there is room for it. */
  write(entry: JournalEntry): void;
  /**
   * What was written, also where the file has been removed meanwhile or its disk is full: it is read by the descriptor
   * with which it was made. After a failure the record is one of a run that was stopped, for that reason.
   */
  readBack(): RunRecord;
  /** Idempotent. */
  close(): void;
}

/** Removed files can still be written, so nothing fails by itself: they are looked for this often. */
const LOOK_INTERVAL_MS = 500;

/** For the last lines of a run that is being stopped, some 200 bytes each. */
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;

/**
 * Creates a journal. The first line that cannot be written (disk full, file system gone), or that the file is not in its place
 * any more, is told once, by `onFailure` with an error of code `journal`. What was written before stays readable.
 *
 * @throws HydrotestError `journal` when the file cannot be made.
 */
export function openJournal(path: string, onFailure: (error: HydrotestError) => void): Journal {
  let fd: number;
  try {
    // Readable too: once its name is gone there is no other way to it.
    fd = openSync(path, 'ax+');
  } catch (cause) {
    throw unwritable(path, cause);
  }
  let open = true;
  let failure: HydrotestError | null = null;
  let canWrite = true;
  /** Of whole lines. */
  let writtenBytes = 0;
  let firstLine: string | null = null;
  const unwritten: string[] = [];
  let unwrittenBytes = 0;
  let droppedCount = 0;

  const fail = (error: HydrotestError) => {
    if (failure !== null) return;
    failure = error;
    onFailure(error);
  };
  const keep = (line: string) => {
    unwrittenBytes += line.length;
    if (unwrittenBytes <= MAX_UNWRITTEN_BYTES) unwritten.push(line);
    else droppedCount += 1;
  };
  /** Compares what the path leads to now with what is written. */
  const judgePlace = (found: { ino: number; dev: number } | null) => {
    if (!open || failure !== null) return;
    const ours = fstatSync(fd);
    if (found === null || found.ino !== ours.ino || found.dev !== ours.dev)
      fail(displaced(path, found === null ? 'is gone' : 'is another file now'));
    else if (ours.size < writtenBytes) fail(displaced(path, 'was cut short'));
  };
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    // Not at once: a network file system that does not answer must not hold up the streams.
    const found = await stat(path).catch(ifGone);
    looking = false;
    if (found !== undefined) judgePlace(found);
  }, LOOK_INTERVAL_MS);
  timer.unref();

  return {
    path,
    write(entry) {
      if (!open) return;
      const text = printableJson(redactEntry(entry));
      firstLine ??= text;
      if (!canWrite) return keep(text);
      const line = Buffer.from(`${text}\n`);
      try {
        // A synchronous write: some 5 µs a line, and nothing is lost with the process. write(2) may take only a part.
        for (let done = 0; done < line.length; ) done += writeSync(fd, line, done);
        writtenBytes += line.length;
      } catch (cause) {
        canWrite = false;
        keep(text);
        cutTo(fd, writtenBytes);
        fail(unwritable(path, cause));
      }
    },
    readBack() {
      try {
        if (open) judgePlace(statSync(path, { throwIfNoEntry: false }) ?? null);
      } catch {
        // As above: what counts is whether it can be read.
      }
      const reading = readLines(path);
      // Of a file that somebody has emptied there is still this.
      if (firstLine !== null) reading.add(firstLine);
      try {
        createLineReader(fd, reading.add).readNew(writtenBytes);
      } catch (cause) {
        fail(new HydrotestError('journal', `the journal ${path} cannot be read back: ${messageOf(cause)}`));
      }
      for (const line of unwritten) reading.add(line);
      const record = reading.record();
      record.tornLineCount += droppedCount;
      if (failure !== null) record.interrupted ??= failure.message;
      return record;
    },
    close() {
      if (!open) return;
      open = false;
      clearInterval(timer);
      closeSync(fd);
    },
  };
}

/** Undefined: the file system does not tell, which says nothing of the file. */
function ifGone({ code }: NodeJS.ErrnoException): null | undefined {
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESTALE' ? null : undefined;
}

/** A part of a line would be joined to nothing: whoever reads the file later would have to count it as torn. */
function cutTo(fd: number, bytes: number): void {
  try {
    ftruncateSync(fd, bytes);
  } catch {
    // A file system that is gone: the part stays, and is told as torn.
  }
}

function unwritable(path: string, cause: unknown): HydrotestError {
  return new HydrotestError(
    'journal',
    `the journal ${path} cannot be written: ${messageOf(cause)}. Free space, or give another --out.`,
    { cause },
  );
}

function displaced(path: string, how: string): HydrotestError {
  return new HydrotestError(
    'journal',
    `the journal ${path} ${how}: somebody removed, moved or changed it, or its folder, while the run wrote it. Leave the folder alone until the run is over, or give another --out.`,
  );
}
