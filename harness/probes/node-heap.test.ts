import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HydrotestError } from '../errors.ts';
import { hasSettled } from './heap-probe.ts';
import { inspectorEnv } from './inspector-env.ts';
import { listenersOf, loopbackOf, parseInspectorEndpoint } from './inspector-port.ts';
import { openTargetProbe } from './open-target-probe.ts';
import { readEntry } from './process-tree.ts';
import type { OpenedProbe, TargetProbe, TargetProbeOptions } from './target-probe.ts';
import { type ObedientProcess, startObedientProcess } from './testing/obedient-process.ts';

const MIB = 1024 * 1024;
const POLL = { timeout: 20_000 };
/** Node 20's inspector tells less, and its debugging options were others: looked at where the system has one. */
const SYSTEM_NODE = '/usr/bin/node';

const { signal } = new AbortController();
const running: ObedientProcess[] = [];
const probes: TargetProbe[] = [];

afterEach(async () => {
  for (const probe of probes.splice(0)) await probe.close();
  for (const process of running.splice(0)) {
    await process.end();
    await expect.poll(() => readEntry(process.pid)?.zombie ?? true, POLL).toBe(true);
  }
});

async function start(options: Parameters<typeof startObedientProcess>[0] = {}): Promise<ObedientProcess> {
  const process = await startObedientProcess({ env: inspectorEnv(), ...options });
  running.push(process);
  return process;
}

async function openAny(
  target: { rootPid: number; port: number },
  options: Partial<TargetProbeOptions> = {},
): Promise<OpenedProbe> {
  const opened = await openTargetProbe({
    rootPid: target.rootPid,
    port: target.port,
    includeGroup: true,
    inspect: true,
    mayOpen: true,
    signal,
    ...options,
  });
  probes.push(opened.probe);
  return opened;
}

async function open(target: ObedientProcess): Promise<TargetProbe> {
  const { probe, gap } = await openAny(target);
  expect(gap).toBe(null);
  expect(probe.capabilities).toEqual({
    level: 'heap',
    collects: true,
    plants: true,
    tree: true,
    sockets: true,
  });
  return probe;
}

/** Why there is no heap; what is left works all the same. */
async function gapOf(target: { rootPid: number; port: number }, options: Partial<TargetProbeOptions> = {}) {
  const { probe, gap } = await openAny(target, options);
  expect(probe.capabilities).toMatchObject({ level: 'anonymous', collects: false, plants: false });
  const reading = await probe.readQuiet({ signal });
  expect(reading.heap).toBe(null);
  expect(reading.anonymousBytes).toBeGreaterThan(0);
  return gap;
}

async function failureOf(attempt: Promise<unknown>): Promise<HydrotestError> {
  const error = await attempt.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof HydrotestError)) throw new Error(`expected a HydrotestError, got ${error}`);
  return error;
}

async function levelBytes(probe: TargetProbe): Promise<number> {
  const { heap, settled } = await probe.readQuiet({ signal });
  expect(settled).toBe(true);
  expect(heap?.processCount).toBe(1);
  return heap === null ? Number.NaN : heap.usedBytes + heap.arrayBufferBytes;
}

const levelMib = async (probe: TargetProbe) => (await levelBytes(probe)) / MIB;

for (const node of [process.execPath, SYSTEM_NODE]) {
  test.skipIf(!existsSync(node))(`sees what is kept and what is released (${node})`, async () => {
    const target = await start({ node });
    const probe = await open(target);
    expect(await probe.identity()).toBe(`${target.pid}@${readEntry(target.pid)?.startTicks}`);
    await target.run('');
    const base = await levelMib(probe);
    expect(Math.abs((await levelMib(probe)) - base)).toBeLessThan(0.1);

    await target.run('globalThis.array = new Array(10 * 2 ** 17).fill(0.5)');
    expect((await levelMib(probe)) - base).toBeCloseTo(10, 0);
    const before = (await probe.readQuiet({ signal })).heap;
    await target.run('globalThis.buffer = Buffer.alloc(10 * 2 ** 20)');
    expect((await levelMib(probe)) - base).toBeCloseTo(20, 0);
    const after = (await probe.readQuiet({ signal })).heap;
    for (const part of ['arrayBufferBytes', 'externalBytes'] as const) {
      expect(((after?.[part] ?? 0) - (before?.[part] ?? 0)) / MIB).toBeCloseTo(10, 1);
    }
    expect(((after?.usedBytes ?? 0) - (before?.usedBytes ?? 0)) / MIB).toBeCloseTo(0, 1);
    await target.run('delete globalThis.array; delete globalThis.buffer');
    expect(Math.abs((await levelMib(probe)) - base)).toBeLessThan(0.2);
  });

  test.skipIf(!existsSync(node))(`what is planted is found in full, and gone again (${node})`, async () => {
    const target = await start({ node });
    const probe = await open(target);
    await target.run('');
    await probe.plant(1024);
    // V8 keeps the script of the last command for a while, some 600 bytes.
    const toleranceBytes = 1024;
    for (const bytes of [64 * 1024, 1e6, 1e6, 10e6]) {
      const before = await levelBytes(probe);
      await probe.plant(bytes);
      expect(Math.abs((await levelBytes(probe)) - before - bytes)).toBeLessThan(toleranceBytes);
    }
    const planted = await levelBytes(probe);
    await probe.unplant();
    expect(Math.abs(planted - (await levelBytes(probe)) - (64 * 1024 + 12e6 + 1024))).toBeLessThan(2048);
    // Whoever forgets to remove it has it removed.
    await probe.plant(1e6);
    await probe.close();
    expect(await target.run('return Object.getOwnPropertySymbols(globalThis).map(String)')).not.toContain(
      'Symbol(hydrotest.planted)',
    );
  });

  test.skipIf(!existsSync(node))(`leaves no trace of itself (${node})`, async () => {
    const target = await start({ node });
    const { probe: outside } = await openAny(target, { inspect: false });
    await target.run('');
    const counters = async () => {
      const { fdCount, threadCount, sockets } = await outside.read();
      return { fdCount, threadCount, sockets };
    };
    const before = await counters();
    // It opens again after it was closed.
    for (let round = 0; round < 2; round++) {
      const probe = await open(target);
      await probe.readQuiet({ signal });
      // The requests by which the inspector was found have connections of their own, which close a moment later.
      await expect
        .poll(async () => (await counters()).sockets, POLL)
        .toMatchObject({ listen: 2, established: 1 });
      await Promise.all([probe.close(), probe.close()]);
      await expect.poll(counters, POLL).toEqual(before);
    }
    // Node says this one thing for each connection, whatever its options are.
    expect(target.stderrText().replaceAll('Debugger attached.\n', '')).toBe('');
  });
}

test('reading again and again adds nothing to what is read', async () => {
  const probe = await open(await start());
  const levels: number[] = [];
  for (let n = 0; n < 12; n++) levels.push(await levelBytes(probe));
  expect(Math.max(...levels.slice(5)) - Math.min(...levels.slice(5))).toBeLessThan(16 * 1024);
});

test('uses an inspector that is open already, and leaves it open to its user', async () => {
  const target = await start({ nodeArgs: ['--inspect=127.0.0.1:0'], env: {} });
  const inspectorUrl = () => target.run(`return require('node:inspector').url()`);
  const url = String(await inspectorUrl());
  const user = new WebSocket(url);
  await once(user, 'open');
  const probe = await open(target);
  expect(await levelMib(probe)).toBeGreaterThan(1);
  await probe.close();
  expect(await inspectorUrl()).toBe(url);
  user.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: '40 + 2' } }));
  const [{ data }] = await once(user, 'message');
  expect(JSON.parse(data)).toMatchObject({ id: 1, result: { result: { value: 42 } } });
  user.close();
  await once(user, 'close');
});

test('says where the inspector of a target is that our options moved', async () => {
  const target = await start({ nodeArgs: ['--inspect'] });
  const { probe, gap } = await openAny(target);
  const [inspector] = (await listenersOf(target.pid)).filter(({ localPort }) => localPort !== target.port);
  expect(gap).toContain(`an inspector of its own, open at 127.0.0.1:${inspector?.localPort}`);
  expect(await levelMib(probe)).toBeGreaterThan(1);
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
  expect(hasSettled([100 * MIB, 100 * MIB])).toBe(true);
  expect(hasSettled([100 * MIB, 100.9 * MIB])).toBe(true);
  expect(hasSettled([100 * MIB, 101.1 * MIB])).toBe(false);
  // Within 1 %, and falling all the same.
  expect(hasSettled([100 * MIB, 99.5 * MIB])).toBe(false);
  expect(hasSettled([100 * MIB, 99.96 * MIB])).toBe(true);
  expect(hasSettled([4 * MIB, 4 * MIB - 4096])).toBe(true);
  expect(hasSettled([4 * MIB, 4 * MIB - 4097])).toBe(false);
  expect(hasSettled([4 * MIB])).toBe(false);
  // Rising all the time: it will not fall. Risen once, or behind a fall, it may.
  expect(hasSettled([100 * MIB, 102 * MIB, 104 * MIB])).toBe(true);
  expect(hasSettled([100 * MIB, 102 * MIB])).toBe(false);
  expect(hasSettled([103 * MIB, 102 * MIB, 104 * MIB])).toBe(false);
});

test('another language is read without a heap, and not harmed', async () => {
  const child = spawn('python3', ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const portSaid = () => Number(/ port (\d+) /.exec(said)?.[1] ?? 0);
    await expect.poll(portSaid, POLL).toBeGreaterThan(0);
    const target = { rootPid: child.pid ?? 0, port: portSaid() };
    expect(await gapOf(target)).toContain('not Node.js: its program is python3');
    const { probe } = await openAny(target);
    expect((await failureOf(probe.plant(1e6))).code).toBe('internal');
    expect(probe.missing()).toBe(null);
    expect((await fetch(`http://127.0.0.1:${target.port}/`)).status).toBe(200);
    expect(child.exitCode ?? child.signalCode).toBe(null);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

test('a process that does not listen there, such as a shell, is not signalled', async () => {
  const shell = spawn('sh', ['-c', 'read x'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  expect(await gapOf({ rootPid: shell.pid ?? 0, port })).toContain(
    `no process in the tree of ${shell.pid} is seen to listen on port ${port}`,
  );
  expect(shell.exitCode ?? shell.signalCode).toBe(null);
  shell.kill('SIGKILL');
  server.close();
  await Promise.all([once(shell, 'exit'), once(server, 'close')]);
});

test('never sends the signal to a Node that would die of it', async () => {
  const target = await start({ nodeArgs: ['--disable-sigusr1'] });
  expect(await gapOf(target)).toContain('does not catch SIGUSR1');
  expect(await target.run('return 1 + 1')).toBe(2);
});

test('a program with a SIGUSR1 handler of its own goes on, and the reason is told', async () => {
  const target = await start();
  await target.run(`globalThis.signals = 0; process.on('SIGUSR1', () => { globalThis.signals++; })`);
  expect(await gapOf(target)).toContain('may handle that signal itself');
  expect(await target.run('return globalThis.signals')).toBe(1);
});

test('says that the port of the inspector is taken, and does not signal then', async () => {
  const env = inspectorEnv();
  const { port } = parseInspectorEndpoint(env.NODE_OPTIONS ?? '');
  const holder = createServer().listen(port, '127.0.0.1');
  await once(holder, 'listening');
  const target = await start({ env });
  expect(await gapOf(target)).toMatch(new RegExp(`port ${port}, .* is taken .*--inspect-port=<a free port>`));
  expect(target.stderrText()).toBe('');
  holder.close();
  await once(holder, 'close');
  expect(await levelMib(await open(target))).toBeGreaterThan(1);
});

test('an attached process is opened and closed in the same way, unless that is forbidden', async () => {
  const target = await start();
  const attached = { includeGroup: false };
  expect(await gapOf(target, { ...attached, mayOpen: false })).toContain('sends no signal to it');
  expect(await gapOf(target, { ...attached, inspect: false })).toBe(null);
  const before = (await listenersOf(target.pid)).length;
  const { probe, gap } = await openAny(target, attached);
  expect(gap).toBe(null);
  expect(await levelMib(probe)).toBeGreaterThan(1);
  expect(await listenersOf(target.pid)).toHaveLength(before + 1);
  await probe.close();
  await expect.poll(async () => (await listenersOf(target.pid)).length, POLL).toBe(before);
});

test('an inspector that would not be on loopback is not opened, and not asked', async () => {
  // No address of a machine: whoever dialled it would reach nobody.
  const target = await start({ nodeArgs: ['--inspect-port=224.0.0.1:9339'] });
  const before = (await listenersOf(target.pid)).length;
  expect(await gapOf(target)).toMatch(/has its inspector on 224\.0\.0\.1, which is not loopback/);
  expect(target.stderrText()).toBe('');
  expect(await listenersOf(target.pid)).toHaveLength(before);
});

test('the host of an inspector is loopback only if all of its addresses are', async () => {
  for (const host of ['127.0.0.1', '127.0.0.2', '::1', '0:0:0:0:0:ffff:7f00:1', 'localhost'])
    expect((await loopbackOf(host)).length, host).toBeGreaterThan(0);
  for (const host of ['224.0.0.1', '10.0.0.1', '0:0:0:0:0:ffff:a00:1', 'fe80::1'])
    expect(await loopbackOf(host), host).toEqual([]);
});

test('an aborted opening leaves no inspector open', async () => {
  const target = await start();
  const before = (await listenersOf(target.pid)).length;
  const opensInspector = async () => (await listenersOf(target.pid)).length > before;
  for (const abortsAfterMs of [0, 105, 120, 140, 160, 200]) {
    const controller = new AbortController();
    const opening = openAny(target, { signal: controller.signal });
    setTimeout(() => controller.abort(), abortsAfterMs);
    // Either it was in time or it was aborted: both leave nothing.
    const opened = await opening.catch((error: unknown) => error);
    if (opened instanceof Error) expect(opened).toMatchObject({ code: 'aborted' });
    else await probes.pop()?.close();
    await expect.poll(opensInspector, POLL).toBe(false);
  }
});

test('a reading ends with its signal, with its probe, and with its target', async () => {
  const target = await start();
  const probe = await open(target);
  expect((await failureOf(probe.readQuiet({ signal: AbortSignal.abort() }))).code).toBe('aborted');
  expect((await probe.readQuiet({ signal })).settled).toBe(true);

  const { probe: second } = await openAny(target);
  const cut = failureOf(second.readQuiet({ signal }));
  await second.close();
  expect((await cut).code).toBe('aborted');

  const reading = failureOf(probe.readQuiet({ signal }));
  await target.end();
  expect((await reading).code).toBe('target-lost');
  expect((await failureOf(probe.readQuiet({ signal }))).code).toBe('target-lost');
  await probe.close();
});

test('a program that closes its inspector is still read, without its heap', async () => {
  const target = await start();
  const probe = await open(target);
  await target.run(`require('node:inspector').close()`);
  const reading = await probe.readQuiet({ signal });
  expect(reading.heap).toBe(null);
  expect(reading.anonymousBytes).toBeGreaterThan(MIB);
  expect(probe.missing()).toContain(`process ${target.pid} has closed its inspector`);
});

test('adds its options to those of the user, and respects a chosen inspector port', () => {
  const ours = '--inspect-port=[23]\\d{4} --inspect-publish-uid=http';
  expect(inspectorEnv()).toEqual({ NODE_OPTIONS: expect.stringMatching(new RegExp(`^${ours}$`)) });
  expect(inspectorEnv('--max-old-space-size=512', 'node server.js')).toEqual({
    NODE_OPTIONS: expect.stringMatching(new RegExp(`^--max-old-space-size=512 ${ours}$`)),
  });
  expect(inspectorEnv('--inspect=9333')).toEqual({ NODE_OPTIONS: '--inspect=9333' });
  expect(inspectorEnv(undefined, 'node --inspect server.js')).toEqual({});
  expect(inspectorEnv('--no-warnings', 'node --inspect-port=1234 server.js')).toEqual({
    NODE_OPTIONS: '--no-warnings',
  });
});
