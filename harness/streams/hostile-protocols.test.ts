import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BehaviourName } from '../model.ts';
import { protocolPlanOf } from '../protocol-options.ts';
import { recordLine } from '../testing/hostile-server/lines.ts';
import type { ProtocolRoute } from '../testing/hostile-server/protocol-route.ts';
import { protocolRoutes } from '../testing/hostile-server/protocol-routes.ts';
import { startHostileServer } from '../testing/hostile-server/server.ts';
import { openStream } from './open-stream.ts';
import { openSocketCount, until } from './testing/until.ts';

/** A client that would go on for ever is watched for so long. */
const WATCH_MS = 60;
/** Whoever is to end by itself and has not by then does not. */
const MOST_MS = 8_000;
/** What a collection leaves of a client that is being flooded, and of its server, which is in this process too. */
const MOST_HELD_BYTES = 20 * 1024 * 1024;
/** As many bytes of pongs would be queued, with several times that for the queue itself. */
const MOST_SENT_BYTES = 15_000_000;
/** Servers at a time; most of them wait. */
const AT_ONCE = 6;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
let idleSocketCount: number;
const uncaught: unknown[] = [];
const keep = (error: unknown) => void uncaught.push(error);

beforeAll(() => {
  idleSocketCount = openSocketCount();
  process.on('unhandledRejection', keep);
});

afterAll(async () => {
  process.off('unhandledRejection', keep);
  await until('no socket is left in this process', () => openSocketCount() === idleSocketCount);
  expect(uncaught).toEqual([]);
});

function heldBytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function expectedOf(behaviour: BehaviourName, route: ProtocolRoute): RegExp {
  return (behaviour === 'tab' ? route.tab : undefined) ?? route.raw;
}

/** What the client's record says once it has ended, or was ended. */
async function meet(behaviour: BehaviourName, route: ProtocolRoute): Promise<string> {
  const server = await startHostileServer(route);
  try {
    const protocol = protocolPlanOf({ protocol: route.protocol });
    const stream = openStream(behaviour, { url: server.url, headers: {}, protocol });
    const { source } = expectedOf(behaviour, route);
    // One that goes on is ended once it has come as far as it is to come.
    const told = source.includes('client') ? /(?:200|101), (\d+) events/.exec(source) : null;
    const eventCount = Number(told?.[1] ?? 0);
    if (eventCount > 0) await stream.receives(eventCount);
    let isOver = false;
    void stream.ended.then(() => (isOver = true));
    const deadlineMs = performance.now() + (source.includes('client') ? WATCH_MS : MOST_MS);
    // One that is to come back has lost its connection first.
    const comesBack = source.includes('[1-9]');
    const isLost = () => comesBack && server.connectionCount() > 0 && server.openCount() === 0;
    while (
      !isOver &&
      !isLost() &&
      (comesBack ? performance.now() < deadlineMs + MOST_MS : performance.now() < deadlineMs)
    )
      await sleep(5);
    stream.end();
    return recordLine(await stream.ended);
  } finally {
    await server.close();
  }
}

describe.each(['graceful-close', 'tab'] as const)('%s', (behaviour) => {
  const lines = new Map<string, string>();

  // Of other protocols a tab is the same client as one that reads once.
  const routes = Object.entries(protocolRoutes).filter(
    ([, { protocol, tab }]) => behaviour !== 'tab' || protocol === 'sse-h2' || tab !== undefined,
  );

  beforeAll(async () => {
    const left = [...routes];
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift())
        lines.set(next[0], await meet(behaviour, next[1]));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });

  test.each(routes)('%s', (name, route) => {
    expect(lines.get(name)).toMatch(expectedOf(behaviour, route));
  });
});

test('who is pinged without an end and cannot answer keeps no answers', async () => {
  const server = await startHostileServer(protocolRoutes['ws-ping-flood'] as ProtocolRoute);
  const protocol = protocolPlanOf({ protocol: 'websocket' });
  const before = heldBytes();
  const stream = openStream('abrupt-drop', { url: server.url, headers: {}, protocol });
  await until('many pings have come', () => server.sentBytes() > MOST_SENT_BYTES);
  const held = heldBytes() - before;
  stream.end();
  expect(await stream.ended).toMatchObject({ ending: 'client', eventCount: 1 });
  await server.close();
  expect(held).toBeLessThan(MOST_HELD_BYTES);
});
