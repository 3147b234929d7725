import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { inTransaction } from './database.ts';

/** What one transaction moves, at most: the lock is held for some 10 ms. */
const STEP_EVENTS = 1000;
const STEP_BYTES = 1024 * 1024;

export interface ArchivedStep {
  eventCount: number;
  /** Of all lines up to the last event, those that were skipped included, each with its newline. */
  bytes: number;
}

interface Run {
  lastId: number;
  eventCount: number;
  lines: Buffer;
}

/** Moves the first events of workflows into compressed runs, each run in a transaction of its own. */
export class Archiver {
  readonly #database: DatabaseSync;
  readonly #workflows: StatementSync;
  readonly #blocks: StatementSync;
  readonly #firstSince: StatementSync;
  readonly #lastWithTime: StatementSync;
  readonly #events: StatementSync;
  readonly #archivedId: StatementSync;
  readonly #insertRun: StatementSync;
  readonly #deleteEvents: StatementSync;
  readonly #deleteBlocks: StatementSync;
  readonly #setArchived: StatementSync;
  readonly #addBytes: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#workflows = database.prepare('SELECT workflow FROM workflows ORDER BY workflow');
    this.#blocks = database.prepare(
      'SELECT first_id, last_id, to_ms FROM time_blocks WHERE workflow = ? ORDER BY last_id',
    );
    this.#firstSince = database.prepare(
      'SELECT id FROM events WHERE workflow = ? AND id BETWEEN ? AND ? AND at_ms >= ? ORDER BY id LIMIT 1',
    );
    this.#lastWithTime = database.prepare(
      'SELECT id FROM events WHERE workflow = ? AND id BETWEEN ? AND ? AND at_ms IS NOT NULL ORDER BY id DESC LIMIT 1',
    );
    this.#events = database.prepare(
      'SELECT id, line FROM events WHERE workflow = ? AND id <= ? ORDER BY id LIMIT ?',
    );
    this.#archivedId = database.prepare('SELECT archived_id FROM workflows WHERE workflow = ?');
    this.#insertRun = database.prepare(
      'INSERT INTO archived_runs (workflow, last_id, event_count, lines) VALUES (?, ?, ?, ?)',
    );
    this.#deleteEvents = database.prepare('DELETE FROM events WHERE workflow = ? AND id <= ?');
    this.#deleteBlocks = database.prepare('DELETE FROM time_blocks WHERE workflow = ? AND last_id <= ?');
    this.#setArchived = database.prepare('UPDATE workflows SET archived_id = ? WHERE workflow = ?');
    this.#addBytes = database.prepare('UPDATE disk_use SET archived_bytes = archived_bytes + ?');
  }

  workflows(): number[] {
    return this.#workflows.all().map((row) => Number(row.workflow));
  }

  /** Id of the last event to be moved; 0: none is. */
  cutOf(workflow: number, beforeMs: number): number {
    let cut = 0;
    for (const { first_id, last_id, to_ms } of this.#blocks.iterate(workflow)) {
      if (to_ms === null) continue;
      const [firstId, lastId] = [Number(first_id), Number(last_id)];
      const isWhole = Number(to_ms) < beforeMs;
      const stop = isWhole ? undefined : this.#firstSince.get(workflow, firstId, lastId, beforeMs);
      const upTo = stop === undefined ? lastId : Number(stop.id) - 1;
      const last = this.#lastWithTime.get(workflow, firstId, upTo);
      if (last !== undefined) cut = Number(last.id);
      if (stop !== undefined) break;
    }
    return cut;
  }

  /** Moves the first events of a workflow, up to the cut; null: there are none left. */
  step(workflow: number, cut: number): ArchivedStep | null {
    const archivedId = Number(this.#archivedId.get(workflow)?.archived_id);
    const run = this.#nextRun(workflow, cut);
    if (run === null) return null;
    const { lastId, eventCount, lines } = run;
    const isMoved = inTransaction(this.#database, () => {
      // Another process may have moved them meanwhile.
      if (this.#archivedId.get(workflow)?.archived_id !== archivedId) return false;
      this.#insertRun.run(workflow, lastId, eventCount, lines);
      this.#deleteEvents.run(workflow, lastId);
      // One that has lost its first events stays as it was: what it tells too much is looked at, and not found.
      this.#deleteBlocks.run(workflow, lastId);
      this.#setArchived.run(lastId, workflow);
      this.#addBytes.run(lines.length);
      return true;
    });
    return isMoved ? { eventCount, bytes: lastId - archivedId } : { eventCount: 0, bytes: 0 };
  }

  #nextRun(workflow: number, cut: number): Run | null {
    const texts: string[] = [];
    let bytes = 0;
    let lastId = 0;
    for (const { id, line } of this.#events.iterate(workflow, cut, STEP_EVENTS)) {
      const text = String(line);
      texts.push(`${id}\t${text}\n`);
      bytes += Buffer.byteLength(text) + 1;
      lastId = Number(id);
      if (bytes >= STEP_BYTES) break;
    }
    if (texts.length === 0) return null;
    return { lastId, eventCount: texts.length, lines: gzipSync(texts.join('')) };
  }
}
