import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../harness/verdict/theil-sen.ts';
import { numberedLine, startClient } from './client.ts';
import type { Measurement, MeasureOptions, Row } from './measurement.ts';
import { type ReferenceServer, startReferenceServer } from './reference-server.ts';

const STREAM_COUNT = 100;
const APPENDS_A_SECOND = 1_000;
const SECONDS = 10;
/** The machine must have made the load, or nothing was measured. */
const MIN_SHARE_OF_RATE = 0.99;
/** What is still under way when the last line is appended has so long to come. */
const LAST_WITHIN_MS = 10_000;

/**
 * 1,000 appends a second, each a write of its own, to a workflow that 100 streams follow: every event has to come to every
 * stream once and in order.
 */
export async function measureAppends({ rounds, quick }: MeasureOptions): Promise<Measurement> {
  const seconds = quick ? 2 : SECONDS;
  const results: Result[] = [];
  for (let round = 0; round < rounds; round += 1) results.push(await measureOnce(seconds));
  const of = (name: keyof Result) => median(results.map((result) => result[name]));
  const worst = (name: keyof Result) => Math.max(...results.map((result) => result[name]));
  const row: Row = {
    what: `${seconds} s`,
    figures: {
      'appends/s': of('appendsPerSecond').toFixed(0),
      deliveries: of('count').toLocaleString('en'),
      missing: worst('missing').toFixed(0),
      'out of turn': worst('wrong').toFixed(0),
      'p99 ms': of('p99Ms').toFixed(1),
      'server CPU s/s': of('cpuShare').toFixed(2),
    },
    ok:
      worst('missing') === 0 &&
      worst('wrong') === 0 &&
      Math.min(...results.map(({ appendsPerSecond }) => appendsPerSecond)) >=
        MIN_SHARE_OF_RATE * APPENDS_A_SECOND,
  };
  return {
    title: '1,000 appends a second to 100 streams',
    target: 'every event once and in order on every stream',
    rows: [row],
  };
}

interface Result {
  appendsPerSecond: number;
  count: number;
  missing: number;
  /** Repeated, or not in order. */
  wrong: number;
  p99Ms: number;
  cpuShare: number;
}

async function measureOnce(seconds: number): Promise<Result> {
  const server = await startReferenceServer(['--limit', String(STREAM_COUNT)]);
  const client = startClient();
  try {
    server.createWorkflow('flow', 10);
    await client.open(server.port, ['flow'], STREAM_COUNT);
    await client.restart();
    const eventCount = seconds * APPENDS_A_SECOND;
    const before = await server.read({ collectGarbage: false });
    const elapsedSeconds = (await appendSteadily(server, eventCount)) / 1000;
    const { count, wrong, p99Ms } = await client.receives(eventCount * STREAM_COUNT, LAST_WITHIN_MS);
    const after = await server.read({ collectGarbage: false });
    return {
      appendsPerSecond: eventCount / elapsedSeconds,
      count,
      missing: eventCount * STREAM_COUNT - count,
      wrong,
      p99Ms,
      cpuShare: (after.cpuSeconds - before.cpuSeconds) / elapsedSeconds,
    };
  } finally {
    await client.stop();
    await server.stop();
  }
}

/** Appends at an even rate, and makes up for what a late timer left out. Returns the ms it took. */
async function appendSteadily(server: ReferenceServer, eventCount: number): Promise<number> {
  const startedMs = performance.now();
  for (let n = 0; n < eventCount; ) {
    const dueCount = Math.min(eventCount, ((performance.now() - startedMs) * APPENDS_A_SECOND) / 1000);
    for (; n < dueCount; n += 1) server.append('flow', numberedLine(n));
    await sleep(1);
  }
  return performance.now() - startedMs;
}
