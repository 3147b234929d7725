import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../harness/verdict/theil-sen.ts';
import { numberedLine, startClient } from './client.ts';
import type { Measurement, MeasureOptions, Row } from './measurement.ts';
import { startReferenceServer } from './reference-server.ts';

const IDLE_MS = 20_000;
/** The same streams, spread over so many workflows: what differs is the workflows alone. */
const IDLE_STREAMS = 2_000;
const IDLE_WORKFLOWS = [10, 500, 2_000];
/**
 * Of one core, that more workflows may take than the fewest: half a percent. A look at each of 2,000 files every second took
 * 4 %.
 */
const MAX_IDLE_GROWTH = 0.005;

/** At a steady rate. Each of the three is doubled once. */
const LOADS = [
  { workflows: 10, streamsEach: 50, events: 100 },
  { workflows: 10, streamsEach: 50, events: 200 },
  { workflows: 10, streamsEach: 100, events: 100 },
  { workflows: 20, streamsEach: 50, events: 100 },
];
const EVENTS_EVERY_MS = 50;
/** Between the dearest and the cheapest event at a stream. */
const MAX_LOAD_RATIO = 1.5;

/** CPU of the server's process at rest: with the same streams, heartbeats included, it must not grow with the workflows. */
export async function measureIdleCpu({ rounds, quick }: MeasureOptions): Promise<Measurement> {
  const idleMs = quick ? 5_000 : IDLE_MS;
  const seconds = new Map<number, number>();
  for (const workflowCount of IDLE_WORKFLOWS) {
    const results: number[] = [];
    for (let round = 0; round < rounds; round += 1) results.push(await idleSeconds(workflowCount, idleMs));
    seconds.set(workflowCount, median(results));
  }
  const least = seconds.get(IDLE_WORKFLOWS[0] ?? 0) ?? Number.NaN;
  const rows: Row[] = [...seconds].map(([workflowCount, cpuSeconds]) => ({
    what: `${workflowCount.toLocaleString('en')} workflows, ${IDLE_STREAMS / workflowCount} streams each`,
    figures: {
      [`CPU s in ${idleMs / 1000} s`]: cpuSeconds.toFixed(2),
      '% of a core': ((100_000 * cpuSeconds) / idleMs).toFixed(2),
    },
    ok: cpuSeconds - least <= (MAX_IDLE_GROWTH * idleMs) / 1000,
  }));
  return {
    title: `CPU at rest, ${IDLE_STREAMS.toLocaleString('en')} streams with their heartbeats`,
    target: `at most ${100 * MAX_IDLE_GROWTH} % of a core more than with ${IDLE_WORKFLOWS[0]} workflows`,
    rows,
  };
}

async function idleSeconds(workflowCount: number, idleMs: number): Promise<number> {
  const server = await startReferenceServer(['--limit', String(IDLE_STREAMS)]);
  const client = startClient();
  try {
    const workflowIds = Array.from({ length: workflowCount }, (_, n) => `flow-${n}`);
    for (const workflowId of workflowIds) server.createWorkflow(workflowId, 10);
    await client.open(server.port, workflowIds, IDLE_STREAMS / workflowCount);
    // Garbage of the opening is not to be collected later.
    await server.read({ collectGarbage: true });
    await sleep(1_000);
    const before = await server.read({ collectGarbage: false });
    await sleep(idleMs);
    const after = await server.read({ collectGarbage: false });
    return after.cpuSeconds - before.cpuSeconds;
  } finally {
    await client.stop();
    await server.stop();
  }
}

/** CPU of the server's process with events: it must grow as events × streams does. */
export async function measureLoadCpu({ rounds, quick }: MeasureOptions): Promise<Measurement> {
  const loads = LOADS.map((load) => (quick ? { ...load, events: load.events / 5 } : load));
  const results: number[][] = loads.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, load] of loads.entries()) results[index]?.push(await loadSeconds(load));
  }
  const micros = loads.map(({ workflows, streamsEach, events }, index) => {
    return (median(results[index] ?? []) * 1e6) / (workflows * streamsEach * events);
  });
  const rows: Row[] = loads.map(({ workflows, streamsEach, events }, index) => ({
    what: `${workflows} workflows × ${streamsEach} streams × ${events} events`,
    figures: {
      deliveries: (workflows * streamsEach * events).toLocaleString('en'),
      'CPU s': median(results[index] ?? []).toFixed(2),
      'CPU µs/delivery': (micros[index] ?? Number.NaN).toFixed(1),
    },
    ok: (micros[index] ?? Number.NaN) <= MAX_LOAD_RATIO * Math.min(...micros),
  }));
  return {
    title: 'CPU with events',
    target: `one event at one stream costs at most ${MAX_LOAD_RATIO} times as much as where it is cheapest`,
    rows,
  };
}

async function loadSeconds({ workflows, streamsEach, events }: (typeof LOADS)[number]): Promise<number> {
  const server = await startReferenceServer(['--limit', String(streamsEach)]);
  const client = startClient();
  try {
    const workflowIds = Array.from({ length: workflows }, (_, n) => `flow-${n}`);
    for (const workflowId of workflowIds) server.createWorkflow(workflowId, 10);
    await client.open(server.port, workflowIds, streamsEach);
    const run = async (count: number) => {
      await client.restart();
      for (let n = 0; n < count; n += 1) {
        for (const workflowId of workflowIds) server.append(workflowId, numberedLine(n));
        await sleep(EVENTS_EVERY_MS);
      }
      const deliveries = workflows * streamsEach * count;
      const { count: came } = await client.receives(deliveries, 20_000);
      if (came !== deliveries) throw new Error(`${came} of ${deliveries} events came`);
    };
    await run(20); // until the code is compiled
    const before = await server.read({ collectGarbage: false });
    await run(events);
    const after = await server.read({ collectGarbage: false });
    return after.cpuSeconds - before.cpuSeconds;
  } finally {
    await client.stop();
    await server.stop();
  }
}
