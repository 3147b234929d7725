import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { LOG_FILE_NAME } from '../../event-log/event-log.ts';
import { assertInside, assertRegular, LogFile } from '../../event-log/log-file.ts';
import { hasCode } from '../../event-log/path-watch.ts';
import type { ReadBuffers } from '../../event-log/read-buffers.ts';
import type { AppendResult, NewEvent } from '../types.ts';
import { readArchivedPart } from './archived-part.ts';
import { makeFolderDurably, syncFolder } from './durable-files.ts';
import { findLines } from './find-lines.ts';
import { digestOf, type Intent, KeyFile } from './key-file.ts';
import type { ReadLinesOptions } from './read-lines.ts';
import { Turns } from './turns.ts';

const LINE_FEED = 0x0a;

/** What is written at once for those who wait. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** Half of libuv's 4 threads: a disk that is slow to write leaves the others to those who read. */
const COMMITS_AT_ONCE = 2;
/** Of all workflows together, some 30 MB; the keys of those that were written to last stay in memory, the others are read again. */
const MAX_KEYS_IN_MEMORY = 200_000;

export interface AppenderOptions {
  dir: string;
  buffers: ReadBuffers;
  maxLineBytes: number;
}

interface Pending {
  events: readonly NewEvent[];
  bytes: number;
  resolve(result: AppendResult): void;
  reject(cause: unknown): void;
}

/** Writes to the logs of workflows. What comes while a log is written to is written together, with one sync for all. */
export class Appender {
  readonly #options: AppenderOptions;
  /** By workflow, and only while it is written to. */
  readonly #pending = new Map<string, Pending[]>();
  /** The one used last comes last. */
  readonly #keys = new Map<string, KeyFile>();
  readonly #turns = new Turns(COMMITS_AT_ONCE);
  readonly #running = new Set<Promise<void>>();

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  append(workflowId: string, events: readonly NewEvent[]): Promise<AppendResult> {
    let bytes = 0;
    for (const { line } of events) {
      if (line.length === 0 || line.length > this.#options.maxLineBytes || line.includes(LINE_FEED)) {
        return Promise.reject(
          new RangeError(`a line has 1 to ${this.#options.maxLineBytes} bytes and no line end`),
        );
      }
      bytes += line.length + 1;
    }
    if (events.length === 0) return Promise.resolve({ ids: [], duplicateCount: 0 });
    return new Promise((resolve, reject) => {
      const pending: Pending = { events, bytes, resolve, reject };
      const waiting = this.#pending.get(workflowId);
      if (waiting !== undefined) {
        waiting.push(pending);
        return;
      }
      this.#pending.set(workflowId, [pending]);
      const run = this.#run(workflowId).finally(() => this.#running.delete(run));
      this.#running.add(run);
    });
  }

  /** Resolves when what was given to it is stored, or cannot be. */
  async close(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #run(workflowId: string): Promise<void> {
    for (;;) {
      await this.#turns.run(async () => {
        const batch = this.#takeBatch(workflowId);
        try {
          const results = await this.#commit(workflowId, batch);
          batch.forEach(({ resolve }, index) => {
            resolve(results[index] as AppendResult);
          });
        } catch (cause) {
          this.#keys.delete(workflowId); // what it says may not be so any more
          for (const { reject } of batch) reject(cause);
        }
      });
      if (this.#pending.get(workflowId)?.length === 0) {
        this.#pending.delete(workflowId);
        return;
      }
    }
  }

  #takeBatch(workflowId: string): Pending[] {
    const waiting = this.#pending.get(workflowId) ?? [];
    let bytes = 0;
    let count = 0;
    for (const pending of waiting) {
      bytes += pending.bytes;
      if (count > 0 && bytes > MAX_BATCH_BYTES) break;
      count += 1;
    }
    return waiting.splice(0, count);
  }

  async #commit(workflowId: string, batch: readonly Pending[]): Promise<AppendResult[]> {
    const folder = join(this.#options.dir, workflowId);
    const handle = await openLog(this.#options.dir, folder);
    try {
      await completeTornLine(handle);
      const file = LogFile.of(handle, await handle.stat());
      const floor = (await readArchivedPart(folder, file)).endOffset;
      const { buffers, maxLineBytes } = this.#options;
      return await this.#store(workflowId, batch, handle, { file, floor, buffers, maxLineBytes });
    } finally {
      await handle.close();
    }
  }

  async #store(
    workflowId: string,
    batch: readonly Pending[],
    handle: FileHandle,
    reading: ReadLinesOptions,
  ): Promise<AppendResult[]> {
    const hasKeys = batch.some(({ events }) => events.some(({ key }) => key !== undefined));
    const keys = hasKeys ? await this.#keysOf(workflowId, reading) : null;
    const fromOffset = (await handle.stat()).size;

    // Lines to be written, and for each event which of them it is, or the id that it got before.
    const fresh: { line: Buffer; key: string | null; intent: Intent }[] = [];
    const freshByKey = new Map<string, number>();
    const placesOf = (event: NewEvent): { index: number; isDuplicate: boolean } | { id: number } => {
      const key = event.key === undefined ? null : digestOf(event.key);
      const id = key === null ? undefined : keys?.idOf(key);
      if (id !== undefined) return { id };
      const sameKey = key === null ? undefined : freshByKey.get(key);
      if (sameKey !== undefined) return { index: sameKey, isDuplicate: true };
      const index = fresh.length;
      if (key !== null) freshByKey.set(key, index);
      fresh.push({ line: event.line, key, intent: { digest: digestOf(event.line), fromOffset } });
      return { index, isDuplicate: false };
    };
    const places = batch.map(({ events }) => events.map(placesOf));

    const keyed = fresh.flatMap(({ key, intent }) => (key === null ? [] : [{ key, intent }]));
    await keys?.intend(keyed, Date.now());
    const ids = await write(handle, fromOffset, fresh, reading);
    const settled = fresh.flatMap(({ key }, index) =>
      key === null ? [] : [{ key, id: ids[index] ?? null }],
    );
    // Stored they are; who tries again after a restart is answered from the log.
    await keys?.settle(settled, Date.now()).catch(() => this.#keys.delete(workflowId));

    return places.map((ofRequest) => ({
      ids: ofRequest.map((place) => ('id' in place ? place.id : (ids[place.index] as number))),
      duplicateCount: ofRequest.filter((place) => 'id' in place || place.isDuplicate).length,
    }));
  }

  async #keysOf(workflowId: string, reading: ReadLinesOptions): Promise<KeyFile> {
    let keys = this.#keys.get(workflowId);
    if (keys === undefined) {
      keys = await KeyFile.load(join(this.#options.dir, workflowId));
      const open = keys.openIntents();
      const ids = await findLines(
        reading,
        open.map(({ intent }) => intent),
      );
      await keys.settle(
        open.map(({ key }, index) => ({ key, id: ids[index] ?? null })),
        Date.now(),
      );
    }
    this.#keys.delete(workflowId);
    this.#keys.set(workflowId, keys);
    let keyCount = 0;
    for (const { size } of this.#keys.values()) keyCount += size;
    for (const [oldest, { size }] of this.#keys) {
      if (keyCount <= MAX_KEYS_IN_MEMORY || oldest === workflowId) break;
      keyCount -= size;
      this.#keys.delete(oldest);
    }
    return keys;
  }
}

/** Opens the log for reading and for appending; makes it where it is missing. */
async function openLog(root: string, folder: string): Promise<FileHandle> {
  const path = join(folder, LOG_FILE_NAME);
  const flags = constants.O_RDWR | constants.O_APPEND | (constants.O_NONBLOCK ?? 0);
  let handle: FileHandle;
  let isNew = false;
  try {
    handle = await open(path, flags);
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT')) throw cause;
    await makeFolderDurably(folder);
    handle = await open(path, flags | constants.O_CREAT);
    isNew = true;
  }
  try {
    const facts = await handle.stat();
    assertRegular(facts, path);
    await assertInside(handle, facts, path, root);
    if (isNew) await syncFolder(folder);
    return handle;
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}

/** A writer that died in the middle of a line has left its beginning: it becomes a line of its own, and ours begins on another. */
async function completeTornLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  if (size === 0) return;
  const last = Buffer.alloc(1);
  const { bytesRead } = await handle.read(last, 0, 1, size - 1);
  if (bytesRead === 1 && last[0] !== LINE_FEED) await handle.write(Buffer.of(LINE_FEED));
}

/** Writes the lines and syncs them; returns their ids. Where that fails, nothing of them is left, unless another writer wrote behind it. */
async function write(
  handle: FileHandle,
  fromOffset: number,
  fresh: readonly { line: Buffer; intent: Intent }[],
  reading: ReadLinesOptions,
): Promise<number[]> {
  if (fresh.length === 0) return [];
  const lineEnd = Buffer.of(LINE_FEED);
  const bytes = Buffer.concat(fresh.flatMap(({ line }) => [line, lineEnd]));
  let written = 0;
  try {
    while (written < bytes.length) {
      // To a file opened for appending every write goes to its end, also where another process has moved it.
      written += (await handle.write(bytes, written)).bytesWritten;
    }
    await handle.datasync();
  } catch (cause) {
    const { size } = await handle.stat();
    if (size === fromOffset + written) await handle.truncate(fromOffset).catch(() => undefined);
    throw cause;
  }
  const { size } = await handle.stat();
  if (size === fromOffset + bytes.length) {
    let behind = fromOffset;
    return fresh.map(({ line }) => {
      behind += line.length + 1;
      return behind;
    });
  }
  // Another process has appended meanwhile: the lines are where they are found.
  const intents = fresh.map(({ intent }) => intent);
  const ids = await findLines(reading, intents);
  const found = ids.filter((id) => id !== null);
  if (found.length < ids.length)
    throw new Error('what another process wrote has torn lines: they are not stored whole');
  return found;
}
