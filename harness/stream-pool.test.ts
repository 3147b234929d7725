import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventTimeReader } from './event-times.ts';
import type { BehaviourName, JournalEntry, TimingName, TimingsEntry } from './model.ts';
import { createStreamPool, type PoolOpenOptions, type StreamPool } from './stream-pool.ts';
import { defaultPlan } from './streams/conversation.ts';
import { Timings } from './timings.ts';
import { until } from './waiting.ts';

const { signal } = new AbortController();
const ENOUGH_MS = 30_000;

let server: Server;
let headersSeen: IncomingHttpHeaders[];
let entries: JournalEntry[];
let pool: StreamPool;
let origin: string;
/** Requests to `/wait`, which nobody has answered yet. */
let waiting: ServerResponse[];

/**
 * `/events` streams three events and stays open, `/over` ends behind them, `/full` is 429. `/wait` leaves the answer to the test, as
 * `/history?<ms>` streams an event that was made so long ago, then one that is made now.
 */
beforeEach(async () => {
  headersSeen = [];
  waiting = [];
  server = createServer((request, response) => {
    headersSeen.push(request.headers);
    if (request.url === '/full') {
      response.writeHead(429).end();
      return;
    }
    if (request.url === '/wait') {
      waiting.push(response);
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    if (request.url?.startsWith('/history') === true) {
      const ageMs = Number(request.url.split('?')[1]);
      response.write(`data: {"seq":1,"at":${Date.now() - ageMs},"type":"soak"}\n\n`);
      // In a millisecond of its own: the clocks of both ends are told in whole ones.
      setTimeout(() => response.end(`data: {"seq":2,"at":${Date.now()},"type":"soak"}\n\n`), 20);
      return;
    }
    for (const id of [1, 2, 3]) response.write(`id: ${id}\ndata: x\n\n`);
    if (request.url === '/over') response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  entries = [];
  let now = 0;
  pool = createStreamPool({
    scenario: 'tabs',
    protocol: defaultPlan,
    headers: { 'X-Team': 'a', 'X-User': 'b' },
    eventTime: eventTimeReader(null),
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

function open(path: string, options: PoolOpenOptions = {}, behaviour: BehaviourName = 'graceful-close') {
  return pool.open(behaviour, origin + path, 'key-1', 'hold', options);
}

const talliesOf = () => entries.filter(({ type }) => type === 'tally');

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

  it('send the headers of the run, and say from where they resume', async () => {
    await open('/over', { lastEventId: '7' }).ended;
    expect(headersSeen[0]).toMatchObject({ 'x-team': 'a', 'last-event-id': '7' });
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
    expect(talliesOf()).toMatchObject([
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
    expect(talliesOf()).toMatchObject([{ streamCount: 1 }, { streamCount: 1 }]);
  });

  it('have what endAll has ended', async () => {
    open('/events', { tally: true });
    expect(await eventsArrived(3)).toBe(true);
    await pool.endAll();
    pool.flush('hold');
    expect(talliesOf()).toMatchObject([
      { type: 'tally', streamCount: 1, endings: { client: 1 }, eventCount: 3 },
    ]);
  });
});

describe('streams that are held', () => {
  const got = (response: ServerResponse | undefined) =>
    response?.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: x\n\n');

  it('are those that got in; the others are on their way', async () => {
    for (let i = 0; i < 3; i++) open('/wait', { tally: true });
    expect([pool.openCount, pool.heldCount, pool.connectingCount]).toEqual([3, 0, 3]);
    expect(await until(() => waiting.length === 3, ENOUGH_MS, signal)).toBe(true);
    expect([pool.heldCount, pool.connectingCount]).toEqual([0, 3]);
    got(waiting[0]);
    got(waiting[1]);
    expect(await until(() => pool.heldCount === 2, ENOUGH_MS, signal)).toBe(true);
    expect([pool.openCount, pool.connectingCount]).toEqual([3, 1]);
    // One is over, one is refused.
    waiting[0]?.end();
    waiting[2]?.writeHead(503).end();
    expect(await until(() => pool.openCount === 1, ENOUGH_MS, signal)).toBe(true);
    expect([pool.heldCount, pool.connectingCount]).toEqual([1, 0]);
    await pool.endAll();
    expect([pool.openCount, pool.heldCount, pool.connectingCount]).toEqual([0, 0, 0]);
  });

  it('are also those that by their behaviour never hear whether they got in', async () => {
    open('/wait', { dropAfterMs: 60_000, tally: true }, 'drop-before-first-byte');
    open('/wait', { tally: true }, 'request-then-silence');
    expect([pool.openCount, pool.heldCount, pool.connectingCount]).toEqual([2, 2, 0]);
    expect(await until(() => waiting.length === 2, ENOUGH_MS, signal)).toBe(true);
    // An answer does not count it twice.
    got(waiting[1]);
    const stream = open('/events', { tally: true });
    expect(await stream.firstEvent).toBe(true);
    expect([pool.openCount, pool.heldCount, pool.connectingCount]).toEqual([3, 3, 0]);
    await pool.endAll();
    expect([pool.openCount, pool.heldCount, pool.connectingCount]).toEqual([0, 0, 0]);
  });

  it('are a tab, which counts once, however often it comes back', async () => {
    const tab = open('/over', { tally: true }, 'tab');
    expect(await tab.receives(4)).toBe(true);
    expect(pool.heldCount).toBe(1);
    expect(pool.connectingCount).toBe(0);
    await pool.endAll();
    expect(pool.heldCount).toBe(0);
  });

  it('are told of when they end, with the books in order', async () => {
    const seen: unknown[] = [];
    const onEnd: PoolOpenOptions['onEnd'] = ({ ending, status }) =>
      seen.push({ ending, status, openCount: pool.openCount, heldCount: pool.heldCount });
    await open('/over', { tally: true, onEnd }).ended;
    await open('/full', { tally: true, onEnd }).ended;
    expect(seen).toEqual([
      { ending: 'server-end', status: 200, openCount: 0, heldCount: 0 },
      { ending: 'refused', status: 429, openCount: 0, heldCount: 0 },
    ]);
  });
});

describe('times', () => {
  const entriesOf = () => entries.filter((entry): entry is TimingsEntry => entry.type === 'timings');
  const summaryOf = (name: TimingName) => {
    const timings = new Timings();
    for (const entry of entriesOf()) timings.add(entry.timings);
    return timings.summary(name);
  };

  it('are kept of each behaviour, written with the phase, and begin anew', async () => {
    await open('/over', { tally: true }).ended;
    await open('/over').ended;
    const dropped = open('/events', {}, 'abrupt-drop');
    await dropped.firstEvent;
    dropped.end();
    await dropped.ended;
    pool.flush('hold');
    expect(entriesOf()).toMatchObject([
      { type: 'timings', scenario: 'tabs', phase: 'hold', behaviour: 'graceful-close' },
      { type: 'timings', scenario: 'tabs', phase: 'hold', behaviour: 'abrupt-drop' },
    ]);
    for (const name of ['firstByte', 'firstEvent', 'duration'] as const)
      expect([name, summaryOf(name)?.count]).toEqual([name, 3]);
    expect(summaryOf('lateness')).toBe(null);
    entries = [];
    pool.flush('clean-up');
    expect(entries).toEqual([]);
  });

  it('that did not happen are not there: no first event of a refusal, no first byte of silence', async () => {
    await open('/full', { tally: true }).ended;
    await open('/wait', { tally: true, dropAfterMs: 0 }, 'drop-before-first-byte').ended;
    pool.flush('hold');
    expect(summaryOf('firstByte')?.count).toBe(1);
    expect(summaryOf('firstEvent')).toBe(null);
    expect(summaryOf('duration')?.count).toBe(2);
  });

  it('count from when the stream was planned, where it came late', async () => {
    await open('/over', { tally: true, latenessMs: 5000 }).ended;
    await open('/over', { tally: true, latenessMs: 0 }).ended;
    pool.flush('hold');
    expect(summaryOf('lateness')).toMatchObject({ count: 2 });
    for (const name of ['firstByte', 'firstEvent', 'lateness'] as const) {
      expect(summaryOf(name)?.maxMs).toBeGreaterThan(4900);
      expect(summaryOf(name)?.p50Ms).toBeLessThan(4900);
    }
    // How long it lived is not how long it was waited for.
    expect(summaryOf('duration')?.maxMs).toBeLessThan(4900);
  });

  it('of events are from their making to their arrival, history left out', async () => {
    const stream = open('/history?600000', { tally: true });
    const { eventCount } = await stream.ended;
    pool.flush('hold');
    expect(eventCount).toBe(2);
    const { count, maxMs } = summaryOf('event') ?? { count: 0, maxMs: 0 };
    expect(count).toBe(1);
    // Ten minutes is the age of the other one.
    expect(maxMs).toBeLessThan(300_000);
  });

  it('of events made just before the stream was opened are history too; of those made later, none is', async () => {
    for (const ageMs of [1000, -10]) {
      entries = [];
      await open(`/history?${ageMs}`, { tally: true }).ended;
      pool.flush('hold');
      expect([ageMs, summaryOf('event')?.count]).toEqual([ageMs, ageMs > 0 ? 1 : 2]);
    }
  });

  it('of events without a time are not made up', async () => {
    await open('/over', { tally: true }).ended;
    pool.flush('hold');
    expect(summaryOf('event')).toBe(null);
  });

  it('take no more room for many streams than for few', async () => {
    const bytesAfter = async (count: number) => {
      entries = [];
      for (let i = 0; i < count; i++) await open('/over', { tally: true }).ended;
      pool.flush('hold');
      expect(entries).toHaveLength(2);
      return JSON.stringify(entries).length;
    };
    const few = await bytesAfter(50);
    expect(await bytesAfter(500)).toBeLessThan(3 * few);
  });
});
