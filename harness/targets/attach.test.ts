import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { HydrotestError } from '../errors.ts';
import { attachByPid, attachByPort } from './attach.ts';
import { findFreePort } from './free-port.ts';
import { isProcessAlive } from './process-group.ts';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    process.kill(-child.pid, 'SIGKILL');
    await once(child, 'exit');
  }
});

async function startServer(command: string, args: string[]): Promise<{ pid: number; lines: string[] }> {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [text] = await once(child.stdout, 'data');
  return { pid: child.pid ?? 0, lines: String(text).trim().split(' ') };
}

const SERVER = `require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(process.pid, this.address().port); })`;

function failureOf(attach: () => unknown): HydrotestError {
  try {
    attach();
  } catch (error) {
    if (error instanceof HydrotestError) return error;
  }
  throw new Error('expected a HydrotestError');
}

test('watches a process, never signals it, and notices its end', async () => {
  const { pid } = await startServer(process.execPath, ['-e', SERVER]);
  const target = attachByPid(pid);
  expect(target).toMatchObject({ kind: 'attached', pid });
  expect(target.command).toContain('createServer');
  expect(target.isAlive()).toBe(true);
  expect(target.lastOutput()).toBe('');

  expect(await attachByPid(pid).stop()).toEqual({ code: null, signal: null, forced: false });
  expect(isProcessAlive(pid, null)).toBe(true);

  process.kill(pid, 'SIGKILL');
  expect(await target.exited).toEqual({ code: null, signal: null });
  expect(target.isAlive()).toBe(false);
  await target.stop();
});

test('finds the process behind a port, also below a shell', async () => {
  const { pid, lines } = await startServer('sh', ['-c', `"$0" -e "$1" & wait`, process.execPath, SERVER]);
  const [serverPid, port] = lines.map(Number);
  expect(serverPid).not.toBe(pid);
  const target = attachByPort(port ?? 0);
  expect(target.pid).toBe(serverPid);
  await target.stop();
});

test('of several processes that share the port it takes the one that came first', async () => {
  const script = `
    const cluster = require('node:cluster');
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    if (cluster.isPrimary) {
      let listening = 0;
      cluster.fork(); cluster.fork();
      cluster.on('listening', (worker, { port }) => { if (++listening === 2) console.log(process.pid, port); });
    } else require('node:net').createServer().listen(Number(process.env.TEST_PORT), '127.0.0.1');`;
  const port = await findFreePort();
  // A cluster forks its main file, so there has to be one.
  const folder = mkdtempSync(join(tmpdir(), 'hydrotest-attach-'));
  writeFileSync(join(folder, 'cluster.cjs'), script);
  const { pid } = await startServer('env', [
    `TEST_PORT=${port}`,
    process.execPath,
    join(folder, 'cluster.cjs'),
  ]);
  rmSync(folder, { recursive: true });
  const target = attachByPort(port);
  expect(target.pid).toBe(pid);
  await target.stop();
});

test('says what is missing', async () => {
  const port = await findFreePort();
  const closed = failureOf(() => attachByPort(port));
  expect(closed.code).toBe('target-start');
  expect(closed.message).toContain(`nothing listens on TCP port ${port}`);

  const { pid } = await startServer(process.execPath, ['-e', SERVER]);
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isProcessAlive(pid, null), { timeout: 20_000 }).toBe(false);
  for (const gone of [pid, 0, -1, Number.NaN, 1.5]) {
    const error = failureOf(() => attachByPid(gone));
    expect(error.code).toBe('target-start');
    expect(error.message).toContain(String(gone));
  }
});
