import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BehaviourName, OpenStream } from '../model.ts';
import { recordLine } from '../testing/hostile-server/lines.ts';
import { chunkedHead, type HostileRoute } from '../testing/hostile-server/route.ts';
import { hostileRoutes } from '../testing/hostile-server/routes.ts';
import { type HostileServer, startHostileServer } from '../testing/hostile-server/server.ts';
import { cutResponseBytes } from '../testing/hostile-server/stall-routes.ts';
import { behaviours } from './behaviours.ts';
import { openSocketCount, until } from './testing/until.ts';

/** A client that would go on for ever is watched for so long, once it has come as far as it is to come. */
const WATCH_MS = 150;
/** Whoever has not ended by then does not end by itself; a test then says what was expected in place of `client`. */
const MOST_MS = 45_000;
/** Servers at a time; most of them wait. */
const AT_ONCE = 12;

let idleSocketCount: number;

beforeAll(() => {
  idleSocketCount = openSocketCount();
});

afterAll(() => until('no socket is left in this process', () => openSocketCount() === idleSocketCount));

/** What the client's record says once it has ended, or was ended. */
async function meet(behaviour: BehaviourName, route: HostileRoute, expected: RegExp): Promise<string> {
  const server = await startHostileServer(route);
  try {
    const stream = behaviours[behaviour].open({ url: server.url, headers: {} });
    if (expected.source.startsWith('^client')) {
      await comesFar(stream, server, expected.source);
      await sleep(WATCH_MS);
      stream.end();
    }
    const timer = setTimeout(() => stream.end(), MOST_MS);
    const record = await stream.ended;
    clearTimeout(timer);
    return recordLine(record);
  } finally {
    await server.close();
  }
}

/** Resolves when a client that goes on has come as far as the expected line says, or when it ended all the same. */
async function comesFar(stream: OpenStream, server: HostileServer, line: string): Promise<void> {
  const eventCount = Number(/ (\d+) events/.exec(line)?.[1] ?? 0);
  if (/^\^client \d/.test(line)) await stream.answered;
  if (eventCount > 0) await stream.receives(eventCount);
  await until('a connection', () => server.connectionCount() > 0);
  // It waits for its time to come back.
  if (line.includes('[1-9]'))
    await until('the connection is lost', () => server.openCount() === 0).catch(() => {});
}

describe.each([
  ['graceful-close', 'raw'],
  ['tab', 'tab'],
] as const)('%s', (behaviour, column) => {
  const lines = new Map<string, string>();

  beforeAll(async () => {
    const left = Object.entries(hostileRoutes);
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [name, route] = next;
        lines.set(name, await meet(behaviour, route, route[column]));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });

  test.each(Object.entries(hostileRoutes))('%s', (name, route) => {
    expect(lines.get(name)).toMatch(route[column]);
  });
});

describe.each(['closes-at-each-byte', 'resets-at-each-byte'] as const)('%s', (name) => {
  /** The line of one stream for each byte behind which the response is cut. */
  async function cutEverywhere(behaviour: BehaviourName): Promise<string[]> {
    const server = await startHostileServer(hostileRoutes[name] as HostileRoute);
    try {
      const streams = Array.from({ length: cutResponseBytes }, (_, cut) =>
        behaviours[behaviour].open({ url: `${server.url}?cut=${cut}`, headers: {} }),
      );
      if (behaviour === 'tab') {
        // They come back for ever; once is enough.
        const lost = () => server.connectionCount() >= streams.length && server.openCount() === 0;
        await until('all connections are lost', lost);
        for (const stream of streams) stream.end();
      }
      return await Promise.all(streams.map(async ({ ended }) => recordLine(await ended)));
    } finally {
      await server.close();
    }
  }

  test('every byte: the raw client says how it ended, and never that all was well', async () => {
    const lines = await cutEverywhere('graceful-close');
    expect(lines.length).toBeGreaterThan(80);
    const head = chunkedHead.length;
    for (const [cut, line] of lines.entries()) {
      const how = cut < head ? 'unanswered, 0 events' : /200, [01] events/.source;
      expect([cut, line]).toEqual([cut, expect.stringMatching(new RegExp(`^server-reset ${how}.*: \\S`))]);
    }
  });

  test('every byte: the tab tries again, and says why', async () => {
    for (const [cut, line] of (await cutEverywhere('tab')).entries())
      expect([cut, line]).toEqual([
        cut,
        expect.stringMatching(/^client (unanswered|200), [01] events, \d+ reconnects: \S/),
      ]);
  });
});
