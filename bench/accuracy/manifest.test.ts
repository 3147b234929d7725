import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type AccuracyCase,
  commandOf,
  LIFECYCLE_PATHS,
  loadCases,
  loadMisfits,
  misfitCommand,
  sidesOf,
} from './manifest.ts';
import { freePort, isListening } from './truth/free-port.ts';
import { openStream, type StreamClient } from './truth/stream-client.ts';
import { openWebSocket } from './truth/web-socket-client.ts';

const READY_MS = 20_000;
const servers: { child: ChildProcess; port: number }[] = [];
const streams: StreamClient[] = [];

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.leave('rst');
  for (const { child, port } of servers.splice(0)) {
    await stop(child);
    await until('the port is free again', async () => !(await isListening(port)));
  }
});

describe('cases', () => {
  const cases = loadCases();
  const caseNamed = (name: string) => {
    const found = cases.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no case ${name}`);
    return found;
  };

  it.each(['sse', 'websocket'])('show a leak of %s on every lifecycle path, in every unit', (protocol) => {
    const leaks = cases.filter((found) => found.leaky !== null && found.protocol === protocol);
    expect(new Set(leaks.map(({ path }) => path))).toEqual(new Set(LIFECYCLE_PATHS));
    expect(new Set(leaks.map(({ leaky }) => leaky?.unit))).toEqual(
      new Set(['connection', 'event', 'rejection', 'second']),
    );
  });

  it('never allow a clean side to be called a leak', () => {
    for (const { clean } of cases) expect(clean?.allowed ?? []).not.toContain('leak');
  });

  it.each(cases)('$name: each side sends a stream, its first event at once', async (found) => {
    await Promise.all(
      sidesOf(found).map(async (side) => {
        const { port } = await start(commandOf(found, side).replaceAll('{deadline}', '60'));
        const stream = openOn(found, port);
        expect(await stream.answered).toBe(found.protocol === 'sse' ? 200 : 101);
        expect(stream.contentType).toBe(found.protocol === 'sse' ? 'text/event-stream' : null);
        expect(stream.eventCount).toBeGreaterThan(0);
        stream.leave('fin');
        await stream.closed;
      }),
    );
  });

  it.each([
    ['rejected-only', 200, 429],
    ['ws-upgrade-refused', 101, 429],
    ['ws-close-refused', 101, 4429],
  ])('%s: each side turns the sixth stream away', async (name, accepted, refused) => {
    await onBothSides(name, '60', async (open) => {
      const answers: (number | null)[] = [];
      for (let n = 1; n <= 6; n++) answers.push(await open().answered);
      expect(answers).toEqual([...Array(5).fill(accepted), refused]);
    });
  });

  it.each([
    ['deadline-only', 2],
    ['ws-close-watchdog', 1],
  ])('%s: each side ends a stream at its deadline', async (name, eventCount) => {
    await onBothSides(name, '1', async (open) => {
      const stream = open();
      await stream.closed;
      expect(stream.eventCount).toBe(eventCount);
    });
  });

  async function onBothSides(
    name: string,
    deadline: string,
    look: (open: () => StreamClient) => Promise<void>,
  ): Promise<void> {
    const found = caseNamed(name);
    await Promise.all(
      sidesOf(found).map(async (side) => {
        const { port } = await start(commandOf(found, side).replaceAll('{deadline}', deadline));
        await look(() => openOn(found, port));
      }),
    );
  }
});

describe('misfits', () => {
  const commandNamed = (name: string) => {
    const misfit = loadMisfits().find((one) => one.name === name);
    if (misfit === undefined) throw new Error(`there is no misfit ${name}`);
    return misfitCommand(misfit);
  };

  it('are never allowed to pass', () => {
    expect(loadMisfits().map(({ name }) => name)).toEqual([
      'oom',
      'restarts',
      'refuses-load',
      'exits-at-once',
    ]);
    for (const { outcomes } of loadMisfits()) expect(outcomes).not.toContain('pass');
  });

  it('oom dies within 2,000 connections', async () => {
    const { child, port } = await start(commandNamed('oom'));
    for (let n = 0; n < 2000 && isRunning(child); n++) await visit(port);
    await until('the server has died', () => !isRunning(child));
    expect(child.signalCode ?? child.exitCode).toBe('SIGABRT');
  });

  it('restarts has another worker after 3,000 connections', async () => {
    const { child, port } = await start(commandNamed('restarts'));
    const worker = workersOf(child);
    for (let n = 0; n < 3000; n++) await visit(port);
    await until(
      'another worker answers',
      async () => (await isListening(port)) && workersOf(child) !== worker,
    );
    expect(await visit(port)).toBe(200);
    expect(isRunning(child)).toBe(true);
  });

  it('refuses-load turns nine of ten away after 2,000 connections', async () => {
    const { port } = await start(commandNamed('refuses-load'));
    for (let n = 0; n < 2000; n++) expect(await visit(port)).toBe(200);
    const statuses: (number | null)[] = [];
    for (let n = 0; n < 10; n++) statuses.push(await visit(port));
    expect(statuses.filter((status) => status === 503)).toHaveLength(9);
  });

  it('exits-at-once ends with code 1', async () => {
    const child = launch(commandNamed('exits-at-once'), await freePort());
    await until('it has ended', () => !isRunning(child));
    expect(child.exitCode).toBe(1);
  });
});

/** Resolves when it listens. It is stopped after the test. */
async function start(command: string): Promise<{ child: ChildProcess; port: number }> {
  const port = await freePort();
  const child = launch(command, port);
  servers.push({ child, port });
  await until('the server listens', async () => {
    if (!isRunning(child)) throw new Error(`it ended with ${child.exitCode}: ${command}`);
    return isListening(port);
  });
  return { child, port };
}

function launch(command: string, port: number): ChildProcess {
  return spawn(`exec ${command}`, {
    shell: true,
    stdio: 'ignore',
    env: { ...process.env, PORT: String(port), LEAK_BYTES: '64' },
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  child.kill();
  await once(child, 'exit');
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

function workersOf({ pid }: ChildProcess): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
}

function open(port: number, path = '/events/stream-1'): StreamClient {
  const stream = openStream({ port, path, headers: { Connection: 'close' } });
  streams.push(stream);
  return stream;
}

/** In the protocol of the case, where its manifest says. */
function openOn({ url, protocol }: AccuracyCase, port: number): StreamClient {
  const { pathname, search } = new URL(
    url.replaceAll('{port}', String(port)).replaceAll('{key}', 'stream-1').replaceAll('{lastEventId}', ''),
  );
  if (protocol === 'sse') return open(port, pathname + search);
  const stream = openWebSocket({ port, path: pathname + search });
  streams.push(stream);
  return stream;
}

/** Comes, waits for the answer and is gone. */
async function visit(port: number): Promise<number | null> {
  const stream = openStream({ port, path: '/events/stream-1', headers: { Connection: 'close' } });
  const status = await stream.answered;
  stream.leave('rst');
  await stream.closed;
  return status;
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + READY_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`still not after ${READY_MS} ms: ${what}`);
    await sleep(10);
  }
}
