import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { type Reader, until } from '../event-log/testing/log-folder.ts';
import type { ArchivedPart } from './jsonl/archived-part.ts';
import type { FromChild, ToChild } from './testing/jsonl-child.ts';
import { StoreFolder } from './testing/store-folder.ts';

/** Each takes about half a second. `HYDROTEST_JSONL_KILLS=300` is for a night. */
const kills = Number(process.env.HYDROTEST_JSONL_KILLS ?? 4);

let folder: StoreFolder;
let child: ChildProcess | undefined;
afterEach(async () => {
  child?.kill('SIGKILL');
  await folder.remove();
});

/** What is in the archive and counts, byte for byte. */
function archived(): { text: string; endOffset: number } {
  let part: ArchivedPart;
  try {
    part = JSON.parse(readFileSync(folder.path('events.archived'), 'utf8')) as ArchivedPart;
  } catch {
    return { text: '', endOffset: 0 };
  }
  let text = '';
  for (const name of readdirSync(folder.path('archive')).sort()) {
    const end = Number(/-(\d+)\.jsonl\.gz$/.exec(name)?.[1] ?? Number.NaN);
    if (end <= part.endOffset) text += gunzipSync(readFileSync(folder.path(`archive/${name}`))).toString();
  }
  return { text, endOffset: part.endOffset };
}

/** What a client that tries again until it is answered has sent, and which ids it was told. */
class Client {
  readonly ids = new Map<string, number>();
  readonly unanswered = new Map<string, string>();
  #sentCount = 0;

  send(to: ChildProcess, at: number): void {
    this.#sentCount += 1;
    const key = `k${this.#sentCount}`;
    const line = JSON.stringify({ key, at });
    this.unanswered.set(key, line);
    to.send({ key, line } satisfies ToChild);
  }

  sendAgain(to: ChildProcess): void {
    for (const [key, line] of this.unanswered) to.send({ key, line } satisfies ToChild);
  }

  take({ key, id }: Exclude<FromChild, 'ready'>): void {
    this.unanswered.delete(key);
    expect(this.ids.get(key) ?? id).toBe(id);
    this.ids.set(key, id);
  }
}

interface SeenEvent {
  at: number;
  key?: string;
}

const seenBy = ({ data }: Reader) => data.map((text) => JSON.parse(text) as SeenEvent);

test(`killed ${kills} times while it stores and archives: each event is there once`, async () => {
  folder = new StoreFolder();
  folder.write('{"at":0}\n');
  const stream = folder.follow({ recentEvents: 1 });
  await stream.gets(1);
  const client = new Client();
  // It keeps the file open all the time, and knows nothing of an archive.
  const writer = openSync(folder.path(), 'a');
  let at = 0;
  let endBefore = 0;

  // Where the disk is slow, some more, with more time each, until one has archived something.
  for (let kill = 0; kill < kills || endBefore === 0; kill += 1) {
    const patience = Math.max(1, kill - kills + 2);
    const killed = fork(join(import.meta.dirname, 'testing', 'jsonl-child.ts'), [folder.dir], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child = killed;
    let isReady = false;
    killed.on('message', (message: FromChild) => {
      if (message === 'ready') isReady = true;
      else client.take(message);
    });
    const exited = new Promise((resolve) => killed.once('exit', resolve));
    await until(() => isReady);
    client.sendAgain(killed);
    // In steps, so that the moment of the kill falls anywhere into what it does.
    for (let step = (5 + Math.random() * 20) * patience; step > 0; step -= 1) {
      at += 1;
      writeSync(writer, `${JSON.stringify({ at })}\n`);
      at += 1;
      if (client.unanswered.size < 5) client.send(killed, at);
      // What the stream has, but for the last 20 events, may go: its space is given back at once here.
      const last = stream.data.at(-20);
      if (last !== undefined) killed.send({ archive: (JSON.parse(last) as SeenEvent).at } satisfies ToChild);
      await sleep(Math.random() * 8);
    }
    killed.kill('SIGKILL');
    await exited;

    const { text, endOffset } = archived();
    expect(Buffer.byteLength(text)).toBe(endOffset);
    expect(endOffset).toBeGreaterThanOrEqual(endBefore);
    endBefore = endOffset;
    const live = await folder.read();
    const whole = text + live.map((event) => `${event.text}\n`).join('');
    expect(whole.length).toBe(live.at(-1)?.id ?? endOffset);
    await until(() => stream.ids.at(-1) === live.at(-1)?.id);
    expect(stream.data.map((data) => `${data}\n`).join('')).toBe(whole);
  }
  closeSync(writer);

  const { ids } = await folder.store.append(
    'w',
    [...client.unanswered].map(([key, line]) => ({ key, line: Buffer.from(line) })),
  );
  [...client.unanswered.keys()].forEach((key, index) => {
    client.take({ key, id: Number(ids[index]) });
  });
  await until(() => seenBy(stream).filter(({ key }) => key !== undefined).length >= client.ids.size);
  const keys = stream.events.flatMap(({ id, data }) => {
    const { key } = JSON.parse(data) as SeenEvent;
    return key === undefined ? [] : [[key, id] as const];
  });
  expect(keys).toHaveLength(client.ids.size);
  expect(new Map(keys)).toEqual(client.ids);
  expect(stream.resetCount).toBe(0);
  expect(endBefore).toBeGreaterThan(0);
  stream.subscription.close();
}, 1_000_000);
