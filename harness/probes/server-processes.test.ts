import { readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterEach, expect, test } from 'vitest';
import { inspectorEnv } from './inspector-env.ts';
import { listenersOf } from './inspector-port.ts';
import { openTargetProbe } from './open-target-probe.ts';
import { scanProcesses, selectTree } from './process-tree.ts';
import type { TargetProbe, TargetProbeOptions } from './target-probe.ts';
import { SERVER, type ServedCommand, startServedCommand } from './testing/served-command.ts';

const MIB = 1024 * 1024;
const POLL = { timeout: 20_000, interval: 20 };
const SYSTEM_NODE = '/usr/bin/node';
const nodes = [process.execPath, SYSTEM_NODE].filter(isThere);

const { signal } = new AbortController();
const running: ServedCommand[] = [];
const probes: TargetProbe[] = [];

afterEach(async () => {
  for (const probe of probes.splice(0)) await probe.close();
  for (const server of running.splice(0)) {
    await server.end();
    await expect.poll(() => treeOf(server), POLL).toEqual([]);
  }
});

function isThere(path: string): boolean {
  try {
    readlinkSync(path);
  } catch (cause) {
    // EINVAL: a file, and no link.
    return cause instanceof Error && 'code' in cause && cause.code === 'EINVAL';
  }
  return true;
}

async function treeOf({ rootPid }: ServedCommand): Promise<number[]> {
  const tree = selectTree(await scanProcesses(), rootPid, { includeGroup: true });
  return tree.filter(({ zombie }) => !zombie).map(({ pid }) => pid);
}

async function start(...options: Parameters<typeof startServedCommand>): Promise<ServedCommand> {
  const [command, files, env] = options;
  const server = await startServedCommand(command, files, { ...inspectorEnv(), ...env });
  running.push(server);
  return server;
}

async function open(server: ServedCommand, options: Partial<TargetProbeOptions> = {}) {
  const { rootPid, port } = server;
  const opened = await openTargetProbe({
    rootPid,
    port,
    includeGroup: true,
    inspect: true,
    mayOpen: true,
    signal,
    ...options,
  });
  probes.push(opened.probe);
  return opened;
}

async function heapOf(probe: TargetProbe) {
  const { heap } = await probe.readQuiet({ signal });
  if (heap === null) throw new Error(`no heap: ${probe.missing()}`);
  return { mib: (heap.usedBytes + heap.arrayBufferBytes) / MIB, processCount: heap.processCount };
}

/** The processes in an identity. */
const pidsIn = async (probe: TargetProbe) =>
  (await probe.identity()).split(' ').map((name) => Number(name.split('@')[0]));

/** Closes the probe: then no process of the server has more listening sockets than before. */
async function expectClosed(server: ServedCommand, probe: TargetProbe, listening: number): Promise<void> {
  await Promise.all([probe.close(), probe.close()]);
  await expect.poll(() => countListeners(server), POLL).toBe(listening);
  expect(server.stderrText().replaceAll('Debugger attached.\n', '')).toBe('');
}

async function countListeners(server: ServedCommand): Promise<number> {
  let count = 0;
  for (const pid of await treeOf(server)) count += (await listenersOf(pid)).length;
  return count;
}

async function expectGrowth(probe: TargetProbe, grow: () => Promise<unknown>, mib: number): Promise<void> {
  await probe.readQuiet({ signal });
  const before = (await heapOf(probe)).mib;
  await grow();
  expect((await heapOf(probe)).mib - before).toBeCloseTo(mib, 0);
}

const PACKAGE = JSON.stringify({ name: 'served', version: '1.0.0', scripts: { start: 'node server.cjs' } });

test('under npm start: the server is read, npm and the shell are not', async () => {
  const server = await start('npm start --silent', {
    'package.json': PACKAGE,
    'server.cjs': `${SERVER} serve();`,
  });
  const { probe, gap } = await open(server);
  expect(gap).toBe(null);
  expect(await pidsIn(probe)).toEqual([Number(await server.ask('/pid'))]);
  expect((await probe.read()).processCount).toBeGreaterThan(1);
  await expectGrowth(probe, () => server.ask(`/keep?${4 * MIB}`), 4);
  await expectClosed(server, probe, 1);
});

test('under tsx: the server is read, tsx is not', async () => {
  const tsx = createRequire(import.meta.url).resolve('tsx/cli');
  const server = await start(`"$NODE" ${tsx} server.cts`, {
    'server.cts': `${SERVER.replace('const kept = []', 'const kept: number[][] = []').replace('(request, response)', '(request: any, response: any)')} serve();`,
  });
  const { probe, gap } = await open(server);
  // The compiler is a process of its own, where tsx has not compiled the same text before.
  expect(gap ?? '').toMatch(/^$|: \d+ \(esbuild\)$/);
  expect(await pidsIn(probe)).toEqual([Number(await server.ask('/pid'))]);
  await expectGrowth(probe, () => server.ask(`/keep?${4 * MIB}`), 4);
  await expectClosed(server, probe, 1);
});

const CLUSTER = `${SERVER}
const cluster = require('node:cluster');
cluster.schedulingPolicy = Number(process.env.POLICY);
if (cluster.isPrimary) {
  cluster.fork(); cluster.fork();
  cluster.on('exit', () => cluster.fork());
} else serve();`;

for (const node of nodes) {
  for (const policy of ['SCHED_NONE', 'SCHED_RR']) {
    test(`a cluster with ${policy}: the sum of primary and workers (${node})`, async () => {
      const server = await start(
        `${node} server.cjs`,
        { 'server.cjs': CLUSTER },
        {
          POLICY: policy === 'SCHED_RR' ? '2' : '1',
        },
      );
      const { probe, gap } = await open(server);
      expect(gap).toBe(null);
      await expect.poll(async () => (await heapOf(probe)).processCount, POLL).toBe(3);
      const listening = (await countListeners(server)) - 3;
      await expectGrowth(probe, () => server.ask(`/keep?${4 * MIB}`), 4);
      await expectClosed(server, probe, listening);
    });
  }

  test(`a forked child that leaks: the sum grows (${node})`, async () => {
    const server = await start(`${node} server.cjs`, {
      'server.cjs': `${SERVER}
        globalThis.child = require('node:child_process').fork('./child.cjs');
        globalThis.child.once('message', serve);`,
      'child.cjs': `const kept = []; process.on('message', (bytes) => {
        kept.push(new Array(bytes / 8).fill(0.5)); process.send('kept'); });
        process.send('ready');`,
    });
    const { probe, gap } = await open(server);
    expect(gap).toBe(null);
    expect((await heapOf(probe)).processCount).toBe(2);
    const keep = `globalThis.child.send(${4 * MIB}); await new Promise((done) => globalThis.child.once('message', done));`;
    await expectGrowth(probe, () => server.ask(`/tell?${encodeURIComponent(keep)}`), 4);
    await expectGrowth(probe, () => probe.plant(3 * MIB), 3);
    await expectGrowth(probe, () => probe.unplant(), -3);
    await expectClosed(server, probe, 1);
  });
}

test('a worker that dies is replaced: the new one is read, and the identity tells', async () => {
  const server = await start('node server.cjs', { 'server.cjs': CLUSTER }, { POLICY: '2' });
  const { probe } = await open(server);
  await expect.poll(async () => (await heapOf(probe)).processCount, POLL).toBe(3);
  const before = await probe.identity();
  const same = await heapOf(probe);
  expect(await probe.identity()).toBe(before);
  expect(same.processCount).toBe(3);

  const worker = Number(await server.ask('/pid'));
  process.kill(worker, 'SIGKILL');
  await expect
    .poll(async () => {
      const { heap } = await probe.readQuiet({ signal });
      return heap?.processCount === 3 && !(await pidsIn(probe)).includes(worker);
    }, POLL)
    .toBe(true);
  expect(await probe.identity()).not.toBe(before);
  await expectGrowth(probe, () => server.ask(`/keep?${4 * MIB}`), 4);
  await expectClosed(server, probe, 1);
});

test('a worker that ends during a reading costs a second look, and no more', async () => {
  const server = await start('node server.cjs', { 'server.cjs': CLUSTER }, { POLICY: '2' });
  const { probe } = await open(server);
  await expect.poll(async () => (await heapOf(probe)).processCount, POLL).toBe(3);
  const worker = Number(await server.ask('/pid'));
  const reading = probe.readQuiet({ signal });
  process.kill(worker, 'SIGKILL');
  expect((await reading).processCount).toBeGreaterThan(1);
  expect(await pidsIn(probe)).not.toContain(worker);
});

test('a helper that comes later is read from then on, and what is no Node is told', async () => {
  const server = await start('node server.cjs', {
    'server.cjs': `${SERVER} const { fork, spawn } = require('node:child_process');
      globalThis.tool = spawn('sleep', ['300'], { stdio: 'ignore' }); globalThis.fork = fork;
      globalThis.tool.once('spawn', serve);`,
    'child.cjs': `globalThis.kept = new Array(${(4 * MIB) / 8}).fill(0.5);
      process.on('message', () => {}); process.send('ready');`,
  });
  const { probe, gap } = await open(server);
  expect(gap).toMatch(/^not in the heap, .*: \d+ \(\w+\)$/);
  const before = await heapOf(probe);
  expect(before.processCount).toBe(1);
  const forked = `globalThis.child = globalThis.fork('./child.cjs'); await new Promise((done) => globalThis.child.once('message', done));`;
  await server.ask(`/tell?${encodeURIComponent(forked)}`);
  const after = await heapOf(probe);
  expect(after.processCount).toBe(2);
  expect(after.mib - before.mib).toBeGreaterThan(4);
});

test('a helper that cannot be read: the reading goes without a heap and says why, until it has gone', async () => {
  const server = await start('node server.cjs', {
    'server.cjs': `${SERVER} globalThis.fork = require('node:child_process').fork; serve();`,
    'child.cjs': `process.on('SIGUSR1', () => {}); process.on('message', () => {}); process.send('ready');`,
  });
  const { probe, gap } = await open(server);
  expect(gap).toBe(null);
  const fork = `globalThis.child = globalThis.fork('./child.cjs'); await new Promise((done) => globalThis.child.once('message', done));`;
  await server.ask(`/tell?${encodeURIComponent(fork)}`);
  expect(await probe.readQuiet({ signal })).toMatchObject({ heap: null, settled: true });
  expect(probe.missing()).toContain('may handle that signal itself');
  expect(await pidsIn(probe)).toHaveLength(await treeOf(server).then((pids) => pids.length));
  const end = `globalThis.child.kill(); await new Promise((done) => globalThis.child.once('exit', done));`;
  await server.ask(`/tell?${encodeURIComponent(end)}`);
  expect((await heapOf(probe)).processCount).toBe(1);
  expect(probe.missing()).toBe(null);
  await expectClosed(server, probe, 1);
});

test('attached by pid to a cluster: all of it is opened, and closed in the end', async () => {
  const server = await start('exec node server.cjs', { 'server.cjs': CLUSTER }, { POLICY: '2' });
  const { probe, gap } = await open(server, { includeGroup: false });
  expect(gap).toBe(null);
  await expect.poll(async () => (await heapOf(probe)).processCount, POLL).toBe(3);
  await expectGrowth(probe, () => server.ask(`/keep?${4 * MIB}`), 4);
  await expectClosed(server, probe, 1);
});
