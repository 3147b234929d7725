import { Worker } from 'node:worker_threads';
import type { AppendResult, ArchiveResult, NewEvent } from '../types.ts';
import { SqliteStoreError } from './sqlite-store-error.ts';
import type {
  AppendPiece,
  WriterReply,
  WriterRequest,
  WriterResult,
  WriterThreadOptions,
} from './writer-messages.ts';

/** What is copied for the thread at a time: well below a millisecond. */
const PIECE_BYTES = 256 * 1024;
const PIECE_EVENTS = 1000;

interface Asked {
  resolve(result: WriterResult): void;
  reject(error: SqliteStoreError): void;
}

/** This process's end of the thread that writes. The thread starts with the first request, and keeps the process alive only while it has something to do. */
export class WriterClient {
  readonly #options: WriterThreadOptions;
  readonly #asked = new Map<number, Asked>();
  readonly #unanswered = new Set<Promise<unknown>>();
  #worker: Worker | null = null;
  #lastRequest = 0;
  #isClosed = false;

  constructor(options: WriterThreadOptions) {
    this.#options = options;
  }

  async append(workflowId: string, events: readonly NewEvent[]): Promise<AppendResult> {
    this.#assertOpen();
    if (events.length === 0) return { ids: [], duplicateCount: 0 };
    const { request, answer } = this.#ask<AppendResult>();
    for (let from = 0; from < events.length; ) {
      const { piece, behind } = pieceOf(request, workflowId, events, from);
      // The thread has ended, and with it what it had of this.
      if (!this.#asked.has(request)) break;
      this.#send(piece);
      from = behind;
      if (from < events.length) await new Promise((resolve) => setImmediate(resolve));
    }
    return answer;
  }

  async archive(beforeMs: number): Promise<ArchiveResult> {
    this.#assertOpen();
    const { request, answer } = this.#ask<ArchiveResult>();
    this.#send({ kind: 'archive', request, beforeMs });
    return answer;
  }

  /** Resolves once what was to be appended is stored, and the thread has ended. Archiving is broken off, and rejects. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#worker?.postMessage({ kind: 'stop archiving' } satisfies WriterRequest);
    await Promise.allSettled(this.#unanswered);
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    worker.ref();
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ kind: 'close' } satisfies WriterRequest);
    await gone;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SqliteStoreError('closed', 'the event store is being closed');
  }

  #ask<Result extends WriterResult>(): { request: number; answer: Promise<Result> } {
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    const answer = new Promise<Result>((resolve, reject) => {
      this.#asked.set(request, { resolve: (result) => resolve(result as Result), reject });
    });
    const settled = answer.catch(() => undefined).finally(() => this.#unanswered.delete(settled));
    this.#unanswered.add(settled);
    return { request, answer };
  }

  #send(message: WriterRequest): void {
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const file = import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js';
    const worker = new Worker(new URL(file, import.meta.url), {
      name: 'event-store-writer',
      workerData: this.#options,
    });
    worker.on('message', (reply: WriterReply) => this.#answer(worker, reply));
    let failure: unknown;
    worker.on('error', (cause) => {
      failure = cause;
    });
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = null;
      const why = failure instanceof Error ? failure.message : 'it was ended';
      const message = `the thread that writes ${this.#options.path} is gone (${why}): what it had not answered may be stored or not; send it again with the same keys`;
      for (const { reject } of this.#asked.values()) {
        reject(new SqliteStoreError('not-stored', message, { cause: failure }));
      }
      this.#asked.clear();
    });
    return worker;
  }

  #answer(worker: Worker, reply: WriterReply): void {
    const asked = this.#asked.get(reply.request);
    this.#asked.delete(reply.request);
    if (this.#asked.size === 0) worker.unref();
    if ('result' in reply) asked?.resolve(reply.result);
    else asked?.reject(new SqliteStoreError(reply.error.code, reply.error.message));
  }
}

/** The next events, copied one behind the other into memory that the thread can be given. */
function pieceOf(
  request: number,
  workflowId: string,
  events: readonly NewEvent[],
  from: number,
): { piece: AppendPiece; behind: number } {
  let size = 0;
  let behind = from;
  while (behind < events.length && behind - from < PIECE_EVENTS) {
    const length = events[behind]?.line.length ?? 0;
    if (behind > from && size + length > PIECE_BYTES) break;
    size += length;
    behind += 1;
  }
  const part = events.slice(from, behind);
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const { line } of part) at += line.copy(bytes, at);
  return {
    piece: {
      kind: 'append',
      request,
      workflowId,
      bytes,
      lengths: part.map(({ line }) => line.length),
      keys: part.map(({ key }) => key),
      isLast: behind === events.length,
    },
    behind,
  };
}
