import { encodeLogEvents, logEvent } from '../../event-log/encode.ts';
import type { TailLog } from '../../event-log/tail-log.ts';
import type { EventBatch } from '../../event-log/types.ts';
import type { StoredEvent } from '../types.ts';
import type { Extent, Reader } from './reader.ts';
import type { Job, Turns } from './turns.ts';

/**
 * How far the tail may lie behind a stream that starts at the end, in bytes of lines. Up to here the stream waits for the tail;
 * beyond it the tail jumps forward, and the streams behind it catch up from the table.
 */
const MAX_LAG_BYTES = 256 * 1024;

export interface SqliteTailOptions {
  workflowId: string;
  reader: Reader;
  turns: Turns;
  log: TailLog;
}

/** What the tail knows of a subscription. */
export interface SqliteFollower {
  /** Id of the last event that it got or passed; null: not known yet. */
  readonly position: number | null;
  readonly hasRoom: boolean;
  take(batch: EventBatch): void;
  /** There is no such workflow: whatever will be in it, is new. */
  waitForWorkflow(): void;
  /** Takes its turns, if there is something to read for itself and room for it. */
  catchUp(): void;
}

/**
 * The one tail of a workflow, shared by its subscriptions. It holds an id and no event.
 *
 * It reads on only while a follower stands at its position with room for more; followers behind it read for themselves, up
 * to its position.
 */
export class SqliteTail implements Job {
  readonly log: TailLog;
  readonly #options: SqliteTailOptions;
  readonly #followers = new Set<SqliteFollower>();
  #position: number | null = null;
  #hasFailed = false;
  #isClosed = false;

  constructor(options: SqliteTailOptions) {
    this.#options = options;
    this.log = options.log;
  }

  /** Id of the last event handed out; null: no subscription has said yet where to begin. */
  get position(): number | null {
    return this.#position;
  }

  /** Bytes of lines that are stored and were not read yet: nobody has had them. */
  get lagBytes(): number {
    const lastId = this.#position === null ? 0 : (this.extent()?.lastId ?? 0);
    return Math.max(0, lastId - (this.#position ?? 0));
  }

  get followerCount(): number {
    return this.#followers.size;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** A read went wrong: the poll has to wake it. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  get reader(): Reader {
    return this.#options.reader;
  }

  get turns(): Turns {
    return this.#options.turns;
  }

  extent(): Extent | null {
    return this.reader.extent(this.#options.workflowId);
  }

  add(follower: SqliteFollower): void {
    this.#followers.add(follower);
    this.wake();
  }

  remove(follower: SqliteFollower): void {
    this.#followers.delete(follower);
  }

  /** There may be something new. Never calls a follower before it returns. */
  wake(): void {
    if (!this.#isClosed) this.turns.add(this, true);
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.turns.remove(this);
    this.#followers.clear();
  }

  /** A stream begins here: the tail must not be far behind. */
  begin(position: number): void {
    if (this.#position !== null && position - this.#position <= MAX_LAG_BYTES) return;
    this.#position = position;
    for (const follower of this.#followers) follower.catchUp();
    this.wake();
  }

  readFailed(cause: unknown): void {
    this.log.failed('read', cause);
    this.#hasFailed = true;
  }

  step(): boolean {
    this.#hasFailed = false;
    try {
      return this.#readOn();
    } catch (cause) {
      this.readFailed(cause);
      return false;
    }
  }

  #readOn(): boolean {
    for (const follower of this.#followers) follower.catchUp();
    const extent = this.extent();
    this.log.succeeded('read');
    if (extent === null) {
      for (const follower of this.#followers) follower.waitForWorkflow();
      return false;
    }
    const from = this.#position;
    if (from === null || from >= extent.lastId || !this.#isAwaitedAt(from)) return false;
    const { events } = this.reader.page(extent.workflow, from, extent.lastId);
    if (events.length === 0) return false;
    const batch = batchOf(events);
    this.#position = batch.endOffset;
    for (const follower of this.#followers) {
      if (follower.position === from && follower.hasRoom) follower.take(batch);
    }
    return !this.#isClosed;
  }

  #isAwaitedAt(id: number): boolean {
    for (const { position, hasRoom } of this.#followers) {
      // A follower ahead of the tail waits for it to come.
      if (hasRoom && position !== null && position >= id) return true;
    }
    return false;
  }
}

export function batchOf(events: readonly StoredEvent[]): EventBatch {
  const encoded = events.map(({ id, line }) => logEvent(line, id));
  return {
    bytes: encodeLogEvents(encoded),
    eventCount: events.length,
    endOffset: events.at(-1)?.id ?? 0,
  };
}
