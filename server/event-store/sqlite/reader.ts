import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { StoredEvent } from '../types.ts';
import { LINE_COLUMN, lineOf } from './line-column.ts';

/** How far a workflow goes. */
export interface Extent {
  workflow: number;
  /** Id of the last event; where there is none left, of the last one that was archived, or 0. */
  lastId: number;
  /** Id of the last event that was archived, or 0. */
  archivedId: number;
  /** Bytes of all lines, those that were skipped behind the last event included. */
  endId: number;
}

/** A page ends with the event that makes it this long: what the JSONL log reads at once. */
const PAGE_BYTES = 64 * 1024;
/** Or with so many events, where they are short: each takes its time, too. */
const PAGE_EVENTS = 1000;
/** What an event takes on the wire beside its line, at most. */
const EVENT_HEAD_BYTES = 32;

/** Reads from the tables, a page at most in each call: some 2 ms. */
export class Reader {
  readonly #extent: StatementSync;
  readonly #lastEvent: StatementSync;
  readonly #hasEvent: StatementSync;
  readonly #page: StatementSync;
  readonly #blocksBackwards: StatementSync;
  readonly #nthLast: StatementSync;
  readonly #workflows: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #diskUse: StatementSync;

  constructor(database: DatabaseSync) {
    this.#extent = database.prepare('SELECT workflow, end_id, archived_id FROM workflows WHERE name = ?');
    this.#lastEvent = database.prepare('SELECT id FROM events WHERE workflow = ? ORDER BY id DESC LIMIT 1');
    this.#hasEvent = database.prepare('SELECT 1 FROM events WHERE workflow = ? AND id = ?');
    this.#page = database.prepare(
      `SELECT id, ${LINE_COLUMN} FROM events WHERE workflow = ? AND id > ? AND id <= ? ORDER BY id`,
    );
    this.#blocksBackwards = database.prepare(
      'SELECT first_id, event_count FROM time_blocks WHERE workflow = ? ORDER BY last_id DESC',
    );
    this.#nthLast = database.prepare(
      'SELECT id FROM events WHERE workflow = ? AND id < ? ORDER BY id DESC LIMIT 1 OFFSET ?',
    );
    this.#workflows = database.prepare('SELECT name FROM workflows ORDER BY name LIMIT ?');
    this.#dataVersion = database.prepare('PRAGMA data_version');
    this.#diskUse = database.prepare(
      `SELECT (pages.page_count - free.freelist_count) * size.page_size AS used_bytes, archived_bytes
       FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size, disk_use`,
    );
  }

  /** Null: nothing of the workflow was ever stored. */
  extent(workflowId: string): Extent | null {
    const row = this.#extent.get(workflowId);
    if (row === undefined) return null;
    const workflow = Number(row.workflow);
    const archivedId = Number(row.archived_id);
    const last = this.#lastEvent.get(workflow);
    return {
      workflow,
      lastId: last === undefined ? archivedId : Number(last.id),
      archivedId,
      endId: Number(row.end_id),
    };
  }

  hasEvent(workflow: number, id: number): boolean {
    return this.#hasEvent.get(workflow, id) !== undefined;
  }

  /** The id behind which the last so many events lie. Passes over whole time blocks: it costs the same in a workflow of any size. */
  positionOfLast(extent: Extent, eventCount: number): number {
    if (eventCount === 0) return extent.lastId;
    let left = eventCount;
    let upTo = Number.MAX_SAFE_INTEGER;
    for (const row of this.#blocksBackwards.iterate(extent.workflow)) {
      if (Number(row.event_count) > left) break;
      left -= Number(row.event_count);
      upTo = Number(row.first_id);
    }
    const before = this.#nthLast.get(extent.workflow, upTo, left);
    return before === undefined ? extent.archivedId : Number(before.id);
  }

  /** Events behind `from` up to `upTo`, oldest first: so many as fit into a page, and one at least. Fewer than none: there are no more. */
  page(workflow: number, from: number, upTo: number): { events: StoredEvent[]; isLast: boolean } {
    const events: StoredEvent[] = [];
    let bytes = 0;
    for (const row of this.#page.iterate(workflow, from, upTo)) {
      const line = lineOf(row);
      const isFull = bytes + line.length + EVENT_HEAD_BYTES > PAGE_BYTES || events.length >= PAGE_EVENTS;
      if (events.length > 0 && isFull) return { events, isLast: false };
      bytes += line.length + EVENT_HEAD_BYTES;
      events.push({ id: Number(row.id), line });
    }
    return { events, isLast: true };
  }

  /** Sorted by name. */
  workflowIds(most: number): string[] {
    return this.#workflows.all(most).map((row) => String(row.name));
  }

  /** Pages that are free count for nothing: what comes next takes them. */
  diskUse(): { usedBytes: number; archivedBytes: number } {
    const row = this.#diskUse.get();
    return { usedBytes: Number(row?.used_bytes), archivedBytes: Number(row?.archived_bytes) };
  }

  /** Changes whenever another connection, of this process or of another one, has written something. */
  dataVersion(): number {
    return Number(this.#dataVersion.get()?.data_version);
  }
}
