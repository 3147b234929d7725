import { stat } from 'node:fs/promises';
import { ANCHOR_BYTES, readAnchor } from './find-start.ts';
import { LineSplitter } from './line-splitter.ts';
import { assertRegular, type FileFacts, LogFile } from './log-file.ts';
import { hasCode, PathWatch } from './path-watch.ts';
import type { Poll, Polled } from './poll.ts';
import type { ReadBuffers } from './read-buffers.ts';
import { type EventLogger, type FailedAction, TailLog } from './tail-log.ts';
import type { EventBatch } from './types.ts';

/**
 * How far the tail may lie behind a stream that starts at the end of the file. Up to here the stream waits for the
 * tail; beyond it the tail jumps forward, and the streams behind it catch up from the file.
 */
const MAX_LAG_BYTES = 256 * 1024;

export interface TailOptions {
  workflowId: string;
  path: string;
  /** The folder that the file must lie in, wherever links lead. */
  root: string;
  logger: EventLogger;
  buffers: ReadBuffers;
  poll: Poll;
  maxLineBytes: number;
  floorOf?: FloorOf | undefined;
}

/** Line border of a file in front of which nothing is read any more; 0 where all of it is. */
export type FloorOf = (workflowId: string, file: LogFile) => Promise<number>;

/** What the tail knows of a subscription. */
export interface Follower {
  /** Byte offset behind the last line that it got or passed; null: not known yet. */
  readonly position: number | null;
  /** It has room, and is not reading for itself. */
  readonly isReady: boolean;
  take(batch: EventBatch): void;
  /** The tail passed from one offset to another without anything to send. */
  pass(from: number, to: number): void;
  /** The file is another, or was cut: what follows comes from the floor on. */
  startAnew(floor: number): void;
  /** There is no file: whatever will be in it, is new. */
  waitForFile(): void;
  /** Reads for itself, if there is something to read and room for it. */
  catchUp(): void;
}

/**
 * The one tail of a workflow, shared by its subscriptions: one watcher, one descriptor.
 *
 * It reads on only while a follower stands at its position with room for more, so that the fastest stream sets its pace
 * and a stream alone never reads anything twice. Followers behind it read for themselves, up to its position.
 */
export class Tail implements Polled {
  readonly log: TailLog;
  readonly #options: TailOptions;
  readonly #followers = new Set<Follower>();
  readonly #watch: PathWatch;
  #file: LogFile | null = null;
  /** Null: no file, or no subscription has said yet where to begin. */
  #splitter: LineSplitter | null = null;
  /** The bytes in front of the splitter's `readOffset`, as they were read. */
  #anchor: Buffer = Buffer.alloc(0);
  /** Modification time of the file when the anchor was last compared. */
  #comparedMtimeMs = 0;
  /** The look under way was begun by the poll, and nothing has told of a change since. */
  #isUnprompted = false;
  /** The poll found what the watch had not told of, as on a network: the watch counts for nothing until it tells of something. */
  #isWatchSilent = false;
  /** Something went wrong since the last look began: the poll has to try again. */
  #hasFailed = false;
  #isAwake = false;
  #wakeAgain = false;
  /** Of the file, when it was last looked at. */
  #sizeBytes = 0;
  #isClosed = false;
  #released: Promise<unknown> = Promise.resolve();

  constructor(options: TailOptions) {
    this.#options = options;
    this.log = new TailLog(options.logger, options.workflowId, options.path);
    this.#watch = new PathWatch(
      options.path,
      () => {
        this.#isWatchSilent = false;
        this.wake();
      },
      (cause) => this.#failed('watch', cause),
    );
    options.poll.keep(this, false);
  }

  /** The file that is followed now. Whoever waits for a read compares it afterwards: another file, another content. */
  get file(): LogFile | null {
    return this.#file;
  }

  /** Byte offset behind the last line handed out; null: there is no file, or nothing to begin at. */
  get position(): number | null {
    return this.#splitter?.lineOffset ?? null;
  }

  /** Bytes of the file that were not read yet: nobody has had them. */
  get lagBytes(): number {
    return this.#splitter === null ? 0 : Math.max(0, this.#sizeBytes - this.#splitter.readOffset);
  }

  get buffers(): ReadBuffers {
    return this.#options.buffers;
  }

  async floorOf(file: LogFile): Promise<number> {
    return (await this.#options.floorOf?.(this.#options.workflowId, file)) ?? 0;
  }

  get followerCount(): number {
    return this.#followers.size;
  }

  add(follower: Follower): void {
    this.#followers.add(follower);
    this.wake();
  }

  remove(follower: Follower): void {
    this.#followers.delete(follower);
  }

  /** Looks at the file soon. Any number of calls meanwhile lead to one look. Never calls a follower before it returns. */
  wake(): void {
    this.#isUnprompted = false;
    this.#lookSoon();
  }

  /** As `wake`, but what this look finds is something that the watch did not tell of. */
  poll(): void {
    if (!this.#isAwake) this.#isUnprompted = true;
    this.#lookSoon();
  }

  /** Resolves when the descriptor is closed. Idempotent. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#options.poll.remove(this);
      this.#watch.close();
      this.#dropFile();
      this.#followers.clear();
    }
    await this.#released;
  }

  /** A stream begins at this line border, with these bytes in front of it: the tail must not be far behind. */
  begin(offset: number, anchor: Buffer): void {
    if (this.#splitter !== null && offset - this.#splitter.lineOffset <= MAX_LAG_BYTES) return;
    this.#splitter = this.newSplitter(offset);
    this.#anchor = anchor;
    for (const follower of this.#followers) follower.catchUp();
  }

  newSplitter(startOffset: number): LineSplitter {
    return new LineSplitter({
      startOffset,
      maxLineBytes: this.#options.maxLineBytes,
      onSkipped: (reason, lineOffset) => this.log.skipped(reason, lineOffset),
    });
  }

  /** A read failed. Only told when the file is still this one: a descriptor closed under a reader is no news. */
  readFailed(file: LogFile, cause: unknown): void {
    if (this.#file === file) this.#failed('read', cause);
  }

  #failed(action: FailedAction, cause: unknown): void {
    this.log.failed(action, cause);
    if (this.#isClosed) return;
    this.#hasFailed = true;
    this.#options.poll.keep(this, true);
  }

  #lookSoon(): void {
    if (this.#isClosed) return;
    this.#wakeAgain = true;
    if (this.#isAwake) return;
    this.#releaseAfter(this.#run());
  }

  async #run(): Promise<void> {
    this.#isAwake = true;
    while (this.#wakeAgain && !this.#isClosed) {
      this.#wakeAgain = false;
      await this.#look();
      this.#isUnprompted = false;
      for (const follower of this.#followers) follower.catchUp();
    }
    this.#isAwake = false;
    if (this.#isClosed) return;
    this.#options.poll.keep(this, this.#hasFailed || this.#isWatchSilent || !this.#watch.isActive);
  }

  /** Looks once at what the path leads to, and reads on. Never rejects. */
  async #look(): Promise<void> {
    const failedBefore = this.#hasFailed;
    this.#hasFailed = false;
    if (this.#file === null || !this.#watch.isActive) this.#renewWatch();
    let facts: FileFacts;
    try {
      facts = await stat(this.#options.path);
      if (this.#isClosed) return;
      assertRegular(facts, this.#options.path);
      if (this.#file !== null && this.#isReplaced(this.#file, facts)) this.#dropFile();
      const isNews = this.#file === null || facts.mtimeMs !== this.#comparedMtimeMs;
      if (isNews && this.#isUnprompted && !failedBefore) this.#isWatchSilent = true;
      if (this.#file === null) facts = await this.#openFile();
    } catch (cause) {
      if (!this.#isClosed) this.#noFile(cause);
      return;
    }
    const file = this.#file;
    if (file === null) return;
    this.log.succeeded('open');
    try {
      await this.#readOn(file, facts);
    } catch (cause) {
      this.readFailed(file, cause);
    }
  }

  #isReplaced(file: LogFile, facts: FileFacts): boolean {
    return !file.isSame(facts) || facts.size < (this.#splitter?.readOffset ?? 0);
  }

  #noFile(cause: unknown): void {
    if (!hasCode(cause, 'ENOENT')) {
      // A file that is open stays so: the fault may be a passing one, of a mount or of the folder's permissions.
      this.#failed('open', cause);
      return;
    }
    // The watch is on the file that is gone: look again, with one on the folder.
    if (this.#file !== null) this.#wakeAgain = true;
    this.#dropFile();
    this.log.succeeded('open');
    for (const follower of this.#followers) follower.waitForFile();
  }

  #renewWatch(): void {
    this.#watch.renew();
    if (this.#watch.isActive) this.log.succeeded('watch');
  }

  async #openFile(): Promise<FileFacts> {
    const { file, facts } = await LogFile.open(this.#options.path, this.#options.root);
    let floor: number;
    let anchor: Buffer;
    try {
      floor = await this.floorOf(file);
      anchor = await readAnchor(file, floor);
    } catch (cause) {
      await file.close();
      throw cause;
    }
    if (this.#isClosed) {
      await file.close();
      return facts;
    }
    this.#file = file;
    this.#comparedMtimeMs = facts.mtimeMs;
    // The path may lead elsewhere since it was watched: watch what it leads to now, then look once more.
    this.#renewWatch();
    this.#wakeAgain = true;
    for (const follower of this.#followers) {
      if (follower.position === null) continue;
      if (this.#splitter === null) this.begin(floor, anchor);
      follower.startAnew(floor);
    }
    return facts;
  }

  #dropFile(): void {
    const file = this.#file;
    if (file === null) return;
    this.#file = null;
    this.#splitter = null;
    this.log.fileDropped();
    // A close that fails (EIO) has released the descriptor all the same.
    this.#releaseAfter(file.close().catch(() => undefined));
  }

  /** Not `Promise.all` of both: each would hold the results of the one before it, a few bytes more with every look. */
  #releaseAfter(work: Promise<unknown>): void {
    const before = this.#released;
    this.#released = work.then(() => before);
  }

  async #readOn(file: LogFile, facts: FileFacts): Promise<void> {
    this.#sizeBytes = facts.size;
    let mustCompare = facts.mtimeMs !== this.#comparedMtimeMs;
    this.#comparedMtimeMs = facts.mtimeMs;
    while (this.#file === file && this.#splitter !== null) {
      const splitter = this.#splitter;
      const isWanted = splitter.readOffset < facts.size && this.#isAwaitedAt(splitter.lineOffset);
      if (!isWanted && !mustCompare) return;
      mustCompare = false;
      const isDone = await this.buffers.use(
        (buffer) => this.#readChunk(file, splitter, buffer, isWanted),
        true,
      );
      if (isDone) return;
    }
  }

  #isAwaitedAt(offset: number): boolean {
    for (const { position, isReady } of this.#followers) {
      // A follower ahead of the tail waits for it to come.
      if (isReady && position !== null && position >= offset) return true;
    }
    return false;
  }

  /** Compares the anchor, then hands out what lies behind it. True: there is nothing more to read now. */
  async #readChunk(
    file: LogFile,
    splitter: LineSplitter,
    buffer: Buffer,
    isWanted: boolean,
  ): Promise<boolean> {
    const anchor = this.#anchor;
    const room = isWanted ? buffer : buffer.subarray(0, anchor.length);
    const read = room.subarray(0, await file.readAt(room, splitter.readOffset - anchor.length));
    if (this.#file !== file || this.#splitter !== splitter) return false;
    if (!read.subarray(0, anchor.length).equals(anchor)) {
      this.#dropFile();
      this.#wakeAgain = true;
      return true;
    }
    const isAtEnd = isWanted && read.length === anchor.length;
    if (!isWanted || isAtEnd) return isAtEnd;
    this.#keepAnchor(read.subarray(-ANCHOR_BYTES));
    this.#handOut(splitter, read.subarray(anchor.length));
    return false;
  }

  #keepAnchor(bytes: Buffer): void {
    // Memory of its own: a copy from Node's pool would hold the 8 KiB around it, for every workflow that is quiet now.
    if (this.#anchor.length !== bytes.length) this.#anchor = Buffer.allocUnsafeSlow(bytes.length);
    bytes.copy(this.#anchor);
  }

  #handOut(splitter: LineSplitter, bytes: Buffer): void {
    let from = splitter.lineOffset;
    for (const batch of splitter.push(bytes)) {
      for (const follower of this.#followers) {
        if (follower.position === from && follower.isReady) follower.take(batch);
      }
      from = batch.endOffset;
    }
    const to = splitter.lineOffset;
    if (to !== from) for (const follower of this.#followers) follower.pass(from, to);
  }
}
