import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { TIME_BLOCK_BYTES, TIME_BLOCK_EVENTS } from './schema.ts';

/** The last time block of a workflow while events are added behind it. */
export interface OpenBlock {
  add(id: number, atMs: number | null): void;
  /** Writes what was added. */
  save(): void;
}

interface Block {
  /** The key under which it stands in the table; null: not yet. */
  savedLastId: number | null;
  lastId: number;
  firstId: number;
  eventCount: number;
  fromMs: number | null;
  toMs: number | null;
}

/** Keeps the table that tells which events a query of a time may pass over. */
export class TimeBlocks {
  readonly #last: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;

  constructor(database: DatabaseSync) {
    this.#last = database.prepare(
      'SELECT last_id, first_id, event_count, from_ms, to_ms FROM time_blocks WHERE workflow = ? ORDER BY last_id DESC LIMIT 1',
    );
    this.#insert = database.prepare(
      'INSERT INTO time_blocks (last_id, first_id, event_count, from_ms, to_ms, workflow) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#update = database.prepare(
      'UPDATE time_blocks SET last_id = ?, first_id = ?, event_count = ?, from_ms = ?, to_ms = ? WHERE workflow = ? AND last_id = ?',
    );
  }

  open(workflow: number): OpenBlock {
    let block = this.#read(workflow);
    const save = () => {
      if (block === null) return;
      const { savedLastId, lastId, firstId, eventCount, fromMs, toMs } = block;
      if (savedLastId === null) this.#insert.run(lastId, firstId, eventCount, fromMs, toMs, workflow);
      else this.#update.run(lastId, firstId, eventCount, fromMs, toMs, workflow, savedLastId);
      block.savedLastId = lastId;
    };
    return {
      add(id, atMs) {
        if (block !== null && isFull(block, id)) {
          save();
          block = null;
        }
        block ??= { savedLastId: null, lastId: id, firstId: id, eventCount: 0, fromMs: null, toMs: null };
        block.lastId = id;
        block.eventCount += 1;
        if (atMs === null) return;
        block.fromMs = Math.min(block.fromMs ?? atMs, atMs);
        block.toMs = Math.max(block.toMs ?? atMs, atMs);
      },
      save,
    };
  }

  #read(workflow: number): Block | null {
    const row = this.#last.get(workflow);
    if (row === undefined) return null;
    const lastId = Number(row.last_id);
    return {
      savedLastId: lastId,
      lastId,
      firstId: Number(row.first_id),
      eventCount: Number(row.event_count),
      fromMs: row.from_ms === null ? null : Number(row.from_ms),
      toMs: row.to_ms === null ? null : Number(row.to_ms),
    };
  }
}

/** Ids count bytes: what lies between two is what is read when all of the block is looked at. */
function isFull({ eventCount, firstId }: Block, id: number): boolean {
  return eventCount >= TIME_BLOCK_EVENTS || id - firstId > TIME_BLOCK_BYTES;
}
