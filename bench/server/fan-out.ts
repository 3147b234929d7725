import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../harness/verdict/theil-sen.ts';
import { numberedLine, startClient } from './client.ts';
import type { Measurement, MeasureOptions, Row } from './measurement.ts';
import { startReferenceServer } from './reference-server.ts';

const STREAM_COUNT = 1_000;
const MAX_P99_MS = 50;
const APPENDS_A_ROUND = 150;
/** Long enough for one event to be everywhere before the next one comes. */
const APPEND_EVERY_MS = 100;
const WARM_UP_APPENDS = 50;

/**
 * How long one append takes to reach 1,000 streams of one workflow: from before the write to the arrival at the client, of each
 * event at each stream.
 * Includes what the client needs to read 1,000 sockets one after the other, and where other programs want the processor the time
 * they have it: `chrt -r 1 node bench/server/main.ts fan-out` (Linux, as root) measures without them.
 */
export async function measureFanOut({ rounds, quick }: MeasureOptions): Promise<Measurement> {
  const appendCount = quick ? 10 : APPENDS_A_ROUND;
  const server = await startReferenceServer(['--limit', String(STREAM_COUNT)]);
  const client = startClient();
  try {
    server.createWorkflow('flow', 10);
    await client.open(server.port, ['flow'], STREAM_COUNT);
    const round = async (count: number) => {
      await client.restart();
      const before = await server.read({ collectGarbage: false });
      for (let n = 0; n < count; n += 1) {
        server.append('flow', numberedLine(n));
        await sleep(APPEND_EVERY_MS);
      }
      const arrivals = await client.receives(count * STREAM_COUNT, 10_000);
      const after = await server.read({ collectGarbage: false });
      return {
        ...arrivals,
        cpuMicros: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / (count * STREAM_COUNT),
      };
    };
    await round(WARM_UP_APPENDS); // until the code of both sides is compiled
    const results: Awaited<ReturnType<typeof round>>[] = [];
    for (let n = 0; n < rounds; n += 1) results.push(await round(appendCount));
    const of = (name: 'p50Ms' | 'p99Ms' | 'maxMs' | 'cpuMicros') =>
      median(results.map((result) => result[name]));
    const missing = results.reduce((sum, { count }) => sum + appendCount * STREAM_COUNT - count, 0);
    const row: Row = {
      what: `${appendCount} appends, one every ${APPEND_EVERY_MS} ms`,
      figures: {
        'p50 ms': of('p50Ms').toFixed(1),
        'p99 ms': of('p99Ms').toFixed(1),
        'slowest ms': of('maxMs').toFixed(1),
        'server CPU µs/delivery': of('cpuMicros').toFixed(1),
        missing: String(missing),
      },
      ok: missing === 0 && of('p99Ms') < MAX_P99_MS,
    };
    return {
      title: 'One append to 1,000 streams',
      target: `p99 under ${MAX_P99_MS} ms, nothing missing`,
      rows: [row],
    };
  } finally {
    await client.stop();
    await server.stop();
  }
}
