import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { HydrotestError } from '../errors.ts';
import { createProcessProbe } from './process-probe.ts';
import { readEntry } from './process-tree.ts';
import { type ObedientProcess, startObedientProcess } from './testing/obedient-process.ts';
import { type HeapProbe, hasSettled, inspectorEnv, openHeapProbe } from './v8-heap.ts';

const MIB = 1024 * 1024;
/** Node 20's inspector tells less about Buffers, so it is read in another way: here where the system has one. */
const SYSTEM_NODE = '/usr/bin/node';

const { signal } = new AbortController();
const running: ObedientProcess[] = [];
const probes: HeapProbe[] = [];

afterEach(async () => {
  for (const probe of probes.splice(0)) await probe.close();
  for (const process of running.splice(0)) {
    await process.end();
    await expect.poll(() => readEntry(process.pid)?.zombie ?? true, { timeout: 20_000 }).toBe(true);
  }
});

async function start(options: Parameters<typeof startObedientProcess>[0] = {}): Promise<ObedientProcess> {
  const process = await startObedientProcess({ env: inspectorEnv(), ...options });
  running.push(process);
  return process;
}

async function open(target: ObedientProcess): Promise<HeapProbe> {
  const probe = await openHeapProbe({ rootPid: target.rootPid, port: target.port, signal });
  probes.push(probe);
  return probe;
}

async function failureOf(attempt: Promise<unknown>): Promise<HydrotestError> {
  const error = await attempt.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof HydrotestError)) throw new Error(`expected a HydrotestError, got ${error}`);
  return error;
}

async function levelMib(probe: HeapProbe): Promise<number> {
  const { heapBytes, settled } = await probe.readSettled({ signal });
  expect(settled).toBe(true);
  return heapBytes / MIB;
}

for (const node of [process.execPath, SYSTEM_NODE]) {
  test.skipIf(!existsSync(node))(`sees what is kept and what is released (${node})`, async () => {
    const target = await start({ node });
    const probe = await open(target);
    expect(probe.pid).toBe(target.pid);
    await target.run('');
    const base = await levelMib(probe);
    expect(Math.abs((await levelMib(probe)) - base)).toBeLessThan(0.1);

    await target.run('globalThis.array = new Array(10 * 2 ** 17).fill(0.5)');
    expect((await levelMib(probe)) - base).toBeCloseTo(10, 0);
    await target.run('globalThis.buffer = Buffer.alloc(10 * 2 ** 20)');
    expect((await levelMib(probe)) - base).toBeCloseTo(20, 0);
    await target.run('delete globalThis.array; delete globalThis.buffer');
    expect(Math.abs((await levelMib(probe)) - base)).toBeLessThan(0.2);
  });

  test.skipIf(!existsSync(node))(`leaves no trace of itself (${node})`, async () => {
    const target = await start({ node });
    const process = createProcessProbe(target.rootPid, { includeGroup: true });
    await target.run('');
    const counters = async () => {
      const { fdCount, threadCount, sockets } = await process.read();
      return { fdCount, threadCount, sockets };
    };
    const before = await counters();
    // It opens again after it was closed.
    for (let round = 0; round < 2; round++) {
      const probe = await open(target);
      await probe.readSettled({ signal });
      // The requests by which the inspector was found have connections of their own, which close a moment later.
      await expect
        .poll(async () => (await counters()).sockets, { timeout: 20_000 })
        .toMatchObject({ listen: 2, established: 1 });
      await Promise.all([probe.close(), probe.close()]);
      await expect.poll(counters, { timeout: 20_000 }).toEqual(before);
    }
  });
}

test('reading again and again adds nothing to what is read', async () => {
  const probe = await open(await start());
  const levels: number[] = [];
  for (let n = 0; n < 12; n++) levels.push((await probe.readSettled({ signal })).heapBytes);
  expect(Math.max(...levels.slice(5)) - Math.min(...levels.slice(5))).toBeLessThan(16 * 1024);
});

test('finds the server below a shell', async () => {
  const target = await start({ wrap: '"$NODE" "$@" & wait' });
  expect(target.pid).not.toBe(target.rootPid);
  const probe = await open(target);
  expect(probe.pid).toBe(target.pid);
  expect((await probe.readSettled({ signal })).heapBytes).toBeGreaterThan(MIB);
});

test('uses an inspector that is open already, and leaves it open', async () => {
  const target = await start({ nodeArgs: ['--inspect=127.0.0.1:0'] });
  const inspectorUrl = () => target.run(`return require('node:inspector').url()`);
  const url = await inspectorUrl();
  const probe = await open(target);
  expect((await probe.readSettled({ signal })).heapBytes).toBeGreaterThan(MIB);
  await probe.close();
  expect(await inspectorUrl()).toBe(url);
});

test('what is released only by a finalizer is waited for', async () => {
  const target = await start();
  const probe = await open(target);
  await target.run('');
  const base = await levelMib(probe);
  await target.run(`globalThis.held = new Map([[1, new Array(10 * 2 ** 17).fill(0.5)]]);
    globalThis.registry = new FinalizationRegistry((key) => globalThis.held.delete(key));
    (() => { globalThis.registry.register({}, 1); })();`);
  expect(Math.abs((await levelMib(probe)) - base)).toBeLessThan(0.2);
});

test('says when a reading has settled', () => {
  expect(hasSettled(100 * MIB, 100 * MIB)).toBe(true);
  expect(hasSettled(100 * MIB, 100.9 * MIB)).toBe(true);
  expect(hasSettled(100 * MIB, 101.1 * MIB)).toBe(false);
  // Within 1 %, and falling all the same.
  expect(hasSettled(100 * MIB, 99.5 * MIB)).toBe(false);
  expect(hasSettled(100 * MIB, 99.96 * MIB)).toBe(true);
  expect(hasSettled(4 * MIB, 4 * MIB - 4096)).toBe(true);
  expect(hasSettled(4 * MIB, 4 * MIB - 4097)).toBe(false);
});

test('refuses another language, and does not harm it', async () => {
  const child = spawn('python3', ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const portSaid = () => Number(/ port (\d+) /.exec(said)?.[1] ?? 0);
    await expect.poll(portSaid, { timeout: 20_000 }).toBeGreaterThan(0);
    const port = portSaid();
    const error = await failureOf(openHeapProbe({ rootPid: child.pid ?? 0, port }));
    expect(error.code).toBe('target-start');
    expect(error.message).toContain('not Node.js: its program is python3');
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    expect(child.exitCode ?? child.signalCode).toBe(null);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('refuses a process that does not listen there, such as a shell', async () => {
  const shell = spawn('sh', ['-c', 'read x'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const error = await failureOf(openHeapProbe({ rootPid: shell.pid ?? 0, port }));
  expect(error.message).toContain(`no process in the tree of ${shell.pid} is seen to listen on port ${port}`);
  expect(shell.exitCode ?? shell.signalCode).toBe(null);
  shell.kill('SIGKILL');
  server.close();
  await Promise.all([once(shell, 'exit'), once(server, 'close')]);
});

test('never sends the signal to a Node that would die of it', async () => {
  const target = await start({ nodeArgs: ['--disable-sigusr1'] });
  const error = await failureOf(open(target));
  expect(error.message).toContain('does not catch SIGUSR1');
  expect(await target.run('return 1 + 1')).toBe(2);
});

test('a program with a SIGUSR1 handler of its own goes on, and the reason is told', async () => {
  const target = await start();
  await target.run(`globalThis.signals = 0; process.on('SIGUSR1', () => { globalThis.signals++; })`);
  const error = await failureOf(open(target));
  expect(error.code).toBe('target-start');
  expect(error.message).toContain('may handle that signal itself');
  expect(await target.run('return globalThis.signals')).toBe(1);
});

test('refuses a server with Node processes below it: their leaks would go unseen', async () => {
  const target = await start();
  await target.run(`globalThis.child = require('node:child_process').spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((done) => globalThis.child.stdout.once('data', done));`);
  expect((await failureOf(open(target))).message).toContain('has 1 Node.js processes below it');
  // Twin: a child of another kind is no obstacle.
  await target.run(`globalThis.child.kill(); await new Promise((done) => globalThis.child.once('exit', done));
    globalThis.child = require('node:child_process').spawn('sleep', ['300'], { stdio: 'ignore' });`);
  await expect.poll(() => open(target).then(({ pid }) => pid), { timeout: 20_000 }).toBe(target.pid);
});

test('refuses a cluster, whose workers start under the same environment', async () => {
  const target = await start();
  // Workers take the environment of their primary: with port 0 for its inspector they ended at once.
  const folder = mkdtempSync(join(tmpdir(), 'hydrotest-cluster-'));
  const exec = join(folder, 'worker.cjs');
  writeFileSync(exec, `require('node:http').createServer((q, s) => s.end('hi')).listen(0, '127.0.0.1');`);
  const answer = await target.run(`const cluster = require('node:cluster');
    cluster.setupPrimary({ execArgv: [], exec: ${JSON.stringify(exec)} });
    globalThis.worker = cluster.fork();
    return await new Promise((done) => {
      globalThis.worker.once('listening', () => done('listening'));
      globalThis.worker.once('exit', (code) => done('ended with ' + code));
    });`);
  rmSync(folder, { recursive: true });
  expect(answer).toBe('listening');
  expect((await failureOf(open(target))).message).toContain('has 1 Node.js processes below it');
});

test('a reading ends with its signal, and with its target', async () => {
  const target = await start();
  const probe = await open(target);
  const aborted = await failureOf(probe.readSettled({ signal: AbortSignal.abort() }));
  expect(aborted.code).toBe('aborted');
  expect((await probe.readSettled({ signal })).settled).toBe(true);

  const reading = failureOf(probe.readSettled({ signal }));
  await target.end();
  expect((await reading).code).toBe('target-lost');
  expect((await failureOf(probe.readSettled({ signal }))).code).toBe('target-lost');
  await probe.close();
});

test('adds its option to those of the user, and respects a chosen inspector port', () => {
  expect(inspectorEnv()).toEqual({ NODE_OPTIONS: expect.stringMatching(/^--inspect-port=[23]\d{4}$/) });
  expect(inspectorEnv('--max-old-space-size=512')).toEqual({
    NODE_OPTIONS: expect.stringMatching(/^--max-old-space-size=512 --inspect-port=\d+$/),
  });
  expect(inspectorEnv('--inspect=9333')).toEqual({ NODE_OPTIONS: '--inspect=9333' });
});

test('does not signal a process that is not ours, and uses its inspector where it is open', async () => {
  const closed = await start();
  const error = await failureOf(
    openHeapProbe({ rootPid: closed.rootPid, port: closed.port, mayOpen: false }),
  );
  expect(error.message).toContain('was not started here');
  const probe = await openHeapProbe({ rootPid: closed.rootPid, port: closed.port });
  probes.push(probe);
  expect(await levelMib(probe)).toBeGreaterThan(1);

  const inspected = await start({ nodeArgs: ['--inspect=0'] });
  const second = await openHeapProbe({ rootPid: inspected.rootPid, port: inspected.port, mayOpen: false });
  probes.push(second);
  expect(await levelMib(second)).toBeGreaterThan(1);
});
