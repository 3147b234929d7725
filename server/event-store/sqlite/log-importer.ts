import { isUtf8 } from 'node:buffer';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineCutter } from '../../event-log/line-cutter.ts';
import type { SkipReason } from '../../event-log/line-splitter.ts';
import { LogFile } from '../../event-log/log-file.ts';
import { inTransaction } from './database.ts';
import { fieldsIfJson, MAX_LINE_BYTES } from './new-line.ts';
import { SqliteStoreError } from './sqlite-store-error.ts';
import { Writer } from './writer.ts';

/** What is read at once and stored in one transaction. The lock is held for some 100 ms, so a server beside it waits no longer. */
const STEP_BYTES = 2 * 1024 * 1024;

/** Between two transactions, so that others who wait for the lock find it free. */
const GAP_MS = 2;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Carriage returns that a line may end with, at most, where the last line is compared. */
const MOST_RETURNS = 64;

export interface ImportedLog {
  eventCount: number;
  /** What was read of the log in this import. */
  bytes: number;
  skippedLineCount: number;
}

export interface ReadAt {
  buffer: Buffer;
  offset: number;
}

export interface ImportOptions {
  workflowId: string;
  path: string;
  /** The folder that the file must lie in, wherever links lead. */
  root: string;
  /** Longer lines are skipped. */
  maxLineBytes?: number | undefined;
  /** Told after each transaction, of all bytes of this import of the log. */
  onProgress?(bytes: number): void;
  /** As the tail of the log tells it. */
  onSkipped?(reason: SkipReason, lineOffset: number): void;
}

/**
 * Stores what a JSONL log has behind the place where the last import of it ended. The ids are the byte offsets in the file, and
 * what the tail of a log skips is skipped here. Ended at any moment, it goes on from its last transaction the next time.
 */
export class LogImporter {
  readonly #database: DatabaseSync;
  readonly #writer: Writer;
  readonly #lastEvent: StatementSync;
  /** One for all logs: nothing else here grows with a log. */
  readonly #buffer = Buffer.allocUnsafeSlow(STEP_BYTES);

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#writer = new Writer(database);
    this.#lastEvent = database.prepare(
      'SELECT id, line FROM events WHERE workflow = ? ORDER BY id DESC LIMIT 1',
    );
  }

  /** Bytes of the log that are stored already. */
  storedBytes(workflowId: string): number {
    return this.#writer.find(workflowId)?.endId ?? 0;
  }

  /**
   * Reads the log to its end; an unfinished line is left for the next import.
   *
   * @throws SqliteStoreError `other-lines`: the log, or what is stored of it, is not as the last import left it. What the file system
   *   says is thrown as it is.
   */
  async import(options: ImportOptions): Promise<ImportedLog> {
    const { file, facts } = await LogFile.open(options.path, options.root);
    try {
      const steps = this.steps(options, facts.size);
      let step = steps.next();
      while (!step.done) {
        const { buffer, offset } = step.value;
        const bytesRead = await file.readAt(buffer, offset);
        await sleep(GAP_MS);
        step = steps.next(bytesRead);
      }
      return step.value;
    } finally {
      await file.close();
    }
  }

  /** The same without the reading: yields what is to be read next, takes how many bytes it was. */
  *steps(options: ImportOptions, sizeBytes: number): Generator<ReadAt, ImportedLog, number> {
    const from = this.storedBytes(options.workflowId);
    if (from > 0) yield* this.#assertSame(options, from, sizeBytes);
    return yield* this.#importFrom(options, from);
  }

  *#importFrom(options: ImportOptions, from: number): Generator<ReadAt, ImportedLog, number> {
    const { workflowId, maxLineBytes = MAX_LINE_BYTES, onProgress, onSkipped } = options;
    const result: ImportedLog = { eventCount: 0, bytes: 0, skippedLineCount: 0 };
    const skip = (reason: SkipReason, lineOffset: number) => {
      result.skippedLineCount += 1;
      onSkipped?.(reason, lineOffset);
    };
    const cutter = new LineCutter({
      startOffset: from,
      maxLineBytes,
      onTooLong: (lineOffset) => skip('too long', lineOffset),
    });
    for (;;) {
      const bytesRead = yield { buffer: this.#buffer, offset: cutter.readOffset };
      if (bytesRead === 0) return result;
      const before = cutter.lineOffset;
      inTransaction(this.#database, () => {
        const placing = this.#writer.place(workflowId, before);
        if (placing === null) {
          throw otherLines(options, 'something else was stored meanwhile, by another import or by an append');
        }
        cutter.push(this.#buffer.subarray(0, bytesRead), (bytes, lineOffset, endOffset) => {
          const line = isUtf8(bytes) ? bytes.toString('utf8') : '';
          const fields = fieldsIfJson(line);
          if (fields === null) {
            skip('not JSON', lineOffset);
            return;
          }
          placing.add(endOffset, line, fields);
          result.eventCount += 1;
        });
        placing.save(cutter.lineOffset);
      });
      result.bytes += bytesRead;
      onProgress?.(result.bytes);
    }
  }

  *#assertSame(options: ImportOptions, from: number, sizeBytes: number): Generator<ReadAt, void, number> {
    if (sizeBytes < from) {
      throw otherLines(options, `it has ${sizeBytes} bytes, and ${from} of it are stored`);
    }
    const workflow = this.#writer.find(options.workflowId)?.workflow ?? 0;
    const last = this.#lastEvent.get(workflow);
    const line = Buffer.from(String(last?.line ?? ''));
    const end = last === undefined ? from : Number(last.id);
    const start = Math.max(0, end - line.length - 1 - MOST_RETURNS);
    const bytes = Buffer.alloc(end - start);
    yield { buffer: bytes, offset: start };
    let length = bytes.length - 1;
    const hasEnd = bytes[length] === LINE_FEED;
    while (length > 0 && bytes[length - 1] === CARRIAGE_RETURN) length -= 1;
    if (
      hasEnd &&
      bytes
        .subarray(0, length)
        .subarray(-line.length || length)
        .equals(line)
    )
      return;
    if (hasEnd && last === undefined) return;
    throw otherLines(options, `the line in front of byte ${end} is not the one that is stored`);
  }
}

function otherLines({ workflowId, path }: ImportOptions, why: string): SqliteStoreError {
  return new SqliteStoreError(
    'other-lines',
    `cannot go on with ${path}: ${why}. Import it under another name than ${workflowId}, or into another database`,
  );
}
