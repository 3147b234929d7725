import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../../harness/verdict/theil-sen.ts';
import type { Subscription } from '../../server/event-log/types.ts';
import { databasePath } from '../../server/event-store/sqlite/database.ts';
import { createSqliteStore, type SqliteStore } from '../../server/event-store/sqlite-store.ts';
import type { EventQuery } from '../../server/event-store/types.ts';
import type { Measurement, Row } from '../server/measurement.ts';
import { percentile } from '../server/statistics.ts';
import { runImport } from './import-process.ts';
import { madeAt, makeLog, rareType } from './made-log.ts';
import type { StoreBenchOptions } from './options.ts';

const WORKFLOW = 'flow';
const LAST = 1000;
const TARGET_MS = 10;
const WARM_UPS = 20;
const TIMES = 300;
const GB = 1e9;
const MiB = 1024 ** 2;

type Ask = (store: SqliteStore) => Promise<number>;

/** How long answers take in a workflow of ten million events, with a warm cache. Imports first what is not there yet. */
export async function measurePages({
  dir,
  events: eventCount,
  quick,
}: StoreBenchOptions): Promise<Measurement[]> {
  const folder = join(dir, `events-${eventCount}`);
  const imported = await importOnce(folder, eventCount);
  const store = createSqliteStore({ path: databasePath(folder), logger: console });
  try {
    const middle = madeAt(eventCount / 2);
    const rows: Row[] = [];
    for (const [what, ask, isTarget] of asks(middle)) {
      rows.push(await measureAsk(store, what, ask, isTarget, quick ? 20 : TIMES));
    }
    const title = `Answers from a workflow of ${eventCount.toLocaleString('en')} events, warm cache`;
    const pages = {
      title,
      target: `the last ${LAST.toLocaleString('en')} in less than ${TARGET_MS} ms (median)`,
      rows,
    };
    return imported === null ? [pages] : [imported, pages];
  } finally {
    await store.close();
  }
}

/** Null: all of it, or the first part, was imported by a run before this one. */
async function importOnce(folder: string, eventCount: number): Promise<Measurement | null> {
  const log = makeLog(folder, WORKFLOW, eventCount);
  const wasThere = existsSync(databasePath(folder));
  const { seconds, peakRssBytes } = await runImport(folder);
  if (wasThere) return null;
  const logBytes = statSync(log).size;
  const row: Row = {
    what: `${eventCount.toLocaleString('en')} events`,
    figures: {
      'log GB': (logBytes / GB).toFixed(2),
      'database GB': (statSync(databasePath(folder)).size / GB).toFixed(2),
      s: seconds.toFixed(0),
      'events/s': Math.round(eventCount / seconds).toLocaleString('en'),
      'peak RSS, MiB': (peakRssBytes / MiB).toFixed(0),
    },
    ok: peakRssBytes < 256 * MiB,
  };
  return { title: 'Import of one log', target: 'in less than 256 MiB of memory', rows: [row] };
}

function asks(middleMs: number): [what: string, ask: Ask, isTarget: boolean][] {
  const page = (query: Partial<EventQuery>): Ask => {
    const whole: EventQuery = { direction: 'older', from: null, limit: LAST, ...query };
    return async (store) => {
      let count = 0;
      for await (const _event of store.read(WORKFLOW, whole)) count += 1;
      return count;
    };
  };
  const hundred = { limit: 100 };
  return [
    [`last ${LAST} as a page`, page({}), true],
    [`last ${LAST} as a stream`, (store) => startStream(store), true],
    ['100 since the middle of the time', page({ ...hundred, direction: 'newer', sinceMs: middleMs }), false],
    ['100 before the middle of the time', page({ ...hundred, untilMs: middleMs }), false],
    [
      '100 of a common type since the middle',
      page({ ...hundred, direction: 'newer', type: 'message', sinceMs: middleMs }),
      false,
    ],
    ['100 of a type that is 1 in 100,000', page({ ...hundred, type: rareType }), false],
    ['the same, before the middle', page({ ...hundred, type: rareType, untilMs: middleMs }), false],
    ['100 of a type that there is not', page({ ...hundred, type: 'none' }), false],
    ['100 of a time that there is not', page({ ...hundred, sinceMs: middleMs * 2 }), false],
  ];
}

/** From the subscription to the last event of its start. */
async function startStream(store: SqliteStore): Promise<number> {
  let subscription: Subscription | undefined;
  const received = await new Promise<number>((resolve) => {
    let count = 0;
    subscription = store.subscribe(
      WORKFLOW,
      { recentEvents: LAST },
      {
        deliver({ eventCount }) {
          count += eventCount;
          if (count >= LAST) resolve(count);
          return true;
        },
        reset: () => undefined,
      },
    );
  });
  subscription?.close();
  return received;
}

async function measureAsk(
  store: SqliteStore,
  what: string,
  ask: Ask,
  isTarget: boolean,
  times: number,
): Promise<Row> {
  let count = 0;
  for (let n = 0; n < WARM_UPS; n += 1) count = await ask(store);
  if (isTarget && count !== LAST) throw new Error(`${what}: ${count} events, not ${LAST}`);
  const ms: number[] = [];
  for (let n = 0; n < times; n += 1) {
    const startedMs = performance.now();
    await ask(store);
    ms.push(performance.now() - startedMs);
  }
  ms.sort((a, b) => a - b);
  return {
    what,
    figures: {
      events: count.toLocaleString('en'),
      'median ms': median(ms).toFixed(2),
      'p99 ms': percentile(ms, 0.99).toFixed(2),
    },
    ok: !isTarget || median(ms) < TARGET_MS,
  };
}
