import { afterEach, beforeEach, expect, it } from 'vitest';
import { range } from '../../event-log/testing/log-folder.ts';
import type { SqliteStore } from '../sqlite-store.ts';
import { events, page, SqliteFolder } from '../testing/sqlite-folder.ts';
import type { EventQuery } from '../types.ts';

let folder: SqliteFolder;
let store: SqliteStore;
beforeEach(() => {
  folder = new SqliteFolder();
  store = folder.open();
});
afterEach(() => folder.remove());

interface Made {
  id: number;
  type: string | null;
  atMs: number | null;
}

/** What a query is to give, by looking at everything. */
function expected(made: readonly Made[], query: EventQuery): number[] {
  const { sinceMs, untilMs, type, limit, direction, from } = query;
  const hits = made.filter((event) => {
    if (type !== undefined && event.type !== type) return false;
    if (sinceMs !== undefined && (event.atMs === null || event.atMs < sinceMs)) return false;
    if (untilMs !== undefined && (event.atMs === null || event.atMs >= untilMs)) return false;
    return from === null || (direction === 'newer' ? event.id > from : event.id < from);
  });
  const ids = hits.map(({ id }) => id);
  return (direction === 'newer' ? ids : ids.reverse()).slice(0, limit);
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const shapes: Record<string, (n: number, random: () => number) => number | null> = {
  'one after the other': (n) => n,
  'nearly so': (n, random) => n + 300 * random(),
  'in no order': (_n, random) => Math.floor(12_000 * random()),
  'in runs that go back': (n) => n % 5000,
  'often missing': (n, random) => (random() < 0.7 ? null : n),
};

it.each(Object.entries(shapes))(
  'finds what a look at everything finds, with times %s',
  async (_name, time) => {
    const random = generator(7);
    const values = range(1, 9000).map((n) => {
      const chance = random();
      const type = chance < 0.001 ? 'rare' : chance < 0.6 ? 'often' : chance < 0.8 ? 'half' : null;
      // One type stops: none of it lies in the later blocks.
      return { type: n > 4500 && type === 'half' ? 'late' : type, at: time(n, random) };
    });
    const { ids } = await store.append('w', events(...values));
    const made = values.map(({ type, at }, index) => ({ id: ids[index] ?? 0, type, atMs: at }));
    const types = [undefined, undefined, 'rare', 'often', 'half', 'late', 'none'];
    for (let turn = 0; turn < 40; turn += 1) {
      const since = random() < 0.5 ? undefined : 10_000 * random();
      const until = random() < 0.5 ? undefined : (since ?? 0) + 10 ** (4 * random());
      const type = types[Math.floor(random() * types.length)];
      const query: EventQuery = {
        ...(since !== undefined && { sinceMs: since }),
        ...(until !== undefined && { untilMs: until }),
        ...(type !== undefined && { type }),
        limit: Math.ceil(10 ** (4 * random())),
        direction: random() < 0.5 ? 'newer' : 'older',
        from: random() < 0.4 ? null : Math.floor(random() * (ids.at(-1) ?? 0)),
      };
      const found = (await page(store, query)).map(({ id }) => id);
      expect(found, JSON.stringify(query)).toEqual(expected(made, query));
    }
  },
);

it('gives the lines as they are, and none of another workflow', async () => {
  // The second one is long enough to be read as bytes.
  const text = 'grüße, 世界 🌊';
  const [first, second] = [
    { type: 'a', text },
    { event_type: 'a', text: text.repeat(500) },
  ];
  await store.append('w', events(first, second));
  await store.append('other', events(first));
  const found = await page(store, { type: 'a', direction: 'older' });
  expect(found.map(({ line }) => JSON.parse(line.toString()))).toEqual([second, first]);
  expect(await page(store, {}, 'unknown')).toEqual([]);
  expect(await page(store, { limit: 0 })).toEqual([]);
});

it('reads on as it is asked, and can be left', async () => {
  await store.append('w', events(...range(1, 3000)));
  let count = 0;
  for await (const { line } of store.read('w', { direction: 'older', from: null, limit: 2500 })) {
    expect(Number(line.toString())).toBe(3000 - count);
    count += 1;
    if (count === 2000) break;
  }
  expect(count).toBe(2000);
});

it.each([
  [
    'the last thousand',
    'SELECT id, line FROM events WHERE workflow = 1 ORDER BY id DESC LIMIT 1000',
    /USING PRIMARY KEY/,
  ],
  [
    'a type',
    "SELECT id FROM events WHERE workflow = 1 AND type = 'a' AND id > 5 ORDER BY id LIMIT 1",
    /USING (COVERING )?INDEX events_of_type/,
  ],
  [
    'a time',
    'SELECT last_id FROM time_blocks WHERE workflow = 1 AND last_id > 5 AND to_ms >= 1 ORDER BY last_id LIMIT 1',
    /USING PRIMARY KEY/,
  ],
])('%s is found by its index, without a sort', async (_what, sql, plan) => {
  const steps = await folder.look((database) =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail)),
  );
  expect(steps).toEqual([expect.stringMatching(plan)]);
});
