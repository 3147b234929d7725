import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Reader } from '../../event-log/testing/log-folder.ts';
import type { StartAt } from '../../event-log/types.ts';
import { createJsonlStore, type JsonlStoreOptions } from '../jsonl-store.ts';
import type { EventQuery, EventStore, NewEvent } from '../types.ts';

/** A folder of workflows, a store over it that may be opened anew, and its removal. */
export class StoreFolder {
  readonly dir = mkdtempSync(join(tmpdir(), 'event-store-'));
  readonly logged: { facts: object; message: string }[] = [];
  readonly #options: Partial<JsonlStoreOptions>;
  #store: EventStore;

  constructor(options: Partial<JsonlStoreOptions> = {}) {
    this.#options = options;
    this.#store = this.#open();
  }

  get store(): EventStore {
    return this.#store;
  }

  #open(): EventStore {
    const log = (facts: object, message: string) => void this.logged.push({ facts, message });
    const logger = { info: log, warn: log };
    return createJsonlStore({ dir: this.dir, logger, freeAfterMs: 0, ...this.#options });
  }

  /** As after a restart of the process. */
  async reopen(): Promise<void> {
    await this.#store.close();
    this.#store = this.#open();
  }

  path(name = 'events.jsonl', workflowId = 'w'): string {
    return join(this.dir, workflowId, name);
  }

  /** As another process does it. */
  write(text: string | Buffer, workflowId = 'w'): void {
    mkdirSync(join(this.dir, workflowId), { recursive: true });
    appendFileSync(this.path('events.jsonl', workflowId), text);
  }

  content(): string {
    return readFileSync(this.path(), 'utf8');
  }

  async append(events: readonly NewEvent[]): Promise<number[]> {
    return (await this.#store.append('w', events)).ids;
  }

  follow(startAt: StartAt): Reader {
    return new Reader(this.#store, 'w', startAt);
  }

  async read(query: Partial<EventQuery> = {}): Promise<{ id: number; text: string }[]> {
    const events: { id: number; text: string }[] = [];
    const whole: EventQuery = { limit: 1e9, direction: 'newer', from: null, ...query };
    for await (const { id, line } of this.#store.read('w', whole)) events.push({ id, text: line.toString() });
    return events;
  }

  async remove(): Promise<void> {
    await this.#store.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function event(n: number, more: object = {}): NewEvent & { key: string } {
  return { line: Buffer.from(JSON.stringify({ n, at: n * 1000, ...more })), key: `key-${n}` };
}

/** Lines of events `from` to `to`, event n made n seconds after 1970. */
export function timed(from: number, to: number): string {
  let text = '';
  for (let n = from; n <= to; n += 1) text += `${event(n).line}\n`;
  return text;
}
