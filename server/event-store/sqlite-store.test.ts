import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFolder, range, until } from '../event-log/testing/log-folder.ts';
import { openDatabase } from './sqlite/database.ts';
import type { SqliteStore } from './sqlite-store.ts';
import { events, follow, page, SqliteFolder } from './testing/sqlite-folder.ts';
import type { NewEvent } from './types.ts';

const MiB = 1024 ** 2;

let folder: SqliteFolder;
let store: SqliteStore;
beforeEach(() => {
  folder = new SqliteFolder();
  store = folder.open();
});
afterEach(() => folder.remove());

const numbers = (from: number, to: number) => events(...range(from, to).map((n) => ({ n })));
const keyed = (from: number, to: number): NewEvent[] =>
  range(from, to).map((n) => ({ line: Buffer.from(`{"n":${n}}`), key: `k${n}` }));

describe('append', () => {
  it('gives each event the id that a log of the same lines gives it', async () => {
    const lines = ['{"a":1}', '{"text":"grüße, 世界 🌊"}', '[1,\r2]', ' 3 ', '"\\u0000"', '4\r'];
    const { ids, duplicateCount } = await store.append(
      'w',
      lines.map((line) => ({ line: Buffer.from(line) })),
    );
    expect(duplicateCount).toBe(0);
    const reader = follow(store, { offset: 0 });
    await reader.gets(lines.length);
    expect(reader.ids).toEqual(ids);

    const log = new LogFolder();
    try {
      log.append(lines.map((line) => `${line}\n`).join(''));
      const ofLog = log.follow({ offset: 0 });
      await ofLog.gets(lines.length);
      expect(reader.events).toEqual(ofLog.events);
    } finally {
      await log.remove();
    }
  });

  it('reaches the streams of its workflow at once, and no other', async () => {
    await store.append('w', numbers(1, 3));
    const reader = follow(store, { recentEvents: 1 });
    const waiting = follow(store, { recentEvents: 1 }, 'new');
    await reader.gets(1);
    await store.append('w', numbers(4, 5));
    await store.append('new', numbers(1, 2));
    await Promise.all([reader.gets(3), waiting.gets(2)]);
    expect(reader.numbers).toEqual([3, 4, 5]);
    expect(waiting.numbers).toEqual([1, 2]);
  });

  it('hands each batch to all streams that stand at the end', async () => {
    await store.append('w', numbers(1, 1));
    const readers = Array.from({ length: 100 }, () => follow(store, { recentEvents: 1 }));
    await Promise.all(readers.map((reader) => reader.gets(1)));
    await store.append('w', numbers(2, 30));
    await Promise.all(readers.map((reader) => reader.gets(30)));
    for (const { batches } of readers) expect(batches[1]).toBe(readers[0]?.batches[1]);
  });

  it('stores a key once, in one append, in another and after a restart', async () => {
    const first = await store.append('w', [...keyed(1, 2), ...keyed(2, 3)]);
    expect(first).toEqual({ ids: [8, 16, 16, 24], duplicateCount: 1 });
    expect(await store.append('w', keyed(3, 4))).toEqual({ ids: [24, 32], duplicateCount: 1 });
    // The same key of another workflow is another one.
    expect(await store.append('other', keyed(1, 1))).toEqual({ ids: [8], duplicateCount: 0 });
    await store.close();
    store = folder.open();
    expect(await store.append('w', keyed(1, 5))).toEqual({ ids: [8, 16, 24, 32, 40], duplicateCount: 4 });
    expect((await page(store)).map(({ id }) => id)).toEqual([8, 16, 24, 32, 40]);
  });

  it('of an event that is none, among others, stores none of them, and the next one is stored', async () => {
    const wrong: Record<string, string | Buffer> = {
      'no JSON': '{"n":',
      nothing: '',
      'two lines': '{\n}',
      'no UTF-8': Buffer.from([0x22, 0xff, 0x22]),
      'more than 1 MiB': `"${'x'.repeat(MiB)}"`,
    };
    for (const [what, line] of Object.entries(wrong)) {
      const all = [...numbers(1, 1500), { line: Buffer.from(line) }, ...numbers(3, 4)];
      await expect(store.append('w', all), what).rejects.toMatchObject({ code: 'invalid-event' });
    }
    expect(await store.append('w', numbers(1, 1))).toEqual({ ids: [8], duplicateCount: 0 });
    expect(await folder.live()).toEqual([{ id: 8, line: '{"n":1}' }]);
  });

  it('may be as large as it likes, with others in between', async () => {
    const wide = range(1, 5000).map((n) => ({ n, filler: 'x'.repeat(500) }));
    const appends = [store.append('w', events(...wide)), store.append('small', numbers(1, 1))];
    const [large] = await Promise.all(appends);
    expect(large?.ids.length).toBe(5000);
    const reader = follow(store, { offset: 0 });
    await reader.gets(5000);
    expect(reader.numbers).toEqual(range(1, 5000));
    for (const { bytes } of reader.batches) expect(bytes.length).toBeLessThanOrEqual(MiB / 4);
  });

  it('of nothing makes no workflow', async () => {
    expect(await store.append('w', [])).toEqual({ ids: [], duplicateCount: 0 });
    expect(store.workflowIds(10)).toEqual([]);
  });

  it('asked for before close is stored, and after it refused', async () => {
    const appends = range(1, 20).map((n) => store.append('w', numbers(n, n)));
    await store.close();
    const ids = (await Promise.all(appends)).map((result) => result.ids);
    // Numbers below 10 make 8 bytes, the others 9.
    expect(ids).toEqual(range(1, 20).map((n) => [n < 10 ? 8 * n : 72 + 9 * (n - 9)]));
    await expect(store.append('w', numbers(1, 1))).rejects.toMatchObject({ code: 'closed' });
    expect((await folder.live()).length).toBe(20);
  });
});

describe('what another process stores', () => {
  it('is found by the poll', async () => {
    const polling = folder.open({ pollMs: 5 });
    const reader = follow(polling, { recentEvents: 1 });
    await store.append('w', numbers(1, 2));
    await reader.gets(2);
    await store.append('w', numbers(3, 4));
    await reader.gets(4);
    expect(reader.numbers).toEqual([1, 2, 3, 4]);
  });

  it('gets ids in one row with what this one stores', async () => {
    const other = folder.open();
    const turns = range(1, 40).map((n) => (n % 2 === 0 ? store : other).append('w', numbers(n % 10, n % 10)));
    const ids = (await Promise.all(turns)).flatMap((result) => result.ids);
    expect(ids.sort((a, b) => a - b)).toEqual(range(1, 40).map((n) => 8 * n));
  });
});

it('streams in front of and behind lines that were skipped share what follows', async () => {
  const folder = new LogFolder({ kind: 'sqlite' });
  try {
    folder.append('{"n":1}\nbad\n');
    const behind = folder.follow({ offset: 12 });
    const before = folder.follow({ recentEvents: 1 });
    await before.gets(1);
    folder.append('{"n":2}\n');
    await Promise.all([behind.gets(1), before.gets(2)]);
    expect([behind.ids, before.ids, behind.resetCount]).toEqual([[20], [8, 20], 0]);
    expect(before.batches.at(-1)).toBe(behind.batches.at(-1));
  } finally {
    await folder.remove();
  }
});

describe('archiving', () => {
  const at = (atMs: number | null, n: number) => (atMs === null ? { n } : { n, timestamp: atMs });
  const lines = (texts: { line: string }[]) => texts.map(({ line }) => JSON.parse(line).n);

  it('takes the first events up to the last old one, and leaves the rest', async () => {
    const times = [null, 10, null, 20, null, 100, 30, null];
    await store.append('w', events(...times.map((time, n) => at(time, n))));
    await store.append('young', events(at(100, 0)));
    await store.append('timeless', events(at(null, 0)));
    const before = await folder.live();
    expect(await store.archiveOlderThan(100)).toMatchObject({ workflowCount: 1, eventCount: 4 });
    expect(lines(await folder.archived())).toEqual([0, 1, 2, 3]);
    expect([...(await folder.archived()), ...(await folder.live())].sort((a, b) => a.id - b.id)).toEqual(
      before.sort((a, b) => a.id - b.id),
    );
    expect(await store.archiveOlderThan(100)).toEqual({ workflowCount: 0, eventCount: 0, bytes: 0 });
  });

  it('is not noticed by streams and readers of the rest', async () => {
    const count = 10_000;
    const all = range(1, count).map((n) => at(n, n));
    const { ids } = await store.append('w', events(...all));
    const live = follow(store, { recentEvents: 1 });
    await live.gets(1);
    const cut = 7777;
    const result = await store.archiveOlderThan(cut + 1);
    expect(result).toMatchObject({ workflowCount: 1, eventCount: cut });
    expect(result.bytes).toBe(ids[cut - 1]);
    expect(lines(await folder.archived())).toEqual(range(1, cut));

    const recent = follow(store, { recentEvents: count });
    const known = follow(store, { offset: ids[cut + 99] ?? -1 });
    const gone = follow(store, { offset: ids[99] ?? -1 });
    const border = follow(store, { offset: ids[cut - 1] ?? -1 });
    const nowhere = follow(store, { offset: (ids[cut + 99] ?? -1) + 1 });
    await Promise.all([recent, gone, border, nowhere].map((reader) => reader.gets(count - cut)));
    await known.gets(count - cut - 100);
    for (const reader of [recent, gone, border, nowhere]) {
      expect(reader.numbers).toEqual(range(cut + 1, count));
      expect(reader.ids).toEqual(ids.slice(cut));
    }
    expect(known.numbers).toEqual(range(cut + 101, count));
    expect([recent, known, gone, border, nowhere].map(({ resetCount }) => resetCount)).toEqual([
      0, 0, 0, 0, 1,
    ]);
    // The block that was cut is counted right.
    const some = follow(store, { recentEvents: 2000 });
    await some.gets(2000);
    expect(some.numbers).toEqual(range(count - 1999, count));
    expect((await page(store, { limit: 2, from: ids[5] ?? null })).map(({ id }) => id)).toEqual(
      ids.slice(cut, cut + 2),
    );
    expect((await page(store, { sinceMs: 0, untilMs: cut + 3 })).map(({ id }) => id)).toEqual(
      ids.slice(cut, cut + 2),
    );

    const next = await store.append('w', events(at(count + 1, count + 1)));
    await live.gets(2);
    expect(live.ids.at(-1)).toBe(next.ids[0]);
    expect(next.ids[0]).toBeGreaterThan(ids.at(-1) ?? 0);
  });

  it('of all that there is leaves a workflow that goes on', async () => {
    const { ids } = await store.append('w', events(at(1, 1), at(2, 2)));
    await store.append('w', [{ line: Buffer.from('{"n":3,"timestamp":3}'), key: 'k' }]);
    expect(await store.archiveOlderThan(1000)).toMatchObject({ eventCount: 3 });
    const readers = [follow(store, { recentEvents: 5 }), follow(store, { offset: ids[0] ?? -1 })];
    const early = follow(store, { offset: 0 });
    const again = await store.append('w', [{ line: Buffer.from('{"n":3,"timestamp":3}'), key: 'k' }]);
    expect(again.duplicateCount).toBe(1);
    await store.append('w', events(at(4, 4)));
    for (const reader of [...readers, early]) {
      await reader.gets(1);
      expect([reader.numbers, reader.resetCount]).toEqual([[4], 0]);
    }
  });

  it('is broken off by close, and the next run goes on', async () => {
    const count = 10_000;
    await store.append('w', events(...range(1, count).map((n) => at(n, n))));
    const before = await folder.live();
    const run = store.archiveOlderThan(count + 1);
    const refused = expect(run).rejects.toMatchObject({ code: 'closed' });
    await store.close();
    await refused;
    const left = await folder.live();
    expect(left.length).toBeGreaterThan(0);
    expect([...(await folder.archived()), ...left]).toEqual(before);
    store = folder.open();
    expect(await store.archiveOlderThan(count + 1)).toMatchObject({ eventCount: left.length });
  });

  it('tells where the bytes are', async () => {
    const text = range(1, 300).join(' ');
    await store.append('w', events(...range(1, 2000).map((n) => ({ ...at(n, n), text }))));
    const before = await store.diskUse();
    expect(before.archivedBytes).toBe(0);
    expect(before.liveBytes).toBeGreaterThan(2000 * text.length);
    await store.archiveOlderThan(1500);
    await store.close();
    store = folder.open();
    const after = await store.diskUse();
    expect(after.archivedBytes).toBeGreaterThan(0);
    expect(after.archivedBytes).toBeLessThan((1500 * text.length) / 2);
    expect(after.liveBytes).toBeLessThan(before.liveBytes / 2);
  });
});

describe('a database', () => {
  it.each([
    [true, 2],
    [false, 1],
  ])(
    'that is durable (%s) waits for the disk at each commit: synchronous is %i',
    (isDurable, synchronous) => {
      const database = openDatabase({ path: folder.path, isDurable });
      expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous });
      expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
      database.close();
    },
  );

  it('of a later release is refused and left as it is', async () => {
    await store.close();
    await folder.look((database) => database.exec('PRAGMA user_version = 99'));
    expect(() => folder.open()).toThrow(/later release \(version 99; this one knows \d+\)/);
  });

  it('that is none is refused', async () => {
    await folder.look(() => undefined);
    const path = `${folder.root}/other.db`;
    writeFileSync(path, 'something else, long enough to be taken for what it is not '.repeat(100));
    expect(() => folder.open({ path })).toThrow(expect.objectContaining({ code: 'cannot-open' }));
  });

  it('that another process writes to lets an append wait, and no stream', async () => {
    await store.append('w', numbers(1, 1));
    const reader = follow(store, { recentEvents: 1 });
    await reader.gets(1);
    await folder.look(async (database) => {
      database.exec('BEGIN IMMEDIATE');
      const append = store.append('w', numbers(2, 2));
      // Streams are served meanwhile.
      const other = follow(store, { recentEvents: 1 });
      await other.gets(1);
      database.exec('COMMIT');
      await append;
      await other.gets(2);
    });
    expect(reader.numbers).toEqual([1, 2]);
  });

  it('that another process keeps to itself refuses an append, and takes the next', async () => {
    const hasty = folder.open({ lockMs: 20 });
    await folder.look(async (database) => {
      database.exec('BEGIN IMMEDIATE');
      await expect(hasty.append('w', numbers(1, 1))).rejects.toMatchObject({ code: 'busy' });
      database.exec('COMMIT');
    });
    expect(await hasty.append('w', numbers(1, 1))).toEqual({ ids: [8], duplicateCount: 0 });
  });

  it('that cannot be written any more refuses an append, and takes the next once it can be', async () => {
    await folder.look((database) => database.exec('PRAGMA user_version = 99'));
    const refused = store.append('w', numbers(1, 1));
    await expect(refused).rejects.toMatchObject({
      code: 'not-stored',
      message: expect.stringContaining('later release'),
    });
    const database = new DatabaseSync(folder.path);
    database.exec('PRAGMA user_version = 1');
    database.close();
    expect(await store.append('w', numbers(1, 1))).toEqual({ ids: [8], duplicateCount: 0 });
  });

  it('lists its workflows by name', async () => {
    for (const workflowId of ['b', 'c', 'a']) await store.append(workflowId, numbers(1, 1));
    expect(store.workflowIds(10)).toEqual(['a', 'b', 'c']);
    expect(store.workflowIds(2)).toEqual(['a', 'b']);
  });

  it('whose last stream is gone is not asked any more', async () => {
    await store.append('w', numbers(1, 1));
    const reader = follow(store, { recentEvents: 1 });
    await reader.gets(1);
    expect(store.openTailCount).toBe(1);
    reader.subscription.close();
    expect(store.openTailCount).toBe(0);
    await store.append('w', numbers(2, 2));
    await until(async () => (await page(store)).length === 2);
    expect(reader.numbers).toEqual([1]);
  });
});
