import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HydrotestError } from '../errors.ts';
import { loadPlanOf } from '../load-options.ts';
import type { JournalEntry, TallyEntry, TimingsEntry } from '../model.ts';
import { scanProcesses } from '../probes/process-tree.ts';
import { defaultPlan } from '../streams/conversation.ts';
import { isProcessAlive } from '../targets/process-group.ts';
import { Timings } from '../timings.ts';
import { until } from '../waiting.ts';
import { type Crew, type CrewOptions, startCrew } from './crew.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const { signal } = new AbortController();
const ENOUGH_MS = 30_000;

let server: Server;
let url: string;
let openCount: number;
let requests: { path: string; headers: Record<string, unknown>; from: string | undefined }[];
let entries: JournalEntry[];
let crew: Crew | null;
let children: ChildProcess[];

/** Streams three events, one of them with the number and the time that the harness writes, and stays open. */
beforeEach(async () => {
  openCount = 0;
  requests = [];
  entries = [];
  crew = null;
  children = [];
  server = createServer((request, response) => {
    requests.push({
      path: request.url ?? '',
      headers: request.headers,
      from: request.socket.remoteAddress,
    });
    openCount += 1;
    request.socket.once('close', () => {
      openCount -= 1;
    });
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`data: a\n\ndata: b\n\ndata: {"seq":1,"at":${Date.now() + 5},"type":"soak"}\n\n`);
  }).listen(0, '127.0.0.1', 511);
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{key}`;
});

afterEach(async () => {
  await crew?.stop();
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(await workersOf(process.pid)).toEqual([]);
  const connections = () => new Promise<number>((done) => server.getConnections((_, n) => done(n)));
  expect(await until(async () => (await connections()) === 0, ENOUGH_MS, signal)).toBe(true);
  server.close();
});

interface Worker {
  pid: number;
  startTicks: number;
}

/** The worker processes that a process has started. */
async function workersOf(parent: number): Promise<Worker[]> {
  const found: Worker[] = [];
  for (const { pid, parentPid, startTicks, zombie } of (await scanProcesses()).values()) {
    if (parentPid !== parent || zombie) continue;
    try {
      if (/load\/worker\.ts/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')))
        found.push({ pid, startTicks });
    } catch {
      // Gone meanwhile.
    }
  }
  return found;
}

const isAlive = ({ pid, startTicks }: Worker) => isProcessAlive(pid, startTicks);

const eventually = async (what: string, condition: () => boolean | Promise<boolean>) => {
  if (!(await until(condition, ENOUGH_MS, signal))) throw new Error(`${what}: still not so`);
};

function orderOf(streams: number, over: Partial<CrewOptions['order']> = {}): CrewOptions['order'] {
  return {
    plan: loadPlanOf(
      { stages: `0s:${streams},60s:${streams}`, mix: 'graceful-close', lifetime: 'none' },
      60_000,
    ),
    scenario: 'hold',
    phase: 'one',
    url,
    keyTemplate: 'key-{n}',
    keySeed: 1,
    firstKeyNumber: 1001,
    slotsPerKey: 4,
    protocol: defaultPlan,
    headers: { 'X-Team': 'a' },
    eventTime: null,
    addressCount: 0,
    firstAddress: 0,
    remote: null,
    roomCount: 10_000,
    ...over,
  };
}

async function start(
  workerCount: number,
  order: CrewOptions['order'],
  over: Partial<CrewOptions> = {},
): Promise<Crew> {
  crew = await startCrew({
    order,
    workerCount,
    randomSeed: 7,
    onEntry: (entry) => entries.push(entry),
    signal,
    ...over,
  });
  return crew;
}

const tallies = () => entries.filter((entry): entry is TallyEntry => entry.type === 'tally');
const total = (value: (tally: TallyEntry) => number) =>
  tallies().reduce((sum, tally) => sum + value(tally), 0);

describe('workers', () => {
  it('hold their shares together, and tell how it goes', async () => {
    const { counts, health } = await start(3, orderOf(50));
    expect(await workersOf(process.pid)).toHaveLength(3);
    await eventually('50 are held', () => counts().heldCount === 50);
    await eventually('all events have come', () => counts().eventCount === 150);
    expect(counts()).toEqual({
      plannedCount: 50,
      startedCount: 50,
      missedCount: 0,
      openCount: 50,
      heldCount: 50,
      eventCount: 150,
      slotCount: 50,
    });
    expect(openCount).toBe(50);
    const told = health();
    if (told === null) throw new Error('nobody told how it is');
    const { workerCount, rssBytes, emptyRssBytes, heapUsedBytes, busiestCores, cores } = told;
    expect(workerCount).toBe(3);
    // The smallest Node process has 40 MB.
    expect(rssBytes).toBeGreaterThan(3 * 40e6);
    expect(emptyRssBytes).toBeGreaterThan(3 * 40e6);
    expect(heapUsedBytes).toBeGreaterThan(3 * 1e6);
    expect(cores).toBeGreaterThanOrEqual(busiestCores);
  });

  it('use the keys that they were told, each by as many as fit on it, and the headers', async () => {
    const { counts } = await start(2, orderOf(20));
    await eventually('20 are held', () => counts().heldCount === 20);
    const onKey = new Map<string, number>();
    for (const { path } of requests) onKey.set(path, (onKey.get(path) ?? 0) + 1);
    expect(Object.fromEntries(onKey)).toEqual({
      '/key-1001': 4,
      '/key-1002': 4,
      '/key-1003': 4,
      '/key-1004': 4,
      '/key-1005': 4,
    });
    for (const { headers } of requests) expect(headers).toMatchObject({ 'x-team': 'a' });
  });

  it('tell all that they have seen until they are gone', async () => {
    const { counts, stop, lost } = await start(3, orderOf(50));
    await eventually('all events have come', () => counts().eventCount === 150);
    expect(tallies()).toEqual([]);
    const workers = await workersOf(process.pid);
    await Promise.all([stop(), stop()]);
    expect(workers.filter(isAlive)).toEqual([]);
    expect(lost.aborted).toBe(false);
    expect(tallies()).toHaveLength(3);
    for (const tally of tallies())
      expect(tally).toMatchObject({
        scenario: 'hold',
        phase: 'one',
        behaviour: 'graceful-close',
        statuses: { 200: tally.streamCount },
      });
    expect(total(({ streamCount }) => streamCount)).toBe(50);
    expect(total(({ endings }) => endings.client ?? 0)).toBe(50);
    expect(total(({ eventCount }) => eventCount)).toBe(150);
    expect(total(({ fedEventCount }) => fedEventCount)).toBe(50);
    expect(counts()).toMatchObject({ openCount: 0, heldCount: 0, startedCount: 50, eventCount: 150 });
    const timings = new Timings();
    for (const entry of entries.filter((each): each is TimingsEntry => each.type === 'timings'))
      timings.add(entry.timings);
    for (const name of ['firstByte', 'firstEvent', 'duration', 'event'] as const)
      expect([name, timings.summary(name)?.count]).toEqual([name, 50]);
    expect(timings.summary('lateness')).toBe(null);
  });

  it('tell all of it also to a process that has no time to listen while they end', async () => {
    // Longer than what the kernel keeps of a channel that nobody reads.
    const { counts, lost, stop } = await start(1, orderOf(5, { phase: 'x'.repeat(2_000_000) }));
    await eventually('5 are held', () => counts().heldCount === 5);
    const stopping = stop();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    await stopping;
    expect(lost.aborted).toBe(false);
    expect(total(({ streamCount }) => streamCount)).toBe(5);
    expect(entries.some(({ type }) => type === 'timings')).toBe(true);
  });

  it('keep the books of each phase', async () => {
    const order = orderOf(40, {
      plan: loadPlanOf({ stages: '0s:40,60s:40', mix: 'graceful-close', lifetime: '200ms' }, 60_000),
    });
    const { setPhase, counts, stop } = await start(2, order);
    await eventually('some have left', () => counts().startedCount >= 80);
    setPhase('two');
    const before = counts().startedCount;
    await eventually('some have left again', () => counts().startedCount >= before + 80);
    await stop();
    const phases = new Set(tallies().map(({ phase }) => phase));
    expect(phases).toEqual(new Set(['one', 'two']));
    expect(total(({ streamCount }) => streamCount)).toBe(counts().startedCount);
    expect(total(({ streamCount }) => streamCount)).toBe(requests.length);
    const timed = entries.filter((each): each is TimingsEntry => each.type === 'timings');
    const sum = new Timings();
    for (const { timings } of timed) sum.add(timings);
    expect(sum.summary('duration')?.count).toBe(requests.length);
    expect(new Set(timed.map(({ phase }) => phase))).toEqual(new Set(['one', 'two']));
  });

  it('that arrive at a rate tell how late', async () => {
    const order = orderOf(1, {
      plan: loadPlanOf({ stages: '0s:100/s,500ms:100/s', mix: 'graceful-close', lifetime: '1h' }, 60_000),
    });
    const { counts, stop } = await start(2, order);
    await eventually('all have come', () => counts().startedCount === 50);
    await stop();
    expect(counts()).toMatchObject({ plannedCount: 50, startedCount: 50 });
    const timings = new Timings();
    for (const entry of entries) if (entry.type === 'timings') timings.add(entry.timings);
    expect(timings.summary('lateness')?.count).toBe(50);
  });

  it.runIf(process.platform === 'linux')(
    'use source addresses of their own, where one has too few ports',
    async () => {
      const { counts } = await start(2, orderOf(20, { addressCount: 1 }));
      await eventually('20 are held', () => counts().heldCount === 20);
      const from = (address: string) => requests.filter((request) => request.from === address).length;
      expect([from('127.77.0.1'), from('127.77.0.2')]).toEqual([10, 10]);
    },
  );

  it('tell how they are once a reading: none is taken for two', async () => {
    const { health, counts } = await start(2, orderOf(5));
    await eventually('5 are held', () => counts().heldCount === 5);
    await eventually('both have told', () => health() !== null);
    expect(health()).toBe(null);
    await eventually('both have told again', () => health() !== null);
  });
});

describe('a worker that ends before its time', () => {
  it('is lost, with its signal, and the others end when they are told to', async () => {
    const { counts, lost, stop } = await start(3, orderOf(30));
    await eventually('30 are held', () => counts().heldCount === 30);
    expect(lost.aborted).toBe(false);
    const workers = await workersOf(process.pid);
    process.kill(workers[1]?.pid as number, 'SIGKILL');
    await eventually('it is missed', () => lost.aborted);
    const error = lost.reason as HydrotestError;
    expect(error.code).toBe('worker-lost');
    expect(error.message).toMatch(
      /^worker process [123] was ended by SIGKILL in the middle of its work, and with it what it had seen$/,
    );
    await stop();
    expect(workers.filter(isAlive)).toEqual([]);
    await eventually('the server has nobody left', () => openCount === 0);
    expect(total(({ streamCount }) => streamCount)).toBe(20);
  });

  it('in an error is lost with its last words', async () => {
    // No such URL: the worker throws when it opens its first stream.
    const { lost } = await start(1, orderOf(1, { url: 'ftp://127.0.0.1/' }));
    await eventually('it is missed', () => lost.aborted);
    const { code, message } = lost.reason as HydrotestError;
    expect(code).toBe('worker-lost');
    expect(message).toMatch(/^worker process 1 ended with exit code \d+ in the middle of its work/);
    expect(message).toContain('ftp:');
  });
});

describe('a crew', () => {
  it('is not started, and leaves nothing, where the run was aborted', async () => {
    const aborted = new AbortController();
    const starting = start(2, orderOf(5), { signal: aborted.signal });
    aborted.abort(new Error('Ctrl-C'));
    await expect(starting).rejects.toThrow('Ctrl-C');
    expect(await workersOf(process.pid)).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('ends with its parent, even when that is killed', async () => {
    const script = `
      import { startCrew } from ${JSON.stringify(join(HERE, 'crew.ts'))};
      const crew = await startCrew({
        order: ${JSON.stringify(orderOf(12))}, workerCount: 2, randomSeed: 1,
        onEntry() {}, signal: new AbortController().signal });
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(parent);
    await eventually('12 are open', () => openCount === 12);
    const workers = await workersOf(parent.pid as number);
    expect(workers).toHaveLength(2);
    expect(workers.every(isAlive)).toBe(true);
    parent.kill('SIGKILL');
    await eventually('the workers are gone', () => !workers.some(isAlive));
    await eventually('the server has nobody left', () => openCount === 0);
  });

  it('is left alone by a Ctrl-C or `timeout`, which reach its whole group: who started it says what is to be done', async () => {
    const { counts, lost } = await start(2, orderOf(10));
    await eventually('10 are held', () => counts().heldCount === 10);
    const workers = await workersOf(process.pid);
    for (const { pid } of workers) {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, name);
    }
    const told = counts();
    await eventually('they have told again', () => counts() !== told && workers.every(isAlive));
    expect(counts().heldCount).toBe(10);
    expect(lost.aborted).toBe(false);
  });
});
