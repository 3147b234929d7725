import { createHash } from 'node:crypto';
import type { EventQuery, EventStore, StoredEvent } from '../event-store/types.ts';
import { type Cursor, encodeCursor, type HistoryQuery } from './history-query.ts';

/** A page up to this size is read once; of a larger one nothing is held, and it is read again as it is sent. */
const HELD_BYTES = 256 * 1024;

const HEAD = '{"events":[';

/** What a page holds, and its head. */
export interface HistoryPage {
  next: string | null;
  prev: string | null;
  /** Of the content: the same bytes have the same, others another one. */
  etag: string;
  bodyBytes: number;
  /** All of the body; null: it is too long to be held, and comes from `again`. */
  body: Buffer | null;
  /** Reads the events of exactly this page, in its order. */
  again: EventQuery;
}

/**
 * Looks at the page that a query asks for. Null: `isWanted` said so, as nobody waits for it any more.
 *
 * A page that lies before a cursor is read from the cursor backwards, and given in the direction of the list all the same.
 */
export async function lookAtPage(
  store: Pick<EventStore, 'read'>,
  workflowId: string,
  query: HistoryQuery,
  isWanted: () => boolean,
): Promise<HistoryPage | null> {
  const { cursor, direction, limit, ...filter } = query;
  const goesBack = cursor?.way === 'prev';
  const hash = createHash('sha256').update(`${direction} ${goesBack}\n`);
  let held: Buffer[] | null = [];
  let eventBytes = 0;
  let firstId: number | null = null;
  let lastId: number | null = null;
  let count = 0;
  const reading: EventQuery = {
    ...filter,
    limit,
    direction: goesBack ? opposite(direction) : direction,
    from: cursor?.position ?? null,
  };
  for await (const event of store.read(workflowId, reading)) {
    if (!isWanted()) return null;
    const bytes = encodeEvent(event);
    hash.update(bytes);
    eventBytes += bytes.length;
    held?.push(bytes);
    if (eventBytes > HELD_BYTES) held = null;
    firstId ??= event.id;
    lastId = event.id;
    count += 1;
  }
  if (goesBack) {
    [firstId, lastId] = [lastId, firstId];
    held?.reverse();
  }
  const isFull = count === limit;
  const { next, prev } = cursorsOf({ cursor, direction, firstId, lastId, isFull });
  const tail = `],"next":${JSON.stringify(next)},"prev":${JSON.stringify(prev)}}\n`;
  hash.update(tail);
  return {
    next,
    prev,
    etag: `"${hash.digest('base64url').slice(0, 27)}"`,
    bodyBytes: HEAD.length + eventBytes + Math.max(0, count - 1) + tail.length,
    body: held && Buffer.from(`${HEAD}${held.join(',')}${tail}`),
    again: { ...filter, limit: count, direction, from: firstId === null ? null : ahead(direction, firstId) },
  };
}

/** The body of a page that was looked at, in pieces of an event each. Throws where it is not the same any more: then it cannot be had. */
export async function* bodyOf(
  store: Pick<EventStore, 'read'>,
  workflowId: string,
  { again, next, prev }: HistoryPage,
): AsyncGenerator<Buffer> {
  yield Buffer.from(HEAD);
  let count = 0;
  for await (const event of store.read(workflowId, again)) {
    if (count > 0) yield Buffer.from(',');
    yield encodeEvent(event);
    count += 1;
  }
  if (count < again.limit) throw new Error('events of a page were archived while it was sent');
  yield Buffer.from(`],"next":${JSON.stringify(next)},"prev":${JSON.stringify(prev)}}\n`);
}

function encodeEvent({ id, line }: StoredEvent): Buffer {
  return Buffer.concat([Buffer.from(`{"id":${id},"event":`), line, Buffer.from('}')]);
}

function opposite(direction: EventQuery['direction']): EventQuery['direction'] {
  return direction === 'newer' ? 'older' : 'newer';
}

/** The place right in front of an event, for one who reads in a direction. */
function ahead(direction: EventQuery['direction'], id: number): number {
  return direction === 'newer' ? id - 1 : id + 1;
}

interface PageEnds {
  cursor: Cursor | null;
  direction: EventQuery['direction'];
  /** In the order of the list; null: the page is empty. */
  firstId: number | null;
  lastId: number | null;
  isFull: boolean;
}

/**
 * Where the list goes on: null where it has ended, which a page shows by not being full. Back there is always a way from a page that a
 * cursor has led to, and from the newest events to those that come after them.
 */
function cursorsOf({ cursor, direction, firstId, lastId, isFull }: PageEnds): {
  next: string | null;
  prev: string | null;
} {
  const make = (way: Cursor['way'], position: number) => encodeCursor({ direction, way, position });
  const goesBack = cursor?.way === 'prev';
  if (firstId === null || lastId === null) {
    if (cursor === null) return { next: null, prev: null };
    const { position } = cursor;
    return goesBack
      ? { next: make('next', ahead(direction, position)), prev: null }
      : { next: null, prev: make('prev', ahead(opposite(direction), position)) };
  }
  const isStart = cursor === null && direction === 'newer';
  return {
    next: goesBack || isFull ? make('next', lastId) : null,
    prev: isStart || (goesBack && !isFull) ? null : make('prev', firstId),
  };
}
