import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventQuery, StoredEvent } from '../types.ts';
import { LINE_COLUMN, lineOf } from './line-column.ts';

type Direction = EventQuery['direction'];

/** A page ends with the event that makes it this long, and what one step passes over without a hit is one time block. */
const PAGE_BYTES = 64 * 1024;
const PAGE_EVENTS = 1000;
/** So long the steps of a query may take before everything else has its turn. */
const SLICE_MS = 2;

interface Block {
  firstId: number;
  lastId: number;
}

interface Step {
  events: StoredEvent[];
  isOver: boolean;
}

const over: Step = { events: [], isOver: true };

interface Filter {
  sinceMs: number;
  untilMs: number;
  type: string | null;
  hasTime: boolean;
}

/**
 * Finds events in the order of their ids, in steps of at most a page or a time block each.
 *
 * A type has an index. A time has none: of the time blocks those that overlap the span are searched, and the others passed over. With
 * both, the next event of the type tells which block is the next to look at.
 */
export class QueryReader {
  readonly #findWorkflow: StatementSync;
  readonly #statements: Record<Direction, DirectedStatements>;

  constructor(database: DatabaseSync) {
    this.#findWorkflow = database.prepare('SELECT workflow FROM workflows WHERE name = ?');
    this.#statements = { newer: directed(database, 'newer'), older: directed(database, 'older') };
  }

  async *read(workflowId: string, query: EventQuery): AsyncGenerator<StoredEvent> {
    const row = this.#findWorkflow.get(workflowId);
    if (row === undefined) return;
    const search = new Search(this.#statements[query.direction], Number(row.workflow), query);
    let sliceEndMs = performance.now() + SLICE_MS;
    for (;;) {
      const { events, isOver } = search.step();
      yield* events;
      if (isOver) return;
      if (events.length === 0 && performance.now() < sliceEndMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceEndMs = performance.now() + SLICE_MS;
    }
  }
}

interface DirectedStatements {
  isNewer: boolean;
  /** Events between two ids, the bounds left out, without and with a type. */
  all: StatementSync;
  ofType: StatementSync;
  ofTime: StatementSync;
  ofTypeAndTime: StatementSync;
  nextOfType: StatementSync;
  nextBlock: StatementSync;
}

function directed(database: DatabaseSync, direction: Direction): DirectedStatements {
  const isNewer = direction === 'newer';
  const order = isNewer ? 'ASC' : 'DESC';
  const type = 'AND type = $type';
  const time = 'AND at_ms >= $since AND at_ms < $until';
  const events = (filter: string, index = '') =>
    database.prepare(
      `SELECT id, ${LINE_COLUMN} FROM events ${index} WHERE workflow = $workflow AND id > $after AND id < $before ${filter} ORDER BY id ${order} LIMIT $limit`,
    );
  const ofType = 'INDEXED BY events_of_type';
  return {
    isNewer,
    all: events(''),
    ofType: events(type, ofType),
    ofTime: events(time),
    ofTypeAndTime: events(`${type} ${time}`, ofType),
    nextOfType: database.prepare(
      `SELECT id FROM events ${ofType} WHERE workflow = $workflow AND type = $type AND id > $after AND id < $before ORDER BY id ${order} LIMIT 1`,
    ),
    // Backwards, it begins with the block that the bound lies in or behind.
    nextBlock: database.prepare(
      isNewer
        ? `SELECT first_id, last_id FROM time_blocks WHERE workflow = $workflow AND last_id > $after
             AND to_ms >= $since AND from_ms < $until ORDER BY last_id LIMIT 1`
        : `SELECT first_id, last_id FROM time_blocks WHERE workflow = $workflow
             AND last_id <= coalesce((SELECT last_id FROM time_blocks WHERE workflow = $workflow AND last_id >= $before ORDER BY last_id LIMIT 1), $before)
             AND first_id < $before AND to_ms >= $since AND from_ms < $until ORDER BY last_id DESC LIMIT 1`,
    ),
  };
}

/** One query under way: the ids between which it still has to look. */
class Search {
  readonly #statements: DirectedStatements;
  readonly #workflow: number;
  readonly #filter: Filter;
  #left: number;
  /** Both bounds are left out. */
  #after = -1;
  #before = Number.MAX_SAFE_INTEGER;

  constructor(statements: DirectedStatements, workflow: number, query: EventQuery) {
    this.#statements = statements;
    this.#workflow = workflow;
    this.#left = query.limit;
    this.#filter = {
      sinceMs: query.sinceMs ?? Number.NEGATIVE_INFINITY,
      untilMs: query.untilMs ?? Number.POSITIVE_INFINITY,
      type: query.type ?? null,
      hasTime: query.sinceMs !== undefined || query.untilMs !== undefined,
    };
    if (query.from !== null) this.#moveBehind(query.from, query.from);
  }

  step(): Step {
    if (this.#left <= 0) return over;
    const { type, hasTime } = this.#filter;
    if (!hasTime) return this.#page(type === null ? this.#statements.all : this.#statements.ofType, null);
    const block = this.#nextBlock();
    if (block === null) return over;
    this.#moveBefore(block.firstId, block.lastId);
    if (type === null) return this.#page(this.#statements.ofTime, block);
    const next = this.#statements.nextOfType.get(this.#bounds({ type }));
    if (next === undefined) return over;
    const id = Number(next.id);
    if (id >= block.firstId && id <= block.lastId) return this.#page(this.#statements.ofTypeAndTime, block);
    // None of this type lies between here and there.
    this.#moveBefore(id, id);
    return { events: [], isOver: false };
  }

  #nextBlock(): Block | null {
    const { sinceMs: since, untilMs: until } = this.#filter;
    const { after, before } = this.#bounds({});
    const from = this.#statements.isNewer ? { after } : { before };
    const row = this.#statements.nextBlock.get({ workflow: this.#workflow, ...from, since, until });
    if (row === undefined) return null;
    const block = { firstId: Number(row.first_id), lastId: Number(row.last_id) };
    return block.firstId < before && block.lastId > after ? block : null;
  }

  /** So many events as fit into a page: of the block, or of all that are left. */
  #page(statement: StatementSync, block: Block | null): Step {
    const { sinceMs: since, untilMs: until, type } = this.#filter;
    const events: StoredEvent[] = [];
    let bytes = 0;
    const parameters = this.#bounds({
      limit: Math.min(this.#left, Number.MAX_SAFE_INTEGER),
      ...(type !== null && { type }),
      ...(block !== null && { since, until }),
    });
    if (block !== null) {
      parameters.after = Math.max(parameters.after, block.firstId - 1);
      parameters.before = Math.min(parameters.before, block.lastId + 1);
    }
    let isFull = false;
    for (const row of statement.iterate(parameters)) {
      const line = lineOf(row);
      events.push({ id: Number(row.id), line });
      bytes += line.length;
      isFull = bytes >= PAGE_BYTES || events.length >= PAGE_EVENTS;
      if (isFull) break;
    }
    this.#left -= events.length;
    const last = events.at(-1);
    if (isFull && last !== undefined) this.#moveBehind(last.id, last.id);
    else if (block !== null) this.#moveBehind(block.firstId, block.lastId);
    return { events, isOver: this.#left <= 0 || (!isFull && block === null) };
  }

  #bounds<More extends Record<string, string | number>>(more: More) {
    return { workflow: this.#workflow, after: this.#after, before: this.#before, ...more };
  }

  /** What lies between the two is to come next. */
  #moveBefore(firstId: number, lastId: number): void {
    if (this.#statements.isNewer) this.#after = Math.max(this.#after, firstId - 1);
    else this.#before = Math.min(this.#before, lastId + 1);
  }

  /** What lies between the two is done with. */
  #moveBehind(firstId: number, lastId: number): void {
    if (this.#statements.isNewer) this.#after = Math.max(this.#after, lastId);
    else this.#before = Math.min(this.#before, firstId);
  }
}
