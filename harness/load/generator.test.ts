import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoadOptions, loadPlanOf } from '../load-options.ts';
import type { JournalEntry, LoadPlan, TallyEntry, TimingSummary, TimingsEntry } from '../model.ts';
import { createRandom } from '../random.ts';
import { createStreamPool, type StreamPool } from '../stream-pool.ts';
import { defaultPlan } from '../streams/conversation.ts';
import { Timings } from '../timings.ts';
import { until } from '../waiting.ts';
import { type Generator, MISSED_MS, startGenerator } from './generator.ts';

const { signal } = new AbortController();
const ENOUGH_MS = 30_000;

/** What the server does with a request. */
type Answer = (response: ServerResponse, socket: Socket) => void;

const stream: Answer = (response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write('data: x\n\n');
};
const refuse: Answer = (response) => response.writeHead(429).end();

let server: Server;
let origin: string;
let answer: Answer;
let requestCount: number;
let openCount: number;
let mostOpenCount: number;
let paths: string[];
let entries: JournalEntry[];
let pool: StreamPool;
let left: string[];
let generator: Generator | null;

beforeEach(async () => {
  answer = stream;
  [requestCount, openCount, mostOpenCount] = [0, 0, 0];
  paths = [];
  left = [];
  server = createServer((request, response) => {
    requestCount += 1;
    paths.push(request.url ?? '');
    openCount += 1;
    mostOpenCount = Math.max(mostOpenCount, openCount);
    request.socket.once('close', () => {
      openCount -= 1;
    });
    answer(response, request.socket);
  }).listen(0, '127.0.0.1', 511);
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  entries = [];
  pool = createStreamPool({
    scenario: 'hold',
    protocol: defaultPlan,
    headers: {},
    eventTime: () => null,
    elapsedMs: () => performance.now(),
    write: (entry) => entries.push(entry),
  });
  generator = null;
});

afterEach(async () => {
  generator?.stop();
  await pool.endAll();
  expect(pool.openCount).toBe(0);
  const connections = () => new Promise<number>((done) => server.getConnections((_, n) => done(n)));
  expect(await until(async () => (await connections()) === 0, ENOUGH_MS, signal)).toBe(true);
  server.close();
});

const eventually = async (what: string, condition: () => boolean) => {
  if (!(await until(condition, ENOUGH_MS, signal))) throw new Error(`${what}: still not so`);
};

/** Clients stay, unless they are said to leave. */
const planOf = (said: LoadOptions): LoadPlan =>
  loadPlanOf(
    { mix: 'graceful-close', lifetime: said.stages?.includes('/s') ? '24h' : 'none', ...said },
    60_000,
  );

function start(
  plan: LoadPlan,
  over: Partial<Parameters<typeof startGenerator>[0]> = {},
): { generator: Generator; nowMs(): number } {
  const began = performance.now();
  const nowMs = () => performance.now() - began;
  generator = startGenerator({
    plan,
    share: { index: 0, count: 1 },
    pool,
    placeOf: (slot) => ({ url: `${origin}/${slot}`, key: `key-${slot}`, source: null }),
    random: createRandom(1),
    phase: () => 'hold',
    nowMs,
    roomCount: 10_000,
    onLeft: (place) => void left.push(place.key),
    ...over,
  });
  return { generator, nowMs: over.nowMs ?? nowMs };
}

/** Keeps the event loop from doing anything else. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

async function finish(): Promise<{ tallies: TallyEntry[]; timings: Timings }> {
  generator?.stop();
  await pool.endAll();
  pool.flush('hold');
  const timings = new Timings();
  for (const entry of entries.filter((each): each is TimingsEntry => each.type === 'timings'))
    timings.add(entry.timings);
  return { tallies: entries.filter((each): each is TallyEntry => each.type === 'tally'), timings };
}

describe('a number that is held', () => {
  it('is reached, and nobody is opened beyond it', async () => {
    start(planOf({ stages: '0s:50,60s:50' }));
    await eventually('50 are held', () => pool.heldCount === 50);
    expect(generator).toMatchObject({ plannedCount: 50, startedCount: 50, missedCount: 0 });
    expect(mostOpenCount).toBe(50);
  });

  it('is kept while clients leave by themselves: each is replaced', async () => {
    start(planOf({ stages: '0s:40,60s:40', lifetime: '300ms' }));
    await eventually('each has left twice', () => requestCount >= 120);
    await eventually('all are there again', () => pool.heldCount >= 38);
    expect(pool.openCount).toBeLessThanOrEqual(40);
    const { tallies } = await finish();
    expect(tallies).toMatchObject([{ behaviour: 'graceful-close', endings: { client: requestCount } }]);
    // Each place was given back, once for each client.
    expect(left).toHaveLength(requestCount);
    expect(left.map((key) => `/${key.slice('key-'.length)}`).sort()).toEqual(paths.toSorted());
  });

  it('is kept while connections last longer than their clients: who has left is no client any more', async () => {
    start(planOf({ stages: '0s:100,60s:100', mix: 'keeping-proxy', lifetime: '300ms' }));
    // More than may be on their way at a time, each of them kept for two seconds.
    await eventually('many are kept', () => pool.openCount > 400);
    await eventually('all are there', () => pool.heldCount >= 95);
  });

  it('is kept while the server ends streams', async () => {
    answer = (response, socket) => {
      stream(response, socket);
      setTimeout(() => response.end(), 100);
    };
    start(planOf({ stages: '0s:20,60s:20' }));
    await eventually('each was ended twice', () => requestCount >= 60);
    expect(pool.openCount).toBeLessThanOrEqual(20);
  });

  it('goes down by ending streams', async () => {
    start(planOf({ stages: '0s:30,1s:30,1s:5,60s:5' }));
    await eventually('30 are held', () => pool.heldCount === 30);
    await eventually('5 are left', () => pool.heldCount === 5);
    expect(pool.openCount).toBe(5);
    // The server heard of it too.
    await eventually('the server has 5', () => openCount === 5);
    expect(requestCount).toBe(30);
  });

  it('ends at nothing where the stages do', async () => {
    start(planOf({ stages: '0s:30,300ms:30,300ms:0' }));
    await eventually('30 are held', () => pool.heldCount === 30);
    await eventually('nobody is left', () => pool.openCount === 0);
    expect(requestCount).toBe(30);
  });

  it('comes up gradually on a ramp, without ending anybody on the way', async () => {
    const { nowMs } = start(planOf({ stages: '2s:70,60s:70' }), { share: { index: 3, count: 7 } });
    while (nowMs() < 1000) {
      // Of 35 at half the time this worker has five; it is never ahead of the plan.
      expect(pool.openCount).toBeLessThanOrEqual(1 + Math.ceil((nowMs() / 2000) * 10));
      await new Promise((done) => setTimeout(done, 5));
    }
    await eventually('ten are held', () => pool.heldCount === 10);
    expect(requestCount).toBe(10);
  });

  it('is shared: together the workers have all of it, on places of their own', async () => {
    const plan = planOf({ stages: '0s:50,60s:50' });
    const others = [1, 2].map((index) =>
      startGenerator({
        plan,
        share: { index, count: 3 },
        pool,
        placeOf: (slot) => ({ url: `${origin}/${slot}`, key: 'k', source: null }),
        random: createRandom(index),
        phase: () => 'hold',
        nowMs: () => 1,
        roomCount: 1000,
        onLeft: () => {},
      }),
    );
    start(plan, { share: { index: 0, count: 3 } });
    await eventually('50 are held', () => pool.heldCount === 50);
    for (const other of others) other.stop();
    expect(new Set(paths).size).toBe(50);
    expect([...others, generator as Generator].map(({ plannedCount }) => plannedCount)).toEqual([17, 16, 17]);
    expect(Math.max(...paths.map((path) => Number(path.slice(1))))).toBeLessThan(3 * 17);
  });

  it('has at most so many on their way at a time that listen backlogs hold', async () => {
    const waiting: (() => void)[] = [];
    answer = (response, socket) => void waiting.push(() => stream(response, socket));
    start(planOf({ stages: '0s:600,60s:600' }));
    await eventually('256 wait for an answer', () => requestCount === 256);
    expect(pool.connectingCount).toBe(256);
    expect(pool.heldCount).toBe(0);
    answer = stream;
    for (const go of waiting) go();
    await eventually('600 are held', () => pool.heldCount === 600);
    expect(pool.connectingCount).toBe(0);
  });

  it('leaves a place alone for a moment after a client has left it', async () => {
    const leftAt = new Map<string, number>();
    const rests: number[] = [];
    server.prependListener('request', (request) => {
      const left = leftAt.get(request.url ?? '');
      if (left !== undefined) rests.push(performance.now() - left);
      request.socket.once('close', () => leftAt.set(request.url ?? '', performance.now()));
    });
    start(planOf({ stages: '0s:20,60s:20', lifetime: '200ms' }));
    await eventually('places were used again', () => rests.length > 40);
    // 250 ms, less what the server hears of the end later than the client does.
    expect(Math.min(...rests)).toBeGreaterThan(100);
  });

  it('never exceeds the room of its process', async () => {
    start(planOf({ stages: '0s:50,60s:50' }), { roomCount: 8 });
    await eventually('eight are held', () => pool.heldCount === 8);
    expect(requestCount).toBe(8);
  });

  it('is made of the clients that the mix says', async () => {
    start(planOf({ stages: '0s:400,60s:400', mix: 'graceful-close:3,abrupt-drop:1' }));
    await eventually('400 are held', () => pool.heldCount === 400);
    const { tallies } = await finish();
    const counts = Object.fromEntries(tallies.map(({ behaviour, streamCount }) => [behaviour, streamCount]));
    expect((counts['graceful-close'] ?? 0) + (counts['abrupt-drop'] ?? 0)).toBe(400);
    // 100 expected; its deviation is √(400·¾·¼) = 8.7.
    expect(Math.abs((counts['abrupt-drop'] ?? 0) - 100)).toBeLessThan(45);
  });

  it('begins when it is told to, and not before', async () => {
    let now = -100;
    start(planOf({ stages: '0s:10,60s:10' }), { nowMs: () => now });
    expect(generator?.plannedCount).toBe(0);
    for (let i = 0; i < 5; i += 1) await new Promise((done) => setTimeout(done, 10));
    expect(generator?.startedCount).toBe(0);
    now = 1;
    await eventually('ten are held', () => pool.heldCount === 10);
  });

  it('stops when it is told to: those that are open stay', async () => {
    start(planOf({ stages: '0s:10,60s:10', lifetime: '100ms' }));
    await eventually('ten are held', () => pool.heldCount === 10);
    generator?.stop();
    const started = generator?.startedCount;
    for (let i = 0; i < 10; i += 1) await new Promise((done) => setTimeout(done, 20));
    expect(generator?.startedCount).toBe(started);
    expect(pool.openCount).toBeGreaterThan(0);
  });
});

describe('who does not get in', () => {
  /** How many requests the server may see in so much time: each client once, and once again a second. */
  const fair = (clients: number, ms: number) => clients * (1 + Math.ceil(ms / 1000));

  it.each<[what: string, answer: Answer]>([
    ['refused', refuse],
    ['reset before an answer', (_, socket) => void socket.resetAndDestroy()],
    ['closed before an answer', (_, socket) => void socket.destroy()],
    [
      'given a page instead of a stream',
      (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>'),
    ],
    [
      'given a stream that is over at once',
      (response) => response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end('data: x\n\n'),
    ],
  ])('tries again, and does not hammer the server: %s', async (_, no) => {
    answer = (response, socket) => (openCount > 10 ? no(response, socket) : stream(response, socket));
    const { nowMs } = start(planOf({ stages: '0s:40,60s:40' }));
    await eventually('ten are held', () => pool.heldCount === 10);
    await eventually('the others have tried again', () => requestCount >= 10 + 60);
    expect(requestCount - 10).toBeLessThanOrEqual(fair(30, nowMs()));
    expect(pool.heldCount).toBe(10);
    // As soon as there is room they are let in.
    answer = stream;
    await eventually('all are held', () => pool.heldCount === 40);
    expect(pool.openCount).toBe(40);
  });

  it('tries again when nobody listens, and does not hammer', async () => {
    const place = { url: 'http://127.0.0.1:1/', key: 'k', source: null };
    const { nowMs } = start(planOf({ stages: '0s:30,60s:30' }), { placeOf: () => place });
    await eventually('all have tried twice', () => (generator?.startedCount ?? 0) >= 60);
    expect(generator?.startedCount).toBeLessThanOrEqual(fair(30, nowMs()));
  });

  it('is one of the clients while it waits: a ramp down takes it first', async () => {
    answer = (response, socket) => (openCount > 10 ? refuse(response, socket) : stream(response, socket));
    start(planOf({ stages: '0s:40,300ms:40,0s:10,60s:10' }));
    await eventually('ten are held', () => pool.heldCount === 10);
    await eventually('it is over with the others', () => generator?.plannedCount === 10);
    await eventually('ten are held', () => pool.heldCount === 10);
  });
});

describe('clients that come at a rate', () => {
  it('come as planned, whatever becomes of those before them', async () => {
    answer = () => {};
    start(planOf({ stages: '1s:100/s,1s:100/s' }));
    // Half of 100 on the ramp, 100 behind it; nobody gets an answer.
    await eventually('all have come', () => requestCount === 150);
    expect(generator).toMatchObject({ startedCount: 150, plannedCount: 150 });
    expect(pool.heldCount).toBe(0);
    const { timings } = await finish();
    expect(timings.summary('lateness')?.count).toBe(150);
    expect(timings.summary('firstByte')).toBe(null);
  });

  it('are shared among the workers, each arrival by one of them', async () => {
    let started = 0;
    const plan = planOf({ stages: '0s:200/s,500ms:200/s' });
    for (const index of [0, 1, 2]) {
      start(plan, { share: { index, count: 3 } });
      const running = generator as Generator;
      await eventually(
        'its own have come',
        () => running.startedCount === running.plannedCount && running.plannedCount >= 33,
      );
      started += running.startedCount;
      running.stop();
    }
    expect(started).toBe(100);
  });

  it('are missed where there is no room, and are not made up for', async () => {
    start(planOf({ stages: '0s:100/s,1s:100/s' }), { roomCount: 30 });
    await eventually(
      'all were due',
      () => (generator?.startedCount ?? 0) + (generator?.missedCount ?? 0) >= 100,
    );
    expect(generator?.startedCount).toBe(30);
    expect(generator?.missedCount).toBeGreaterThanOrEqual(70);
    expect(requestCount).toBeLessThanOrEqual(30);
    expect(generator?.plannedCount).toBe(100);
  });

  it('leave after their time, by chance', async () => {
    start(planOf({ stages: '0s:200/s,500ms:200/s', lifetime: '200ms' }));
    await eventually('all have come', () => generator?.startedCount === 100);
    await eventually('all have left', () => pool.openCount === 0);
    const { timings, tallies } = await finish();
    expect(tallies).toMatchObject([{ streamCount: 100, endings: { client: 100 } }]);
    const { p50Ms, p99Ms } = timings.summary('duration') as TimingSummary;
    // Exponentially distributed: the 99th percentile is 6.6 medians.
    expect(p99Ms).toBeGreaterThan(2 * p50Ms);
  });
});

describe('a client that is taken for gone, as it has ended its own side', () => {
  it('is replaced at once by one that stays: the number is held', async () => {
    const plan = planOf({ stages: '0s:40,60s:40', mix: 'half-close,graceful-close' });
    // The clock stands still: whoever rested would rest for ever.
    start(plan, { nowMs: () => 500 });
    await eventually('40 are held', () => pool.heldCount === 40);
    expect(requestCount).toBeGreaterThan(40);
  });
});

describe('a client that leaves by itself', () => {
  it('stays as long on average as all others: its own time is the only one', async () => {
    const plan = { ...planOf({ stages: '0s:400/s,1s:400/s' }), meanLifetimeMs: 300 };
    start({ ...plan, mix: { 'random-lifetime': 1, 'graceful-close': 1 } });
    await eventually('all have come', () => generator?.startedCount === 400);
    await eventually('all have left', () => pool.openCount === 0);
    pool.flush('hold');
    const meanMs = (behaviour: string) => {
      const timings = new Timings();
      for (const entry of entries)
        if (entry.type === 'timings' && entry.behaviour === behaviour) timings.add(entry.timings);
      return timings.summary('duration')?.meanMs ?? Number.NaN;
    };
    // Of some 200 each, a mean is right to 7 %; with two lifetimes it would be half.
    expect(meanMs('random-lifetime')).toBeGreaterThan(0.7 * meanMs('graceful-close'));
  });
});

describe('a generator that was late', () => {
  const BLOCK_MS = 400;

  /** Opens streams at a rate, blocks the event loop or not, and tells how long they seem to have waited. */
  async function measure(blockMs: number, at: number, stages: string) {
    entries = [];
    const { nowMs } = start(planOf({ stages }));
    const running = generator as Generator;
    while (nowMs() < at) await new Promise((done) => setTimeout(done, 1));
    block(blockMs);
    await eventually('all have come', () => running.startedCount === 200);
    await eventually('all are held', () => pool.openCount === pool.heldCount);
    const missedCount = running.missedCount;
    const { timings } = await finish();
    return {
      missedCount,
      lateness: timings.summary('lateness') as TimingSummary,
      firstByte: timings.summary('firstByte') as TimingSummary,
    };
  }

  it.each<[where: string, at: number]>([
    ['in the middle', 300],
    // The last arrivals are due while nobody looks, and the end of the stages with them.
    ['over the end of its stages', 700],
  ])('says so, and its times count from when the streams were to open: %s', async (_, at) => {
    const stages = '0s:200/s,1s:200/s';
    const clean = await measure(0, at, stages);
    const late = await measure(BLOCK_MS, at, stages);
    for (const { lateness, firstByte } of [clean, late]) {
      expect(lateness.count).toBe(200);
      expect(firstByte.count).toBe(200);
    }
    // The first of those that were due meanwhile waited for all of it: coordinated omission would hide that.
    expect(late.lateness.maxMs).toBeGreaterThan(BLOCK_MS - 50);
    expect(late.firstByte.maxMs).toBeGreaterThan(BLOCK_MS - 50);
    // And so did the others, each a little less: they are a third of all, and not one outlier.
    expect(late.firstByte.p90Ms).toBeGreaterThan(clean.firstByte.p50Ms);
    expect(late.firstByte.p90Ms).toBeGreaterThan(MISSED_MS);
    expect(late.firstByte.meanMs).toBeGreaterThan(late.lateness.meanMs);
    expect(late.missedCount).toBeGreaterThan(clean.missedCount);
  });
});
