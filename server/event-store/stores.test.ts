import { afterEach, beforeEach, expect, it } from 'vitest';
import { Reader, range } from '../event-log/testing/log-folder.ts';
import type { StartAt } from '../event-log/types.ts';
import type { SqliteStore } from './sqlite-store.ts';
import { SqliteFolder } from './testing/sqlite-folder.ts';
import { StoreFolder } from './testing/store-folder.ts';
import type { EventQuery, EventStore, NewEvent } from './types.ts';

/** What one store does, the other does: the same calls to both. */
let jsonl: StoreFolder;
let sqlite: SqliteFolder;
let sqliteStore: SqliteStore;
beforeEach(() => {
  jsonl = new StoreFolder();
  sqlite = new SqliteFolder();
  sqliteStore = sqlite.open();
});
afterEach(async () => {
  await jsonl.remove();
  await sqlite.remove();
});

async function both<T>(call: (store: EventStore) => Promise<T>): Promise<T> {
  const [ofFiles, ofDatabase] = await Promise.all([call(jsonl.store), call(sqliteStore)]);
  expect(ofDatabase).toEqual(ofFiles);
  return ofFiles;
}

async function read(store: EventStore, query: EventQuery): Promise<{ id: number; text: string }[]> {
  const found: { id: number; text: string }[] = [];
  for await (const { id, line } of store.read('w', query)) found.push({ id, text: line.toString() });
  return found;
}

async function follow(store: EventStore, startAt: StartAt, eventCount: number) {
  const reader = new Reader(store, 'w', startAt);
  await reader.gets(eventCount);
  reader.subscription.close();
  return { events: reader.events, resetCount: reader.resetCount };
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomEvents(random: () => number, count: number, fromMs: number): NewEvent[] {
  return range(1, count).map((n) => {
    const chance = random();
    const time = [`"timestamp":${fromMs + n}`, `"time":"${new Date(fromMs + n).toISOString()}"`, '"x":0'];
    const type = ['"type":"a"', '"event_type":"b"', '"type":7'];
    const text = 'grüße 🌊 '.repeat(30 * random() ** 3);
    const pick = (from: string[]) => from[Math.floor(random() * from.length)];
    const line = chance < 0.05 ? ` [${n},\r1]\r` : `{${pick(time)},${pick(type)},"text":"${text}"}`;
    const key = random() < 0.4 ? { key: `k${Math.floor(1000 * random())}` } : {};
    return { line: Buffer.from(line), ...key };
  });
}

it.each([1, 2, 3])('both stores give the same answers to the same calls (seed %i)', async (seed) => {
  const random = generator(seed);
  const ids = [0];
  for (let turn = 0; turn < 6; turn += 1) {
    const appended = randomEvents(random, Math.ceil(400 * random()), 1000 * turn);
    ids.push(...(await both((store) => store.append('w', appended))).ids);
    const beforeMs = 1000 * turn + 300 * random() - 700;
    if (turn % 2 === 1) await both((store) => store.archiveOlderThan(beforeMs));
    const place = () => ids[Math.floor(random() * ids.length)] ?? 0;
    for (let question = 0; question < 12; question += 1) {
      const sinceMs = 1000 * turn * random();
      const query: EventQuery = {
        direction: random() < 0.5 ? 'newer' : 'older',
        from: random() < 0.4 ? null : place() + (random() < 0.2 ? 1 : 0),
        limit: Math.ceil(500 * random()),
        ...(random() < 0.5 && { type: random() < 0.5 ? 'a' : 'b' }),
        ...(random() < 0.4 && { sinceMs }),
        ...(random() < 0.4 && { untilMs: sinceMs + 800 * random() }),
      };
      await both((store) => read(store, query));
    }
    const live = await both((store) => read(store, { direction: 'newer', from: null, limit: 1e6 }));
    const recentEvents = Math.floor(300 * random());
    await both((store) => follow(store, { recentEvents }, Math.min(recentEvents, live.length)));
    const offset = place() + (random() < 0.3 ? 1 : 0);
    const isOne = live.some(({ id }) => id === offset);
    const left = isOne ? live.filter(({ id }) => id > offset).length : live.length;
    await both((store) => follow(store, { offset }, left));
  }
});
