import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HydrotestError } from '../errors.ts';
import { findFreePort } from './free-port.ts';
import { endpointOf, isPortOpen } from './open-port.ts';
import { isGroupAlive, isProcessAlive } from './process-group.ts';
import { type SpawnOptions, spawnTarget } from './spawn.ts';
import type { Target } from './target.ts';

const NODE = JSON.stringify(process.execPath);
const DEADLINE = { timeout: 20_000, interval: 20 };

let folder: string;
let port: number;
let started: Target[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hydrotest-spawn-'));
  port = await findFreePort();
  started = [];
});

afterEach(async () => {
  for (const target of started) {
    await target.stop();
    expect(isGroupAlive(target.pid)).toBe(false);
  }
  rmSync(folder, { recursive: true });
});

/** A server whose script gets `PORT`; written to a file, as a command line would need two kinds of quotes. */
function serverCommand(script: string): string {
  const file = join(folder, 'server.cjs');
  writeFileSync(file, script);
  return `exec ${NODE} ${file}`;
}

const LISTEN = `require('node:http').createServer((q, s) => s.end('hi')).listen(process.env.PORT, '127.0.0.1');`;

function optionsFor(command: string, more: Partial<SpawnOptions> = {}): SpawnOptions {
  return {
    command,
    env: { PATH: process.env.PATH ?? '', PORT: String(port) },
    readyUrl: `http://127.0.0.1:${port}/path?query`,
    readyTimeoutMs: 20_000,
    outputFile: join(folder, 'output.log'),
    signal: new AbortController().signal,
    ...more,
  };
}

async function start(command: string, more: Partial<SpawnOptions> = {}): Promise<Target> {
  const target = await spawnTarget(optionsFor(command, more));
  started.push(target);
  return target;
}

async function failureOf(options: SpawnOptions): Promise<HydrotestError> {
  const error = await spawnTarget(options).then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(error instanceof HydrotestError)) throw new Error(`expected a HydrotestError, got ${error}`);
  return error;
}

const isOpen = () => isPortOpen({ host: '127.0.0.1', port }, 1000);
const pidIn = (name: string) => Number(readFileSync(join(folder, name), 'utf8'));

test('is ready when the port answers, and stops without force', async () => {
  const target = await start(serverCommand(`${LISTEN} process.on('SIGTERM', () => process.exit(7));`));
  expect(await isOpen()).toBe(true);
  expect(target.isAlive()).toBe(true);
  expect(isGroupAlive(target.pid)).toBe(true);
  expect(target.listens).toBe(true);
  expect(target.listener).toMatchObject({ kind: 'own', pid: target.pid });

  const [first, second] = await Promise.all([target.stop(), target.stop()]);
  expect(first).toEqual({ code: 7, signal: null, forced: false });
  expect(second).toEqual(first);
  expect(await target.exited).toEqual({ code: 7, signal: null });
  expect(target.isAlive()).toBe(false);
  expect(await isOpen()).toBe(false);
});

test('a server that left the group and the tree is not taken for the target', async () => {
  const server = serverCommand(LISTEN);
  const target = await start(`(setsid sh -c '${server}' &); exec sleep 60`);
  const { listens, listener } = target;
  if (listener !== null) process.kill(listener.pid, 'SIGKILL');
  expect(listens).toBe(false);
  expect(listener?.kind).toBe('helper');
});

test('stops a server and its grandchild that both ignore SIGTERM, behind a shell', async () => {
  const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
  writeFileSync(
    join(folder, 'grandchild.cjs'),
    `${stubborn} require('node:fs').writeFileSync(__dirname + '/grandchild.pid', String(process.pid));`,
  );
  const command = serverCommand(
    `${stubborn} require('node:child_process').spawn(process.execPath, [__dirname + '/grandchild.cjs'], { stdio: 'ignore' });
     const fs = require('node:fs');
     const look = setInterval(() => { if (fs.existsSync(__dirname + '/grandchild.pid')) { clearInterval(look); ${LISTEN} } }, 10);
     fs.writeFileSync(__dirname + '/server.pid', String(process.pid));`,
  );
  const target = await start(`${command.replace('exec ', '')} & wait`);
  const pids = [pidIn('server.pid'), pidIn('grandchild.pid')];
  expect(pids).not.toContain(target.pid);
  expect(pids.map((pid) => isProcessAlive(pid, null))).toEqual([true, true]);

  expect((await target.stop()).forced).toBe(true);
  expect(pids.map((pid) => isProcessAlive(pid, null))).toEqual([false, false]);
});

test('a server that ends by itself: told by `exited`, and stopping it still works', async () => {
  const target = await start(serverCommand(LISTEN));
  process.kill(target.pid, 'SIGKILL');
  expect(await target.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(target.isAlive()).toBe(false);
  expect(await target.stop()).toEqual({ code: null, signal: 'SIGKILL', forced: false });
});

test('ended early: says how, and quotes the last lines', async () => {
  const error = await failureOf(optionsFor(`echo to stdout; echo "cannot find module 'x'" >&2; exit 3`));
  expect(error.code).toBe('target-start');
  expect(error.message).toContain('exit code 3');
  expect(error.message).toContain("to stdout\ncannot find module 'x'");

  const killed = await failureOf(optionsFor('kill -9 $$'));
  expect(killed.message).toContain('signal SIGKILL');
  expect(killed.message).toContain('printed nothing');
});

test('ended early with a child left behind: the child is ended too', async () => {
  await failureOf(optionsFor(`sleep 300 & echo $! > ${folder}/left.pid; exit 1`));
  expect(isProcessAlive(pidIn('left.pid'), null)).toBe(false);
});

test('a taken port is told before anything is started', async () => {
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const error = await failureOf(optionsFor(`touch ${folder}/started`));
  expect(error.code).toBe('target-start');
  expect(error.message).toContain(`port ${port} on 127.0.0.1 is taken`);
  expect(existsSync(join(folder, 'started'))).toBe(false);
  other.close();
  await once(other, 'close');
});

test('not ready in time: says so and leaves nothing behind', async () => {
  const error = await failureOf(
    optionsFor(`echo warming up; echo $$ > ${folder}/shell.pid; sleep 300; true`, { readyTimeoutMs: 300 }),
  );
  expect(error.code).toBe('target-start');
  expect(error.message).toContain(`nothing answers on 127.0.0.1:${port} after 300 ms`);
  expect(error.message).toContain('warming up');
  expect(isGroupAlive(pidIn('shell.pid'))).toBe(false);
});

test('an aborted start leaves nothing behind', async () => {
  const controller = new AbortController();
  const failing = failureOf(
    optionsFor(`echo $$ > ${folder}/shell.pid; sleep 300; true`, { signal: controller.signal }),
  );
  await expect
    .poll(() => existsSync(join(folder, 'shell.pid')) && pidIn('shell.pid') > 0, DEADLINE)
    .toBe(true);
  controller.abort();
  expect((await failing).code).toBe('aborted');
  expect(isGroupAlive(pidIn('shell.pid'))).toBe(false);
  // Aborted beforehand: nothing is started at all.
  expect((await failureOf(optionsFor(`touch ${folder}/started`, { signal: controller.signal }))).code).toBe(
    'aborted',
  );
  expect(existsSync(join(folder, 'started'))).toBe(false);
});

test('an output file that cannot be written is told with its name', async () => {
  const error = await failureOf(optionsFor('true', { outputFile: join(folder, 'missing', 'output.log') }));
  expect(error.message).toContain('missing/output.log');
});

test('keeps all output in the file, and shows the last 20 lines of this target alone', async () => {
  const outputFile = join(folder, 'output.log');
  writeFileSync(outputFile, 'of an earlier target\n');
  const quiet = await start(serverCommand(LISTEN));
  expect(quiet.lastOutput()).toBe('');
  await quiet.stop();

  const target = await start(
    serverCommand(`for (let n = 1; n <= 1000; n++) console.log('line ' + n); ${LISTEN}`),
  );
  const lines = target.lastOutput().split('\n');
  expect(lines).toHaveLength(20);
  expect([lines[0], lines[19]]).toEqual(['line 981', 'line 1000']);
  expect(readFileSync(outputFile, 'utf8')).toMatch(/^of an earlier target\nline 1\n[\s\S]*line 1000\n$/);
  await target.stop();

  writeFileSync(outputFile, '');
  const wide = await start(serverCommand(`console.log('x'.repeat(1e6)); ${LISTEN}`));
  expect(wide.lastOutput().length).toBeLessThanOrEqual(8192);
});

test('reads host and port from any URL', () => {
  expect(endpointOf('http://localhost:3000/x')).toEqual({ host: 'localhost', port: 3000 });
  expect(endpointOf('http://[::1]:3000/')).toEqual({ host: '::1', port: 3000 });
  expect(endpointOf('http://example.test/')).toEqual({ host: 'example.test', port: 80 });
  expect(endpointOf('https://example.test/')).toEqual({ host: 'example.test', port: 443 });
});
