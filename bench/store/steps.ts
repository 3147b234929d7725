import { join } from 'node:path';
import { median } from '../../harness/verdict/theil-sen.ts';
import { openDatabase } from '../../server/event-store/sqlite/database.ts';
import { Reader } from '../../server/event-store/sqlite/reader.ts';
import { batchOf } from '../../server/event-store/sqlite/sqlite-tail.ts';
import { createSqliteStore } from '../../server/event-store/sqlite-store.ts';
import type { Measurement, Row } from '../server/measurement.ts';
import type { StoreBenchOptions } from './options.ts';

const TARGET_MS = 5;
const TIMES = 200;

const lines: [what: string, count: number, line: (n: number) => string][] = [
  ['lines of one byte', 10_000, () => '1'],
  ['usual lines', 10_000, (n) => `{"type":"message","timestamp":${n},"text":"${'x'.repeat(150)}"}`],
  ['lines of 5 KB', 3000, (n) => `{"type":"message","timestamp":${n},"text":"${'x'.repeat(5000)}"}`],
  ['lines of 1 MiB of two-byte characters', 3, () => `"${'ü'.repeat(524_000)}"`],
];

/** How long one step of a read holds up the event loop: a page of a stream, and a query that looks at all of a time block. */
export async function measureSteps({ dir }: StoreBenchOptions): Promise<Measurement[]> {
  const path = join(dir, 'steps', 'events.db');
  const store = createSqliteStore({ path, logger: console });
  for (const [what, count, line] of lines) {
    const events = Array.from({ length: count }, (_, n) => ({ line: Buffer.from(line(n)), key: String(n) }));
    await store.append(what, events);
  }
  await store.close();
  const database = openDatabase({ path, isDurable: false });
  const reader = new Reader(database);
  const search = database.prepare(
    `SELECT id FROM events WHERE workflow = $workflow AND id BETWEEN
       (SELECT first_id FROM time_blocks WHERE workflow = $workflow ORDER BY last_id LIMIT 1) AND
       (SELECT last_id FROM time_blocks WHERE workflow = $workflow ORDER BY last_id LIMIT 1) AND at_ms > 1e15`,
  );
  const rows = lines.flatMap(([what]): Row[] => {
    const extent = reader.extent(what);
    if (extent === null) throw new Error(`${what}: not stored`);
    const { workflow, lastId } = extent;
    return [
      measureStep(`page of ${what}, encoded`, () => batchOf(reader.page(workflow, 0, lastId).events)),
      measureStep(`time block of ${what}`, () => search.all({ workflow })),
    ];
  });
  database.close();
  return [{ title: 'One step of a read', target: `less than ${TARGET_MS} ms of the processor (mean)`, rows }];
}

/** The time of the processor, too, as a mean (it is counted in ticks): on a machine that others use, the clock measures them. */
function measureStep(what: string, step: () => unknown): Row {
  const ms: number[] = [];
  const before = process.threadCpuUsage();
  for (let n = 0; n < TIMES; n += 1) {
    const startedMs = performance.now();
    step();
    ms.push(performance.now() - startedMs);
  }
  const { user, system } = process.threadCpuUsage(before);
  const cpuMs = (user + system) / 1000 / TIMES;
  return {
    what,
    figures: {
      'CPU ms, mean': cpuMs.toFixed(2),
      'ms, median': median(ms).toFixed(2),
      'ms, least': Math.min(...ms).toFixed(2),
    },
    ok: cpuMs < TARGET_MS,
  };
}
