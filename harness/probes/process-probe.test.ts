import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { HydrotestError } from '../errors.ts';
import { createPidusageProbe } from './pidusage-probe.ts';
import { createProcessProbe, type ProcessProbe } from './process-probe.ts';
import { readEntry } from './process-tree.ts';
import { countPortSockets } from './sockets.ts';
import { type ObedientProcess, startObedientProcess } from './testing/obedient-process.ts';

const MIB = 1024 * 1024;
const POLL = { timeout: 20_000, interval: 20 };

const running: ObedientProcess[] = [];
const shells: ChildProcess[] = [];

afterEach(async () => {
  for (const process of running.splice(0)) {
    await process.end();
    await expect.poll(() => isRunning(process.pid), POLL).toBe(false);
  }
  for (const shell of shells.splice(0)) {
    if (shell.exitCode === null && shell.signalCode === null) {
      process.kill(-(shell.pid ?? 0), 'SIGKILL');
      await once(shell, 'exit');
    }
  }
});

function isRunning(pid: number): boolean {
  return readEntry(pid)?.zombie === false;
}

async function start(options: Parameters<typeof startObedientProcess>[0] = {}): Promise<ObedientProcess> {
  const process = await startObedientProcess(options);
  running.push(process);
  return process;
}

function startShell(command: string): number {
  const shell = spawn('sh', ['-c', command], { detached: true, stdio: 'ignore' });
  shells.push(shell);
  return shell.pid ?? 0;
}

const probeOf = ({ rootPid }: ObedientProcess): ProcessProbe =>
  createProcessProbe(rootPid, { includeGroup: true });

/** All that a probe tells, with what needs a walk through the page tables. */
async function readCareful(probe: ProcessProbe) {
  const look = await probe.look();
  return { ...(await look.readMemory(true)), ...(await look.readFiles()) };
}

const errorOf = (reading: Promise<unknown>) =>
  reading.then(
    () => null,
    (error: unknown) => error,
  );

test('memory grows by what the process keeps, and only then', async () => {
  const target = await start();
  const probe = probeOf(target);
  await target.run('');
  const before = await readCareful(probe);
  const idle = await readCareful(probe);
  await target.run('globalThis.kept = Buffer.alloc(50 * 2 ** 20, 1)');
  const after = await readCareful(probe);

  const growth = (from: typeof before, to: typeof before) => ({
    rss: (to.rssBytes - from.rssBytes) / MIB,
    anonymous: ((to.anonymousBytes ?? Number.NaN) - (from.anonymousBytes ?? Number.NaN)) / MIB,
    pss: ((to.pssBytes ?? Number.NaN) - (from.pssBytes ?? Number.NaN)) / MIB,
  });
  for (const value of Object.values(growth(before, after))) {
    expect(value).toBeGreaterThan(45);
    expect(value).toBeLessThan(65);
  }
  for (const value of Object.values(growth(before, idle))) expect(Math.abs(value)).toBeLessThan(5);
  expect(after.peakRssBytes).toBeGreaterThanOrEqual(after.rssBytes);
  expect(after.pssBytes).toBeLessThanOrEqual(after.rssBytes);
  expect(after.processCount).toBe(1);
});

test('counts ten files that are opened, and none after they are closed', async () => {
  const target = await start();
  const probe = probeOf(target);
  await target.run('');
  const count = async () => (await probe.read()).fdCount;
  const before = (await count()) ?? Number.NaN;
  await target.run(
    `const fs = require('node:fs'); globalThis.fds = Array.from({ length: 10 }, () => fs.openSync('/dev/null'))`,
  );
  await expect.poll(count, POLL).toBe(before + 10);
  await target.run(`globalThis.fds.forEach((fd) => require('node:fs').closeSync(fd))`);
  await expect.poll(count, POLL).toBe(before);
});

test('counts sockets by state: open, dropped by the client but kept by the server, closed', async () => {
  const target = await start();
  const probe = probeOf(target);
  const port = Number(
    await target.run(`globalThis.kept = [];
      globalThis.keeper = require('node:net').createServer({ allowHalfOpen: true }, (s) => { s.resume(); globalThis.kept.push(s); });
      await new Promise((done) => globalThis.keeper.listen(0, '127.0.0.1', done));
      return globalThis.keeper.address().port;`),
  );
  const sockets = async () => {
    const { sockets: states } = await probe.read();
    const { listen = 0, established = 0, close_wait = 0 } = states ?? {};
    return { listen, established, close_wait };
  };
  await expect.poll(sockets, POLL).toEqual({ listen: 2, established: 0, close_wait: 0 });

  const clients: Socket[] = Array.from({ length: 5 }, () => connect(port, '127.0.0.1'));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  await expect.poll(sockets, POLL).toEqual({ listen: 2, established: 5, close_wait: 0 });
  expect(await countPortSockets(port)).toEqual({ listen: 1, established: 5 });

  for (const client of clients) client.end();
  await expect.poll(sockets, POLL).toEqual({ listen: 2, established: 0, close_wait: 5 });
  expect(await countPortSockets(port, { pid: target.pid })).toEqual({ listen: 1, close_wait: 5 });

  await target.run('globalThis.kept.forEach((s) => s.destroy()); globalThis.keeper.close()');
  await Promise.all(clients.map((client) => client.closed || once(client, 'close')));
  await expect.poll(sockets, POLL).toEqual({ listen: 1, established: 0, close_wait: 0 });
  // The client closed first, so that nothing is left waiting at the server's end.
  await expect.poll(() => countPortSockets(port), POLL).toEqual({});
});

test('counts processor time and threads', async () => {
  const target = await start();
  const probe = probeOf(target);
  const before = await probe.read();
  const ownMs = Number(
    await target.run(`const spent = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
      const start = spent(); while (spent() < start + 300); return spent() - start;`),
  );
  const after = await probe.read();
  // The kernel counts in ticks of 10 ms; serving the request comes on top.
  expect(after.cpuMs - before.cpuMs).toBeGreaterThanOrEqual(ownMs - 20);
  expect(after.cpuMs - before.cpuMs).toBeLessThan(ownMs + 200);

  await target.run(`globalThis.worker = new (require('node:worker_threads').Worker)('setInterval(() => {}, 1e6)', { eval: true });
    await new Promise((done) => globalThis.worker.once('online', done));`);
  await expect
    .poll(async () => (await probe.read()).threadCount, POLL)
    .toBeGreaterThan(before.threadCount ?? Infinity);
  await target.run('await globalThis.worker.terminate()');
});

test('adds up the tree below a wrapper', async () => {
  const target = await start({ wrap: '"$NODE" "$@" & wait' });
  expect(target.pid).not.toBe(target.rootPid);
  const whole = probeOf(target);
  const alone = createProcessProbe(target.pid, { includeGroup: false });
  const [tree, child] = [await readCareful(whole), await readCareful(alone)];
  expect([tree.processCount, child.processCount]).toEqual([2, 1]);
  expect(tree.rssBytes).toBeGreaterThan(child.rssBytes);
  expect(tree.fdCount ?? 0).toBeGreaterThan(child.fdCount ?? Infinity);
  expect(tree.sockets).toEqual({ listen: 1 });

  await target.run(
    `globalThis.child = require('node:child_process').spawn('sleep', ['300'], { stdio: 'ignore' });`,
  );
  await expect.poll(async () => (await whole.read()).processCount, POLL).toBe(3);
  // A descendant may come and go: that is no error.
  await target.run(
    'globalThis.child.kill(); await new Promise((done) => globalThis.child.once("exit", done))',
  );
  await expect.poll(async () => (await whole.read()).processCount, POLL).toBe(2);
});

test('finds orphans by their group, where the root leads one', async () => {
  // The inner shell ends at once, so that its child is adopted by another process.
  const pid = startShell('(sleep 300 &); exec sleep 300');
  const [whole, below] = [true, false].map((includeGroup) => createProcessProbe(pid, { includeGroup }));
  const counts = async () => [(await whole?.read())?.processCount, (await below?.read())?.processCount];
  await expect.poll(counts, POLL).toEqual([2, 1]);
});

test('a child that was never waited for counts as a process that holds nothing', async () => {
  // `exec` makes the shell a `sleep`, which waits for nobody.
  const pid = startShell('sleep 0.01 & exec sleep 300');
  const probe = createProcessProbe(pid, { includeGroup: true });
  await expect
    .poll(async () => {
      const { processCount, threadCount } = await readCareful(probe);
      return { processCount, threadCount };
    }, POLL)
    .toEqual({ processCount: 2, threadCount: 1 });
});

test('says when the target is lost, by either probe', async () => {
  const target = await start();
  const probes = [probeOf(target), createPidusageProbe(target.pid)];
  for (const probe of probes) expect((await probe.read()).rssBytes).toBeGreaterThan(0);
  await target.end();
  for (const probe of [...probes, probeOf(target)]) {
    for (const error of await Promise.all([errorOf(probe.read()), errorOf(readCareful(probe))])) {
      expect(error).toBeInstanceOf(HydrotestError);
      expect(error).toMatchObject({ code: 'target-lost', observed: { pid: target.pid } });
    }
  }
});

test('without /proc: memory and processor time agree, and what is not known is null', async () => {
  const target = await start();
  await target.run('globalThis.kept = Buffer.alloc(20 * 2 ** 20, 1)');
  const other = await readCareful(createPidusageProbe(target.pid));
  const own = await readCareful(createProcessProbe(target.pid, { includeGroup: false }));
  expect(Math.abs(other.rssBytes - own.rssBytes)).toBeLessThan(3 * MIB);
  expect(Math.abs(other.cpuMs - own.cpuMs)).toBeLessThan(100);
  const { rssBytes: _, cpuMs: __, ...rest } = other;
  expect(rest).toEqual({
    processCount: 1,
    peakRssBytes: null,
    threadCount: null,
    fdCount: null,
    sockets: null,
    pssBytes: null,
    anonymousBytes: null,
    swapBytes: null,
  });
});
