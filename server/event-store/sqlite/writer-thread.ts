/** The thread that writes: a commit waits for the disk, and the event loop of the streams does not. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { ArchiveResult } from '../types.ts';
import { Archiver } from './archiver.ts';
import { inTransaction, openDatabase } from './database.ts';
import { type NewLine, newLine } from './new-line.ts';
import { isBusy, isFull, SqliteStoreError } from './sqlite-store-error.ts';
import { Writer } from './writer.ts';
import type {
  AppendPiece,
  WriterReply,
  WriterRequest,
  WriterResult,
  WriterThreadOptions,
} from './writer-messages.ts';

/** Appends that wait are committed together, up to so many bytes of lines. */
const GROUP_BYTES = 4 * 1024 * 1024;

interface PendingAppend {
  request: number;
  workflowId: string;
  lines: NewLine[];
  bytes: number;
  /** Nothing more is kept of it. */
  error: SqliteStoreError | null;
}

function run(port: MessagePort, { path, lockMs }: WriterThreadOptions): void {
  const database = openDatabase({ path, isDurable: true });
  const writer = new Writer(database);
  const archiver = new Archiver(database);
  /** Of which pieces are still to come. */
  const growing = new Map<number, PendingAppend>();
  let complete: PendingAppend[] = [];
  let isFlushing = false;
  let isStopping = false;
  let archiving: Promise<void> = Promise.resolve();

  const reply = (message: WriterReply) => port.postMessage(message);
  const succeed = (request: number, result: WriterResult) => reply({ request, result });
  const fail = (request: number, cause: unknown) => {
    const { code, message } = storeError(cause, path);
    reply({ request, error: { code, message } });
  };

  function take({ request, workflowId, bytes, lengths, keys, isLast }: AppendPiece): void {
    const append = growing.get(request) ?? { request, workflowId, lines: [], bytes: 0, error: null };
    growing.set(request, append);
    try {
      let from = 0;
      for (const [index, length] of lengths.entries()) {
        if (append.error !== null) break;
        append.lines.push(newLine(bytes.subarray(from, from + length), keys[index]));
        from += length;
      }
    } catch (cause) {
      append.error = storeError(cause, path);
      append.lines = [];
    }
    append.bytes += bytes.length;
    if (!isLast) return;
    growing.delete(request);
    if (append.error !== null) {
      fail(request, append.error);
      return;
    }
    complete.push(append);
    // Whatever has come in meanwhile waits for the disk with it.
    flushSoon();
  }

  function flushSoon(): void {
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(flush);
  }

  function flush(): void {
    isFlushing = false;
    const group: PendingAppend[] = [];
    let bytes = 0;
    for (const append of complete) {
      if (group.length > 0 && bytes + append.bytes > GROUP_BYTES) break;
      group.push(append);
      bytes += append.bytes;
    }
    complete = complete.slice(group.length);
    try {
      const results = inTransaction(
        database,
        () => group.map(({ workflowId, lines }) => writer.append(workflowId, lines)),
        lockMs,
      );
      for (const [index, { request }] of group.entries()) {
        succeed(request, results[index] ?? { ids: [], duplicateCount: 0 });
      }
    } catch (cause) {
      for (const { request } of group) fail(request, cause);
    }
    if (complete.length > 0) flushSoon();
  }

  async function archive(beforeMs: number): Promise<ArchiveResult> {
    const total: ArchiveResult = { workflowCount: 0, eventCount: 0, bytes: 0 };
    for (const workflow of archiver.workflows()) {
      const cut = archiver.cutOf(workflow, beforeMs);
      let moved = 0;
      for (let step = archiver.step(workflow, cut); step !== null; step = archiver.step(workflow, cut)) {
        moved += step.eventCount;
        total.bytes += step.bytes;
        if (isStopping)
          throw new SqliteStoreError('closed', 'the event store is being closed: the next run goes on');
        // Appends that wait come in between.
        await new Promise((resolve) => setImmediate(resolve));
      }
      total.eventCount += moved;
      if (moved > 0) total.workflowCount += 1;
    }
    return total;
  }

  port.on('message', (message: WriterRequest) => {
    if (message.kind === 'append') take(message);
    else if (message.kind === 'archive') {
      const { request, beforeMs } = message;
      archiving = archiving
        .then(() => archive(beforeMs))
        .then(
          (result) => succeed(request, result),
          (cause: unknown) => fail(request, cause),
        );
    } else if (message.kind === 'stop archiving') isStopping = true;
    else {
      database.close();
      port.close();
    }
  });
}

function storeError(cause: unknown, path: string): SqliteStoreError {
  if (cause instanceof SqliteStoreError) return cause;
  if (isBusy(cause)) {
    return new SqliteStoreError(
      'busy',
      `another process kept ${path} locked for too long: nothing was stored; try again`,
      { cause },
    );
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = isFull(cause) ? 'ENOSPC' : 'not-stored';
  return new SqliteStoreError(code, `cannot write ${path}: ${message}; nothing was stored`, { cause });
}

if (parentPort !== null) run(parentPort, workerData as WriterThreadOptions);
