import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { eventLines, startServer, type TestServer } from '../../server/testing/start-server.ts';
import { until } from '../../server/testing/until.ts';
import { readStatus } from './read-status.ts';

const cli = join(import.meta.dirname, '..', 'cli.ts');
const MiB = 1024 * 1024;

const servers: TestServer[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  for (const server of servers.splice(0)) await server.close();
});

async function start(...options: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer(...options);
  servers.push(server);
  return server;
}

function hydrotest(...args: string[]) {
  const child = spawn(process.execPath, [cli, 'events', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  return { child, exited, errors: () => errors };
}

/** Of a process, in bytes; Linux only. */
function memoryOf(child: ChildProcess, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
}

async function givenUp(server: TestServer, times: number): Promise<boolean> {
  return ((await server.health()).ended.slow_consumer ?? 0) >= times;
}

test('follow prints what comes, and ends well on Ctrl-C', async () => {
  const server = await start();
  server.append('flow', '{"n":1}\n{"type":"a\\u001b[2J","message":"b\\u001b]0;c\\u0007"}\n');
  const { child, exited, errors } = hydrotest('follow', 'flow', '--url', server.url, '--last', '1');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}Z {2}a {21}b$/);
  server.append('flow', '{"type":"next","message":"one"}\n');
  expect((await lines.next()).value).toMatch(/ {2}next {18}one$/);
  child.kill('SIGINT');
  expect(await exited).toBe(0);
  expect(errors()).toBe('');
  await until('its stream is gone', async () => (await server.health()).openStreams === 0);
});

test('follow ends well when nobody reads any more', async () => {
  const server = await start();
  server.append('flow', '{"n":1}\n');
  const { child, exited, errors } = hydrotest('follow', 'flow', '--url', server.url, '--json');
  await once(child.stdout, 'data');
  child.stdout.destroy();
  await until('it has ended', () => {
    server.append('flow', '{"n":2}\n');
    return child.exitCode !== null;
  });
  expect(await exited).toBe(0);
  expect(errors()).toBe('');
});

test('Ctrl-C does not wait for who has stopped reading', async () => {
  const server = await start({ stallMs: 200, recentEvents: 1_000_000 });
  server.append('flow', eventLines(16_000, 1024));
  const { child, exited } = hydrotest('follow', 'flow', '--url', server.url);
  await until('the server gives it up', () => givenUp(server, 1));
  child.kill('SIGINT');
  expect(await exited).toBe(0);
});

test('status is a table; a server that is not there, and a wrong URL, are told apart', async () => {
  const server = await start({ limit: 1 });
  server.append('busy', '{"n":1}\n');
  server.append('idle', '{"n":1}\n');
  await server.stream('busy').answered();
  expect(await server.stream('busy').answered()).toBe(429);
  const { child, exited } = hydrotest('status', '--url', server.url);
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  expect(await exited).toBe(0);
  expect(text).toContain('1 open (at most 1 a workflow), 1 rejected');
  expect(text).toMatch(/^busy +1\nidle +0$/m);
  await server.stop();
  const { url } = server;
  await expect(readStatus(url)).rejects.toMatchObject({
    code: 'target-start',
    message: expect.stringMatching(/ECONNREFUSED.*--url/),
  });
  await expect(readStatus('ftp://x')).rejects.toMatchObject({ code: 'usage' });
});

const onLinux = process.platform === 'linux';
test.runIf(onLinux)(
  'follow takes no more memory, however much comes and however slow the terminal is',
  async () => {
    const bytes = Number(process.env.HYDROTEST_FOLLOW_MIB ?? 48) * MiB;
    const server = await start({ stallMs: 300, retryMs: 20, recentEvents: 1 });
    server.append('flow', '{"n":-1}\n');
    const { child, exited, errors } = hydrotest('follow', 'flow', '--url', server.url, '--json');
    await once(child.stdout, 'readable'); // it follows the file now; what it has printed stays where it is
    const lines = eventLines(1024, 4 * 1024);
    const lineCount = 1024 * Math.ceil(bytes / lines.length);
    // What it has read once is compiled and has its buffers.
    server.append('flow', lines);
    const before = memoryOf(child, 'VmHWM');
    for (let appended = 1024; appended < lineCount; appended += 1024) server.append('flow', lines);
    // Nobody reads: the pipe is full, then the process waits, then the server has enough of it.
    await until('the server gives it up', () => givenUp(server, 1));
    const stalled = memoryOf(child, 'VmHWM');
    let received = 0;
    let wrong = 0;
    for await (const line of createInterface(child.stdout)) {
      if (line === '{"n":-1}') continue;
      if (!line.startsWith(`{"n":${received % 1024},`)) wrong += 1;
      received += 1;
      if (received === lineCount) break;
    }
    const after = memoryOf(child, 'VmHWM');
    expect(wrong).toBe(0);
    // 2 MiB when this was written, where all of it would be 48.
    expect(stalled - before).toBeLessThan(16 * MiB);
    // What V8 takes for itself when it is busy: 34 MiB for 32, 41 for 200 and 45 for 400.
    expect(after - before).toBeLessThan(60 * MiB);
    child.kill('SIGTERM');
    child.stdout.resume();
    expect(await exited).toBe(0);
    expect(errors()).toContain('the connection');
  },
);
