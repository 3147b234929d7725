import { findStart, readAnchor } from './find-start.ts';
import type { LineSplitter } from './line-splitter.ts';
import type { LogFile } from './log-file.ts';
import type { Follower, Tail } from './tail.ts';
import type { EventBatch, EventConsumer, StartAt, Subscription } from './types.ts';

/**
 * One stream's place in the log: a byte offset, and nothing else while the stream has no room.
 *
 * At the tail's position it is given what the tail reads. Behind it, after its start or when it was full for a while,
 * it reads the file itself, a chunk at a time and only with room, until it stands where the tail stands.
 * Its position moves in one place at a time: `isReady` is false while it reads for itself.
 */
export class LogSubscription implements Subscription, Follower {
  readonly #tail: Tail;
  readonly #consumer: EventConsumer;
  readonly #onClose: () => void;
  #startAt: StartAt;
  #position: number | null = null;
  /** Only while it catches up. */
  #splitter: LineSplitter | null = null;
  #hasRoom = true;
  #wasResumed = false;
  #isReading = false;
  #isClosed = false;

  constructor(tail: Tail, startAt: StartAt, consumer: EventConsumer, onClose: () => void) {
    this.#tail = tail;
    this.#startAt = startAt;
    this.#consumer = consumer;
    this.#onClose = onClose;
  }

  get position(): number | null {
    return this.#position;
  }

  get isReady(): boolean {
    return this.#hasRoom && !this.#isReading && !this.#isClosed;
  }

  resume(): void {
    // Inside `deliver` there is still room; its answer must not undo the resume that came before it.
    this.#wasResumed = true;
    if (this.#hasRoom || this.#isClosed) return;
    this.#hasRoom = true;
    if (this.#mustRead()) this.catchUp();
    else this.#tail.wake();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#splitter = null;
    this.#tail.remove(this);
    this.#onClose();
  }

  take(batch: EventBatch): void {
    this.#position = batch.endOffset;
    this.#wasResumed = false;
    let hasRoom: boolean;
    try {
      hasRoom = this.#consumer.deliver(batch);
    } catch (cause) {
      this.#tail.log.consumerThrew(cause);
      this.close();
      return;
    }
    this.#hasRoom = hasRoom || this.#wasResumed;
  }

  pass(from: number, to: number): void {
    if (this.#position === from && !this.#isReading) this.#position = to;
  }

  startAnew(floor: number): void {
    this.#position = floor;
    this.#splitter = null;
    try {
      this.#consumer.reset();
    } catch (cause) {
      this.#tail.log.consumerThrew(cause);
      this.close();
    }
  }

  waitForFile(): void {
    // All that a file will hold which does not exist yet comes after the start of this stream.
    if (this.#position === null && 'recentEvents' in this.#startAt) this.#startAt = { offset: 0 };
  }

  catchUp(): void {
    if (!this.#isReading && this.#mustRead()) void this.#read();
  }

  #mustRead(): boolean {
    if (this.#isClosed || !this.#hasRoom || this.#tail.file === null) return false;
    const tailPosition = this.#tail.position;
    return this.#position === null || (tailPosition !== null && this.#position < tailPosition);
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    let goesOn = true;
    while (goesOn && this.#mustRead()) {
      goesOn = await this.#tail.buffers.use((buffer) => this.#readOnce(buffer));
    }
    this.#isReading = false;
    this.#splitter = null;
    // At the tail's position now: the tail may have stopped for want of a reader.
    if (goesOn && this.isReady) this.#tail.wake();
  }

  /** False: the read failed, and the poll is to try again. */
  async #readOnce(buffer: Buffer): Promise<boolean> {
    const file = this.#tail.file;
    // Whatever it waited for the buffer may have changed.
    if (file === null || !this.#mustRead()) return true;
    try {
      if (this.#position === null) {
        await this.#start(file, buffer);
        return true;
      }
      return await this.#readLines(file, this.#position, buffer);
    } catch (cause) {
      this.#tail.readFailed(file, cause);
      return false;
    }
  }

  async #start(file: LogFile, buffer: Buffer): Promise<void> {
    const floor = await this.#tail.floorOf(file);
    const place = await findStart(file, this.#startAt, floor, buffer);
    const anchor = place === null ? await readAnchor(file, floor) : place.anchor;
    if (this.#isClosed || this.#tail.file !== file) return;
    if (place === null) {
      this.startAnew(floor);
      this.#tail.begin(floor, anchor);
    } else {
      this.#position = place.position;
      this.#tail.begin(place.tailPosition, anchor);
    }
  }

  /** Hands over lines from `position` up to the tail: those of one chunk, or one line that is longer. */
  async #readLines(file: LogFile, position: number, buffer: Buffer): Promise<boolean> {
    this.#splitter ??= this.#tail.newSplitter(position);
    const splitter = this.#splitter;
    let batches: EventBatch[] = [];
    do {
      const tailPosition = this.#tail.position ?? 0;
      const room = buffer.subarray(0, Math.max(0, tailPosition - splitter.readOffset));
      const bytesRead = await file.readAt(room, splitter.readOffset);
      if (this.#splitter !== splitter || this.#tail.file !== file) return true;
      // The file has become shorter. The tail will find out.
      if (bytesRead === 0) return false;
      batches = splitter.push(room.subarray(0, bytesRead));
    } while (batches.length === 0 && splitter.heldBytes > 0);

    for (const batch of batches) {
      this.take(batch);
      // Taking events may have closed the subscription, or the whole log.
      if (this.#isClosed || this.#tail.file !== file) return true;
      if (!this.#hasRoom && batch !== batches.at(-1)) {
        this.#splitter = null;
        return true;
      }
    }
    this.#position = splitter.lineOffset;
    // Nothing of the file is kept between two reads: the rest of the chunk is read again.
    splitter.dropHeld();
    return true;
  }
}
