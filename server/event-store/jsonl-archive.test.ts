import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { range } from '../event-log/testing/log-folder.ts';
import { LOCK_FILE } from './jsonl/archive-lock.ts';
import { event, StoreFolder, timed } from './testing/store-folder.ts';

let folder: StoreFolder;
afterEach(() => folder.remove());

/** Bytes of events 1 to n. */
const upTo = (n: number) => timed(1, n).length;
const archive = (beforeSeconds: number) => folder.store.archiveOlderThan(beforeSeconds * 1000);
const numbers = async () => (await folder.read()).map(({ text }) => JSON.parse(text).n as number);

function archived(): string {
  const names = readdirSync(folder.path('archive')).sort();
  return names.map((name) => gunzipSync(readFileSync(folder.path(`archive/${name}`))).toString()).join('');
}

test('what is older goes into the archive, byte for byte, and what stays has the ids that it had', async () => {
  folder = new StoreFolder();
  folder.write(timed(1, 1000));
  const before = await folder.read();
  expect(await archive(401)).toEqual({ workflowCount: 1, eventCount: 400, bytes: upTo(400) });
  expect(archived()).toBe(timed(1, 400));
  expect(await folder.read()).toEqual(before.slice(400));
  expect(await folder.read({ direction: 'older', limit: 2 })).toEqual(before.slice(-2).toReversed());
  expect(await folder.read({ direction: 'older', from: upTo(402) })).toEqual([before[400]]);

  expect(await archive(401)).toEqual({ workflowCount: 0, eventCount: 0, bytes: 0 });
  expect(await archive(701)).toMatchObject({ eventCount: 300 });
  expect(archived()).toBe(timed(1, 700));
  await folder.reopen();
  expect(await folder.read()).toEqual(before.slice(700));
});

test.runIf(process.platform === 'linux')(
  'its space is given back, but for what tells the file again',
  async () => {
    folder = new StoreFolder();
    folder.write(timed(1, 20_000));
    const { size } = statSync(folder.path());
    const live = await folder.store.diskUse();
    expect(live).toEqual({ liveBytes: size, archivedBytes: 0 });
    await archive(19_001);
    const use = await folder.store.diskUse();
    expect(use.liveBytes).toBeLessThan(0.1 * size);
    expect(use.archivedBytes).toBeGreaterThan(0);
    expect(statSync(folder.path()).size).toBe(size);
    // Nothing of what is served is touched.
    expect(await numbers()).toEqual(range(19_001, 20_000));
  },
);

test('the space stays as long as a stream that began before may read there', async () => {
  folder = new StoreFolder({ freeAfterMs: 3_600_000 });
  folder.write(timed(1, 1000));
  const slow = folder.follow({ recentEvents: 1000 });
  slow.hasRoom = () => false;
  await slow.gets(1);
  await archive(1001);
  expect(folder.content()).toBe(timed(1, 1000));
  slow.hasRoom = () => true;
  slow.subscription.resume();
  await slow.gets(1000);
  expect(slow.numbers).toEqual(range(1, 1000));
  expect(slow.resetCount).toBe(0);
  slow.subscription.close();
});

describe('a stream', () => {
  test('that is open does not notice: nothing is lost, sent twice or begun anew', async () => {
    folder = new StoreFolder();
    folder.write(timed(1, 50));
    const stream = folder.follow({ recentEvents: 10 });
    await stream.gets(10);
    await archive(31);
    folder.write(timed(51, 60));
    await stream.gets(20);
    await archive(61); // all of it
    folder.write(timed(61, 70));
    await stream.gets(30);
    expect(stream.numbers).toEqual(range(41, 70));
    expect(stream.resetCount).toBe(0);
    expect(stream.ids.at(-1)).toBe(upTo(70));
    stream.subscription.close();
  });

  test.each([
    ['begins with what is live', { recentEvents: 100 }, 31, 0],
    ['goes on at the first event that is live, from an id in the archive', { offset: upTo(10) }, 31, 0],
    ['likewise from the last one in it', { offset: upTo(30) }, 31, 0],
    ['likewise from no event at all', { offset: 0 }, 31, 0],
    ['goes on behind an event that is live', { offset: upTo(40) }, 41, 0],
    ['begins anew with what is live, from an id that is none', { offset: upTo(40) + 1 }, 31, 1],
  ])('%s', async (_what, startAt, first, resets) => {
    folder = new StoreFolder();
    folder.write(timed(1, 50));
    await archive(31);
    const stream = folder.follow(startAt);
    await stream.gets(51 - first);
    expect(stream.numbers).toEqual(range(first, 50));
    expect(stream.resetCount).toBe(resets);
    stream.subscription.close();
  });

  test('goes on where all was archived, with ids that go on', async () => {
    folder = new StoreFolder();
    folder.write(timed(1, 30));
    await archive(31);
    const streams = [folder.follow({ offset: upTo(5) }), folder.follow({ recentEvents: 5 })];
    const [id] = await folder.append([event(31)]);
    for (const stream of streams) {
      await stream.gets(1);
      expect(stream.events).toEqual([{ id, data: String(event(31).line) }]);
      expect(stream.resetCount).toBe(0);
      stream.subscription.close();
    }
    expect(id).toBe(upTo(31));
  });
});

test('it ends in front of the first event that is young, and takes what has no time with what is old', async () => {
  folder = new StoreFolder();
  const lines = ['{"n":0}', '{"at":1}', 'no JSON', '{"n":1}', '{"at":2}', '{"n":2}', '{"at":9}', '{"at":1}'];
  folder.write(`${lines.join('\n')}\n{"at":`);
  expect(await folder.store.archiveOlderThan(5)).toMatchObject({ eventCount: 4 });
  expect(archived()).toBe(`${lines.slice(0, 5).join('\n')}\n`);
  expect((await folder.read()).map(({ text }) => text)).toEqual(lines.slice(5));
});

test('a log put in place of an archived one is a new one: its events are served, and archived beside the others', async () => {
  folder = new StoreFolder();
  folder.write(timed(1, 100));
  await archive(51);
  rmSync(folder.path());
  folder.write(timed(200, 400));
  expect(await numbers()).toEqual(range(200, 400));
  await archive(301);
  expect(archived()).toBe(timed(1, 50) + timed(200, 300));
  expect(await numbers()).toEqual(range(301, 400));
});

test('a log that was copied back from a backup is the same one', async () => {
  folder = new StoreFolder();
  folder.write(timed(1, 100));
  await archive(51);
  writeFileSync(folder.path('copy'), readFileSync(folder.path()));
  renameSync(folder.path('copy'), folder.path());
  expect(await numbers()).toEqual(range(51, 100));
  const stream = folder.follow({ offset: upTo(20) });
  await stream.gets(50);
  expect(stream.resetCount).toBe(0);
  stream.subscription.close();
});

describe('what a run has left that was killed', () => {
  test('a copy that is not finished, or is and does not count yet, is thrown away', async () => {
    folder = new StoreFolder();
    folder.write(timed(1, 100));
    await archive(21);
    const [first] = readdirSync(folder.path('archive'));
    const name = (from: number, to: number) =>
      `events-0-${String(upTo(from)).padStart(16, '0')}-${String(upTo(to)).padStart(16, '0')}.jsonl.gz`;
    expect(first).toBe(name(0, 20));
    writeFileSync(folder.path(`archive/${name(20, 40)}`), 'whole, but not renamed for');
    writeFileSync(folder.path(`archive/${name(20, 50)}.part`), 'torn');
    expect(await numbers()).toEqual(range(21, 100));
    await archive(61);
    expect(archived()).toBe(timed(1, 60));
    expect(readdirSync(folder.path('archive'))).toEqual([name(0, 20), name(20, 60)]);
    expect(await numbers()).toEqual(range(61, 100));
  });

  test('a lock of a process that is gone is taken over, one of a process that lives is not', async () => {
    folder = new StoreFolder();
    folder.write(timed(1, 10));
    const lock = folder.path(`../${LOCK_FILE}`);
    writeFileSync(lock, JSON.stringify({ pid: process.pid, host: hostname(), token: 'x' }));
    await expect(archive(5)).rejects.toThrow(`process ${process.pid} on`);
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), token: 'x' }));
    expect(await archive(5)).toMatchObject({ eventCount: 4 });
    expect(readdirSync(folder.dir)).toEqual(['w']);
  });
});

test('a workflow that cannot be archived is told, and the others are', async () => {
  folder = new StoreFolder();
  folder.write(timed(1, 10));
  folder.write(timed(1, 10), 'v');
  writeFileSync(folder.path('events.archived', 'v'), 'no JSON');
  await expect(archive(5)).rejects.toThrow('1 workflows could not be archived');
  expect(await numbers()).toEqual(range(5, 10));
  expect(folder.logged).toMatchObject([{ facts: { workflowId: 'v' } }]);
});

test('a store that is closed ends its run: what it has not reached stays, and the next run takes it', async () => {
  folder = new StoreFolder();
  for (let w = 0; w < 12; w += 1) folder.write(timed(1, 10), `w${w}`);
  folder.write(timed(1, 10));
  const run = archive(5);
  const closed = folder.store.close();
  await expect(run).rejects.toThrow('the event store is closed');
  await closed;
  expect(folder.logged).toEqual([]);
  await folder.reopen();
  expect((await archive(5)).workflowCount).toBeGreaterThan(0);
  expect(await numbers()).toEqual(range(5, 10));
});

test('a log that was cut is a new one', async () => {
  folder = new StoreFolder();
  folder.write(timed(1, 100));
  await archive(51);
  truncateSync(folder.path(), upTo(20));
  expect(await archive(0)).toMatchObject({ eventCount: 0 });
  expect(archived()).toBe(timed(1, 50));
});
