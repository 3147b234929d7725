import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../../event-log/path-watch.ts';
import { syncFolder, writeDurably } from './durable-files.ts';

export const KEYS_FILE = 'events.keys';

/** A client that was cut off tries again within minutes; a day has room for one that is repaired first. */
export const KEY_LIFE_MS = 24 * 3600 * 1000;
/** Of one workflow; beyond it the oldest are forgotten. In memory some 150 bytes each, and 80 in the file. */
export const MAX_KEYS = 50_000;

/** A line that was about to be written under a key. */
export interface Intent {
  digest: string;
  /** Where the log ended then: the line lies behind it, if it was written. */
  fromOffset: number;
}

interface KeyEntry {
  atMs: number;
  /** Of the event; null: nothing says whether the line was written. */
  id: number | null;
  intent: Intent | null;
}

/**
 * The keys of the events of one workflow, in `events.keys`: one text line a fact.
 *
 * - `intent KEY AT FROM DIGEST` is on the disk before the line is written to the log,
 * - `stored KEY AT ID` after it, when it suits. Where that is missing, as after a crash, the log itself is searched for the line.
 *
 * So a key is never known without its event, and no event is there whose key is not: whoever tries again after a crash gets the event
 * that was stored, or stores it now.
 */
export class KeyFile {
  readonly #path: string;
  /** The oldest first. */
  readonly #entries = new Map<string, KeyEntry>();
  /** Of the file. */
  #lineCount = 0;
  #isNew = false;

  private constructor(path: string) {
    this.#path = path;
  }

  static async load(folder: string): Promise<KeyFile> {
    const file = new KeyFile(join(folder, KEYS_FILE));
    let handle: FileHandle;
    try {
      handle = await open(file.#path, 'r');
    } catch (cause) {
      if (!hasCode(cause, 'ENOENT')) throw cause;
      file.#isNew = true;
      return file;
    }
    for await (const line of handle.readLines()) file.#take(line); // it closes the file, too
    return file;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Id of the event that has this key. */
  idOf(key: string): number | undefined {
    return this.#entries.get(key)?.id ?? undefined;
  }

  /** What was to be written, and perhaps was. */
  openIntents(): { key: string; intent: Intent }[] {
    const open: { key: string; intent: Intent }[] = [];
    for (const [key, { id, intent }] of this.#entries) {
      if (id === null && intent !== null) open.push({ key, intent });
    }
    return open;
  }

  /** Survives a power cut once it resolves. */
  async intend(intents: readonly { key: string; intent: Intent }[], atMs: number): Promise<void> {
    await this.#write(
      intents.map(({ key, intent }) => `intent ${key} ${atMs} ${intent.fromOffset} ${intent.digest}`),
      true,
    );
    for (const { key, intent } of intents) this.#put(key, { atMs, id: null, intent });
  }

  /** It was written under this id; null: it was not. */
  async settle(results: readonly { key: string; id: number | null }[], atMs: number): Promise<void> {
    for (const { key, id } of results) {
      if (id === null) this.#entries.delete(key);
      else this.#put(key, { atMs, id, intent: null });
    }
    // An intent that is not heard of again is looked for once more after a restart, and not found.
    const stored = results.filter(({ id }) => id !== null);
    await this.#write(
      stored.map(({ key, id }) => `stored ${key} ${atMs} ${id}`),
      false,
    );
    await this.#forgetOld(atMs);
  }

  async #forgetOld(nowMs: number): Promise<void> {
    for (const [key, { atMs }] of this.#entries) {
      if (this.#entries.size <= MAX_KEYS && atMs >= nowMs - KEY_LIFE_MS) break;
      this.#entries.delete(key);
    }
    // Two lines a key, and as many again before it is worth the writing.
    if (this.#lineCount <= 4 * this.#entries.size + 1000) return;
    const lines: string[] = [];
    for (const [key, { atMs, id, intent }] of this.#entries) {
      if (id !== null) lines.push(`stored ${key} ${atMs} ${id}\n`);
      else if (intent !== null) lines.push(`intent ${key} ${atMs} ${intent.fromOffset} ${intent.digest}\n`);
    }
    await writeDurably(this.#path, lines.join(''));
    this.#lineCount = lines.length;
  }

  async #write(lines: readonly string[], isDurable: boolean): Promise<void> {
    if (lines.length === 0) return;
    const handle = await open(this.#path, 'a');
    try {
      // The first line end completes what a crash has torn.
      await handle.appendFile(`\n${lines.join('\n')}\n`);
      if (isDurable) await handle.datasync();
    } finally {
      await handle.close();
    }
    this.#lineCount += lines.length;
    if (!isDurable || !this.#isNew) return;
    await syncFolder(dirname(this.#path));
    this.#isNew = false;
  }

  #take(line: string): void {
    const [kind, key, at, number, digest] = line.split(' ');
    if (key === undefined || at === undefined || number === undefined) return;
    this.#lineCount += 1;
    const atMs = Number(at);
    if (kind === 'stored') this.#put(key, { atMs, id: Number(number), intent: null });
    else if (kind === 'intent' && digest?.length === DIGEST_LENGTH) {
      this.#put(key, { atMs, id: null, intent: { digest, fromOffset: Number(number) } });
    }
    if (this.#entries.size > MAX_KEYS) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
  }

  #put(key: string, entry: KeyEntry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }
}

const DIGEST_LENGTH = 22;

/** 128 bits of SHA-256, as 22 characters: of a key of any length, or of a line. */
export function digestOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url').slice(0, DIGEST_LENGTH);
}
