import type { EventBatch, EventConsumer, StartAt, Subscription } from '../../event-log/types.ts';
import type { Extent } from './reader.ts';
import { batchOf, type SqliteFollower, type SqliteTail } from './sqlite-tail.ts';
import type { Job } from './turns.ts';

/**
 * One stream's place in a workflow: an id, and nothing else while the stream has no room.
 *
 * At the tail's position it is given what the tail reads. Behind it, after its start or when it was full for a while, it
 * reads a page in each of its turns, only with room, until it stands where the tail stands.
 */
export class SqliteSubscription implements Subscription, SqliteFollower, Job {
  readonly #tail: SqliteTail;
  readonly #consumer: EventConsumer;
  readonly #onClose: () => void;
  #startAt: StartAt;
  #position: number | null = null;
  #hasRoom = true;
  #wasResumed = false;
  #isClosed = false;

  constructor(tail: SqliteTail, startAt: StartAt, consumer: EventConsumer, onClose: () => void) {
    this.#tail = tail;
    this.#startAt = startAt;
    this.#consumer = consumer;
    this.#onClose = onClose;
  }

  get position(): number | null {
    return this.#position;
  }

  get hasRoom(): boolean {
    // The whole store may be closed inside of `deliver`.
    return this.#hasRoom && !this.#isClosed && !this.#tail.isClosed;
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
    this.#tail.turns.remove(this);
    this.#tail.remove(this);
    this.#onClose();
  }

  take(batch: EventBatch): void {
    this.#position = batch.endOffset;
    this.#wasResumed = false;
    this.#call(() => {
      const hasRoom = this.#consumer.deliver(batch);
      this.#hasRoom = hasRoom || this.#wasResumed;
    });
  }

  waitForWorkflow(): void {
    // All that a workflow will hold which does not exist yet comes after the start of this stream.
    if (this.#position === null && 'recentEvents' in this.#startAt) this.#startAt = { offset: 0 };
  }

  catchUp(): void {
    if (this.#mustRead()) this.#tail.turns.add(this, false);
  }

  step(): boolean {
    if (!this.#mustRead()) return false;
    try {
      const extent = this.#tail.extent();
      if (extent === null) return false;
      if (this.#position === null) this.#start(extent);
      else this.#readOn(extent, this.#position);
    } catch (cause) {
      this.#tail.readFailed(cause);
      return false;
    }
    if (this.#mustRead()) return true;
    // At the tail's position now: the tail may have stopped for want of a reader.
    if (this.hasRoom) this.#tail.wake();
    return false;
  }

  #mustRead(): boolean {
    if (!this.hasRoom) return false;
    const tailPosition = this.#tail.position;
    return this.#position === null || (tailPosition !== null && this.#position < tailPosition);
  }

  #start(extent: Extent): void {
    const startAt = this.#startAt;
    if ('recentEvents' in startAt) {
      this.#position = this.#tail.reader.positionOfLast(extent, startAt.recentEvents);
      this.#tail.begin(extent.lastId);
      return;
    }
    if (this.#fits(startAt.offset, extent)) {
      this.#position = startAt.offset;
    } else {
      this.#position = 0;
      this.#call(() => this.#consumer.reset());
    }
    this.#tail.begin(this.#position);
  }

  #fits(offset: number, { workflow, archivedId, endId }: Extent): boolean {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > endId) return false;
    return offset <= archivedId || offset === endId || this.#tail.reader.hasEvent(workflow, offset);
  }

  /** One page up to the tail. */
  #readOn({ workflow }: Extent, position: number): void {
    const upTo = this.#tail.position ?? 0;
    const { events, isLast } = this.#tail.reader.page(workflow, position, upTo);
    if (events.length > 0) this.take(batchOf(events));
    // Ids that were skipped or archived lie in between, or nothing at all.
    if (isLast && (this.#position ?? 0) < upTo) this.#position = upTo;
  }

  #call(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.#tail.log.consumerThrew(cause);
      this.close();
    }
  }
}
