import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import pino, { type Logger } from 'pino';
import { createSqliteStore } from '../../event-store/sqlite-store.ts';
import { Imports } from '../../event-store/testing/imports.ts';
import { createEventLog, type EventLogOptions } from '../event-log.ts';
import type { EventBatch, EventConsumer, EventLog, StartAt, Subscription } from '../types.ts';

const DEADLINE_MS = 20_000;

/** Polls until the condition holds; throws with what was seen when it still does not after 20 s. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  seen: () => unknown = () => '',
): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`not so after ${DEADLINE_MS} ms: ${condition.toString()}; seen: ${String(seen())}`);
    }
    await sleep(5);
  }
}

/** What follows the logs of a folder: their tail, or the SQLite store that they are imported into. */
export const logKinds = ['jsonl', 'sqlite'] as const;
export type LogKind = (typeof logKinds)[number];

export interface LogFolderOptions extends Partial<EventLogOptions> {
  kind?: LogKind;
}

/** How soon the SQLite store finds what was imported. */
const SQLITE_POLL_MS = 5;

/** A folder of workflows in the system's temporary folder, a log that follows it, and its removal. */
export class LogFolder {
  readonly root = mkdtempSync(join(tmpdir(), 'event-log-'));
  /** Where the workflows are to be, below `root`. It is not made before something is appended. */
  readonly dir = join(this.root, 'state', 'agents');
  readonly logged: Record<string, unknown>[] = [];
  readonly logger: Logger;
  readonly log: EventLog;
  /** Brings what is appended into the store, as another process would. */
  readonly #imports: Imports | null;

  constructor({ kind = 'jsonl', ...options }: LogFolderOptions = {}) {
    const sink = new Writable({
      write: (line, _encoding, done) => {
        this.logged.push(JSON.parse(String(line)));
        done();
      },
    });
    this.logger = pino({}, sink);
    if (kind === 'sqlite') {
      const path = join(this.root, 'events.db');
      this.log = createSqliteStore({ path, logger: this.logger, pollMs: SQLITE_POLL_MS });
      this.#imports = new Imports(path, this.dir, options.maxLineBytes);
    } else {
      this.log = createEventLog({ dir: this.dir, logger: this.logger, ...options });
      this.#imports = null;
    }
  }

  path(workflowId = 'w'): string {
    return join(this.dir, workflowId, 'events.jsonl');
  }

  append(text: string | Buffer, workflowId = 'w'): void {
    mkdirSync(join(this.dir, workflowId), { recursive: true });
    appendFileSync(this.path(workflowId), text);
    this.#imports?.add(workflowId, this.path(workflowId));
  }

  follow(startAt: StartAt, workflowId = 'w'): Reader {
    return new Reader(this.log, workflowId, startAt);
  }

  async remove(): Promise<void> {
    await this.log.close();
    this.#imports?.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

export interface ReceivedEvent {
  id: number;
  data: string;
}

/** Lines `{"n":from}` to `{"n":to}`. */
export function numbered(from: number, to: number): string {
  let text = '';
  for (let n = from; n <= to; n += 1) text += `{"n":${n}}\n`;
  return text;
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** A stream that keeps what it gets. */
export class Reader implements EventConsumer {
  events: ReceivedEvent[] = [];
  readonly batches: EventBatch[] = [];
  resetCount = 0;
  /** Answers `deliver`; replaced by tests whose stream is full. */
  hasRoom: (batch: EventBatch) => boolean = () => true;
  readonly subscription: Subscription;

  constructor(log: EventLog, workflowId: string, startAt: StartAt) {
    this.subscription = log.subscribe(workflowId, startAt, this);
  }

  deliver(batch: EventBatch): boolean {
    const events = decodeEvents(batch.bytes);
    if (events.length !== batch.eventCount)
      throw new Error(`${events.length} events, not ${batch.eventCount}`);
    if (events.at(-1)?.id !== batch.endOffset) throw new Error(`last id is not ${batch.endOffset}`);
    this.events.push(...events);
    this.batches.push(batch);
    return this.hasRoom(batch);
  }

  reset(): void {
    this.resetCount += 1;
    this.events = [];
  }

  get data(): string[] {
    return this.events.map((event) => event.data);
  }

  /** The numbers in events made by `numbered`. */
  get numbers(): number[] {
    return this.data.map((data) => Number(JSON.parse(data).n));
  }

  get ids(): number[] {
    return this.events.map((event) => event.id);
  }

  async gets(eventCount: number): Promise<void> {
    await until(
      () => this.events.length >= eventCount,
      () => `${this.events.length} of ${eventCount} events`,
    );
  }
}

/** Reads events as the WHATWG algorithm does: fields by line, several `data` fields joined by LF. */
export function decodeEvents(bytes: Buffer): ReceivedEvent[] {
  const text = bytes.toString('utf8');
  if (!text.endsWith('\n\n')) throw new Error('the last event has no end');
  const blocks = text.slice(0, -2).split(/\r\n\r\n|\n\n|\r\r/);
  return blocks.map((block) => {
    const fields = block.split(/\r\n|\n|\r/);
    const values = (name: string) =>
      fields.filter((field) => field.startsWith(`${name}: `)).map((field) => field.slice(name.length + 2));
    const stray = fields.filter((field) => !/^(id|data): /.test(field));
    if (stray.length > 0) throw new Error(`no field: ${JSON.stringify(stray)}`);
    return { id: Number(values('id')[0]), data: values('data').join('\n') };
  });
}

/** Descriptors of this process that are open on something below a folder. Linux only. */
export async function openDescriptors(folder: string): Promise<string[]> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(folder));
}

/** Inotify watches of this process. Linux only. */
export async function watchCount(): Promise<number> {
  const names = await readdir('/proc/self/fdinfo');
  const infos = await Promise.all(
    names.map((name) => readFile(`/proc/self/fdinfo/${name}`, 'utf8').catch(() => '')),
  );
  return infos.join('').split('inotify wd:').length - 1;
}

/** Bytes that this process has read by read calls since it began. Linux only. */
export async function bytesReadSoFar(): Promise<number> {
  const io = await readFile('/proc/self/io', 'utf8');
  return Number(/^rchar: (\d+)$/m.exec(io)?.[1]);
}
