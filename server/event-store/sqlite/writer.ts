import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EventFields } from '../event-fields.ts';
import type { AppendResult } from '../types.ts';
import type { NewLine } from './new-line.ts';
import { TimeBlocks } from './time-blocks.ts';

export interface WorkflowRow {
  workflow: number;
  /** Bytes of all lines so far: the next event's id is this and its own bytes. */
  endId: number;
}

/** Lines of a log being stored, in order, each with the id that its place in the file gives it. */
export interface Placing {
  add(id: number, line: string, fields: EventFields): void;
  /** @param endId offset behind the last line that was looked at, one that was skipped included */
  save(endId: number): void;
}

/** Puts events into the tables. Each method is a part of the transaction that its caller has begun. */
export class Writer {
  readonly #blocks: TimeBlocks;
  readonly #findWorkflow: StatementSync;
  readonly #makeWorkflow: StatementSync;
  readonly #setEnd: StatementSync;
  readonly #insertEvent: StatementSync;
  readonly #findKey: StatementSync;
  readonly #insertKey: StatementSync;

  constructor(database: DatabaseSync) {
    this.#blocks = new TimeBlocks(database);
    this.#findWorkflow = database.prepare('SELECT workflow, end_id FROM workflows WHERE name = ?');
    this.#makeWorkflow = database.prepare('INSERT INTO workflows (name) VALUES (?)');
    this.#setEnd = database.prepare('UPDATE workflows SET end_id = ? WHERE workflow = ?');
    this.#insertEvent = database.prepare(
      'INSERT INTO events (workflow, id, type, at_ms, line) VALUES (?, ?, ?, ?, ?)',
    );
    this.#findKey = database.prepare('SELECT id FROM event_keys WHERE workflow = ? AND key = ?');
    this.#insertKey = database.prepare('INSERT INTO event_keys (workflow, key, id) VALUES (?, ?, ?)');
  }

  /** Null: nothing of it was ever stored. */
  find(workflowId: string): WorkflowRow | null {
    const row = this.#findWorkflow.get(workflowId);
    return row === undefined ? null : { workflow: Number(row.workflow), endId: Number(row.end_id) };
  }

  append(workflowId: string, lines: readonly NewLine[]): AppendResult {
    if (lines.length === 0) return { ids: [], duplicateCount: 0 };
    const { workflow, endId } = this.#findOrMake(workflowId);
    const block = this.#blocks.open(workflow);
    const ids: number[] = [];
    let duplicateCount = 0;
    let end = endId;
    for (const line of lines) {
      const known = line.key === undefined ? undefined : this.#findKey.get(workflow, line.key);
      if (known !== undefined) {
        duplicateCount += 1;
        ids.push(Number(known.id));
        continue;
      }
      end += line.bytes;
      this.#insertEvent.run(workflow, end, line.type, line.atMs, line.line);
      block.add(end, line.atMs);
      if (line.key !== undefined) this.#insertKey.run(workflow, line.key, end);
      ids.push(end);
    }
    block.save();
    this.#setEnd.run(end, workflow);
    return { ids, duplicateCount };
  }

  /** Null: the workflow does not end at `fromId` (any more). */
  place(workflowId: string, fromId: number): Placing | null {
    const { workflow, endId } = this.#findOrMake(workflowId);
    if (endId !== fromId) return null;
    const block = this.#blocks.open(workflow);
    return {
      add: (id, line, { type, atMs }) => {
        this.#insertEvent.run(workflow, id, type, atMs, line);
        block.add(id, atMs);
      },
      save: (end) => {
        block.save();
        this.#setEnd.run(end, workflow);
      },
    };
  }

  #findOrMake(workflowId: string): WorkflowRow {
    const known = this.find(workflowId);
    if (known !== null) return known;
    const { lastInsertRowid } = this.#makeWorkflow.run(workflowId);
    return { workflow: Number(lastInsertRowid), endId: 0 };
  }
}
