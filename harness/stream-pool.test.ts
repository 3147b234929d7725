import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BehaviourName, JournalEntry, OpenOptions } from './model.ts';
import { createStreamPool, type StreamPool } from './stream-pool.ts';
import { behaviours } from './streams/behaviours.ts';
import { until } from './waiting.ts';

const { signal } = new AbortController();
const ENOUGH_MS = 30_000;

let server: Server;
let headersSeen: IncomingHttpHeaders[];
let entries: JournalEntry[];
let pool: StreamPool;
let origin: string;

/** `/events` streams three events and stays open, `/over` ends behind them, `/full` is 429. */
beforeEach(async () => {
  headersSeen = [];
  server = createServer((request, response) => {
    headersSeen.push(request.headers);
    if (request.url === '/full') {
      response.writeHead(429).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    for (const id of [1, 2, 3]) response.write(`id: ${id}\ndata: x\n\n`);
    if (request.url === '/over') response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  entries = [];
  let now = 0;
  pool = createStreamPool({
    scenario: 'tabs',
    behaviours,
    headers: { 'X-Team': 'a', 'X-User': 'b' },
    eventTime: () => null,
    elapsedMs: () => ++now,
    write: (entry) => entries.push(entry),
  });
});

afterEach(async () => {
  await pool.endAll();
  const connections = () => new Promise<number>((done) => server.getConnections((_, n) => done(n)));
  expect(await until(async () => (await connections()) === 0, ENOUGH_MS, signal)).toBe(true);
  server.close();
});

function open(path: string, options: OpenOptions = {}, behaviour: BehaviourName = 'graceful-close') {
  return pool.open(behaviour, origin + path, 'key-1', 'hold', options);
}

const eventsArrived = (count: number) => until(() => pool.eventCount >= count, ENOUGH_MS, signal);

describe('streams', () => {
  it('are counted while they are open, and journalled when they end, with the time of their opening', async () => {
    const streams = [open('/events'), open('/events', {}, 'abrupt-drop')];
    expect(pool.openCount).toBe(2);
    expect(await eventsArrived(6)).toBe(true);
    expect(entries).toEqual([]);
    await pool.endAll();
    expect(pool.openCount).toBe(0);
    expect(pool.eventCount).toBe(6);
    expect(entries).toHaveLength(2);
    for (const entry of entries) {
      expect(entry).toMatchObject({
        type: 'stream',
        scenario: 'tabs',
        phase: 'hold',
        key: 'key-1',
        status: 200,
        ending: 'client',
        eventCount: 3,
      });
    }
    expect(
      entries
        .map(({ type, ...entry }) => type === 'stream' && 'elapsedMs' in entry && entry.elapsedMs)
        .sort(),
    ).toEqual([1, 2]);
    expect(streams.map(({ eventCount }) => eventCount)).toEqual([3, 3]);
  });

  it('that the server ends leave by themselves', async () => {
    await open('/over').ended;
    await open('/full').ended;
    expect(pool.openCount).toBe(0);
    expect(pool.eventCount).toBe(3);
    expect(entries).toMatchObject([
      { ending: 'server-end', eventCount: 3 },
      { ending: 'refused', status: 429 },
    ]);
  });

  it('that cannot be opened are journalled like the others', async () => {
    server.close();
    await once(server, 'close');
    await open('/events').ended;
    expect(entries).toMatchObject([{ type: 'stream', ending: 'connect-failed', status: null }]);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  it('send the headers of the run and their own', async () => {
    await open('/over', { headers: { 'X-User': 'c' } }).ended;
    expect(headersSeen[0]).toMatchObject({ 'x-team': 'a', 'x-user': 'c' });
  });

  it('drop when they are told to', async () => {
    const record = await open('/events', { dropAfterMs: 0 }, 'drop-before-first-byte').ended;
    expect(record).toMatchObject({ behaviour: 'drop-before-first-byte', ending: 'client', eventCount: 0 });
  });
});

describe('tallies', () => {
  it('count instead of listing, by phase and behaviour', async () => {
    const paths = ['/over', '/over', '/full', '/over'];
    await Promise.all(paths.map((path) => open(path, { tally: true }).ended));
    await open('/events', { tally: true, dropAfterMs: 0 }, 'drop-before-first-byte').ended;
    expect(entries).toEqual([]);
    pool.flush('hold');
    expect(entries).toMatchObject([
      {
        type: 'tally',
        scenario: 'tabs',
        phase: 'hold',
        behaviour: 'graceful-close',
        streamCount: 4,
        endings: { 'server-end': 3, refused: 1 },
        statuses: { 200: 3, 429: 1 },
        eventCount: 9,
      },
      { behaviour: 'drop-before-first-byte', streamCount: 1, endings: { client: 1 }, statuses: { none: 1 } },
    ]);
  });

  it('are written once, and begin anew', async () => {
    await open('/over', { tally: true }).ended;
    pool.flush('hold');
    pool.flush('hold');
    await open('/over', { tally: true }).ended;
    pool.flush('hold');
    expect(entries.map((entry) => entry.type === 'tally' && entry.streamCount)).toEqual([1, 1]);
  });

  it('have what endAll has ended', async () => {
    open('/events', { tally: true });
    expect(await eventsArrived(3)).toBe(true);
    await pool.endAll();
    pool.flush('hold');
    expect(entries).toMatchObject([{ type: 'tally', streamCount: 1, endings: { client: 1 }, eventCount: 3 }]);
  });
});
