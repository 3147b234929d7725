import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { getRequest, openRawClient, streamRequest } from './testing/raw-client.ts';
import { openGoodClients, type ServerProcess, startProcess } from './testing/server-process.ts';
import { until } from './testing/until.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(options: string[], how: Parameters<typeof startProcess>[1] = {}) {
  const server = await startProcess(options, how);
  cleanUps.push(() => server.close());
  return server;
}

const logged = (server: ServerProcess, msg: string) => server.log().filter((line) => line.msg === msg);
const preload = (code: string) => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

/** With each SIGUSR2 the wall clock jumps a day on, then two back, and so forth. */
const JUMPING = preload(`
  const now = Date.now.bind(Date);
  const day = 86_400_000;
  let offset = 0;
  process.on('SIGUSR2', () => { offset = offset > 0 ? -day : day; });
  Date.now = () => now() + offset;
`);

test('whatever the wall clock does, deadlines, signs of life and durations go by another one', async () => {
  const server = await start(['--max-duration', '1', '--heartbeat', '0.1'], { node: JUMPING });
  const clients = [];
  const startedAtMs = Date.now();
  for (const name of ['on', 'back']) {
    server.child.kill('SIGUSR2');
    const client = openRawClient({ port: server.port, request: streamRequest(name) });
    clients.push(client);
    await client.received('retry:');
    server.child.kill('SIGUSR2');
    await client.received(': heartbeat');
    await until('its deadline', () => client.isComplete);
    expect(client.body).toContain('max_duration_exceeded');
  }
  const tookMs = Date.now() - startedAtMs;
  const closed = logged(server, 'stream closed') as { durationMs?: number; time?: string }[];
  for (const { durationMs } of closed) {
    expect(durationMs).toBeGreaterThanOrEqual(999);
    expect(durationMs).toBeLessThanOrEqual(tookMs);
  }
  // The clock did jump: the log tells the wall clock's time.
  const times = server.log().map((line) => Date.parse(String((line as { time?: string }).time)));
  expect(times.some((time) => Math.abs(time - Date.now()) > 3600_000)).toBe(true);
  expect((await server.health()).uptimeSeconds * 1000).toBeLessThan(tookMs + 60_000);
  for (const { socket } of clients) socket.destroy();
});

/** With a SIGUSR2 all descriptors are taken; half a second later they come back. */
const GREEDY = preload(`
  import { closeSync, openSync } from 'node:fs';
  process.on('SIGUSR2', () => {
    const taken = [];
    try { for (;;) taken.push(openSync('/dev/null')); } catch {}
    setTimeout(() => { for (const fd of taken) closeSync(fd); }, 500);
  });
`);

test.skipIf(process.platform === 'win32')(
  'without a descriptor left it accepts nobody and loses nobody, and goes on when there are some',
  async () => {
    const server = await start([], { shell: 'ulimit -n 100;', node: GREEDY });
    const good = await openGoodClients(server, 'flow', 2);
    good.feed();
    await good.haveAll();
    const fdsBefore = server.fdCount();
    server.child.kill('SIGUSR2');
    await until('all are taken', () => server.fdCount() >= 99);
    const turnedAway = Array.from({ length: 20 }, () =>
      openRawClient({ port: server.port, request: getRequest('/health', { Connection: 'close' }) }),
    );
    good.feed();
    await good.haveAll();
    await Promise.all(turnedAway.map((client) => client.closed()));
    await until('they are back', () => server.fdCount() <= fdsBefore);
    const visitor = openRawClient({ port: server.port, request: streamRequest('visited') });
    expect(await visitor.answered()).toBe(200);
    visitor.socket.destroy();
    expect(logged(server, 'cannot accept connections').length).toBeLessThanOrEqual(1);
    good.feed();
    await good.haveAll();
    good.close();
  },
);

test('2,000 connections that are reset at once: good clients notice nothing, and nothing is left', async () => {
  const server = await start([]);
  const good = await openGoodClients(server, 'flow', 3);
  good.feed();
  await good.haveAll();
  const fdsBefore = server.fdCount();
  for (let round = 0; round < 20; round += 1) {
    const bad = Array.from({ length: 100 }, () => openRawClient({ port: server.port }));
    for (const { socket } of bad) socket.once('connect', () => socket.resetAndDestroy());
    good.feed();
    await Promise.all(bad.map((client) => client.closed()));
  }
  await good.haveAll();
  await until('the descriptors are back', () => server.fdCount() <= fdsBefore);
  expect(await server.health()).toMatchObject({ openStreams: 3, openTails: 1, rejected: 0 });
  // A client that goes away is no news: no line for any of them.
  expect(server.log().filter(({ level }) => level !== 'info')).toEqual([]);
  good.close();
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test.skipIf(process.platform !== 'linux')('a log on a full disk costs lines, not the server', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sse-full-'));
  cleanUps.push(() => rmSync(dir, { recursive: true }));
  const port = await freePort();
  const main = join(import.meta.dirname, 'main.ts');
  const child: ChildProcess = spawn(
    'sh',
    ['-c', 'exec "$@" > /dev/full', 'sh', process.execPath, main, '--port', `${port}`, '--dir', dir],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  cleanUps.push(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  const exited = once(child, 'exit');
  await until('it serves', async () => {
    const client = openRawClient({ port, request: streamRequest('flow') });
    await until('an answer or none', () => client.status !== null || client.isClosed);
    client.socket.destroy();
    return client.status === 200;
  });
  const clients = Array.from({ length: 200 }, (_, n) =>
    openRawClient({ port, request: streamRequest(`flow-${n}`) }),
  );
  for (const client of clients) expect(await client.answered()).toBe(200);
  expect(said.match(/cannot write the log/g)).toHaveLength(1);
  expect(said).toContain('ENOSPC');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  for (const { socket } of clients) socket.destroy();
});
