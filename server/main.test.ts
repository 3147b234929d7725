import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { faults } from './faults/index.ts';
import { openRawClient, streamRequest } from './testing/raw-client.ts';
import { eventLines, type LogLine } from './testing/start-server.ts';
import { until } from './testing/until.ts';

const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function run(...options: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...options]);
  children.push(child);
  const output = { stdout: '', stderr: '', exitCode: null as number | null, signal: null as string | null };
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  const exited = new Promise<void>((resolve) => {
    child.on('close', (exitCode, signal) => {
      Object.assign(output, { exitCode, signal });
      resolve();
    });
  });
  const lines = () => output.stdout.split('\n').filter(Boolean);
  return { child, output, exited, log: () => lines().map((line) => JSON.parse(line) as LogLine) };
}

async function serve(...options: string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'sse-main-'));
  folders.push(dir);
  mkdirSync(join(dir, 'flow'));
  writeFileSync(join(dir, 'flow', 'events.jsonl'), eventLines(20_000, 1024));
  const server = run('--port', '0', '--dir', dir, ...options);
  await until('the ready line', () => server.output.stdout.includes('\n'));
  const [ready] = server.log();
  return { ...server, port: Number(new URL(String(ready?.url)).port) };
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: streams are told, and the process exits, whatever its clients do',
  async (signal) => {
    const server = await serve();
    const { port } = server;
    const good = openRawClient({ port, request: streamRequest('flow') });
    const stalled = openRawClient({ port, request: streamRequest('flow', { 'Last-Event-ID': '0' }) });
    stalled.socket.pause();
    const idle = openRawClient({ port, request: 'GET /health HTTP/1.1\r\nHost: test\r\n\r\n' });
    const torn = openRawClient({ port, request: 'GET /health HT' });
    await idle.received('"status":"ok"');
    await good.received('{"n":19999,');
    await until(
      'both are open',
      () => server.log().filter(({ msg }) => msg === 'stream opened').length === 2,
    );

    server.child.kill(signal);
    await server.exited;
    // Its own guard would have ended it with exit code 1 after 1.7 s of its own clock.
    expect(server.output).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
    expect(server.log().at(-1)).toMatchObject({ msg: 'stopped' });
    await good.closed();
    expect(good.isComplete).toBe(true);
    expect(good.body).toMatch(/event: close\ndata: \{"reason":"server_shutdown"\}\n\n$/);
    const closed = server.log().filter(({ msg }) => msg === 'stream closed');
    expect(closed.map(({ reason }) => reason)).toEqual(['server_shutdown', 'server_shutdown']);
    for (const { socket } of [stalled, idle, torn]) socket.destroy();
  },
);

test('the ready line is the first one, and its URL answers', async () => {
  const server = await serve('--fault', 'no-limit');
  expect(server.log()).toHaveLength(1);
  expect(server.log()[0]).toMatchObject({ level: 'info', msg: 'listening', fault: 'no-limit' });
  expect((await fetch(String(server.log()[0]?.url))).status).toBe(200);
  server.child.kill('SIGTERM');
  await server.exited;
  expect(server.output.exitCode).toBe(0);
});

test('a server that others may reach says so', async () => {
  const server = await serve('--host', '0.0.0.0');
  await until('the warning', () => server.log().length === 2);
  expect(server.log()[1]).toMatchObject({ level: 'warn', url: server.log()[0]?.url });
  expect(server.log()[1]?.msg).toContain('others may reach this server');
});

test('a port in use: says so and what to do, exit code 1', async () => {
  const first = await serve();
  const second = run('--port', String(first.port));
  await second.exited;
  expect(second.output).toMatchObject({ exitCode: 1, stdout: '' });
  expect(second.output.stderr).toBe(
    `error: cannot listen on 127.0.0.1:${first.port}: another program has this port; ` +
      'choose another one with --port, or 0 for any free one\n',
  );
});

test('a wrong option: one line on stderr, exit code 2', async () => {
  const wrong = [run('--limit', 'x'), run('--fault', 'gremlin'), run('--limmit', '3')];
  await Promise.all(wrong.map(({ exited }) => exited));
  expect(wrong.map(({ output }) => output)).toEqual([
    {
      exitCode: 2,
      signal: null,
      stdout: '',
      stderr:
        "error: option '--limit <streams>' argument 'x' is invalid. Give a whole number from 1 to 1000000000.\n",
    },
    expect.objectContaining({ exitCode: 2, stderr: expect.stringMatching(/^error: .*'gremlin'.*\n$/) }),
    expect.objectContaining({ exitCode: 2, stderr: expect.stringMatching(/^error: .*'--limmit'.*\n$/) }),
  ]);
});

test('--help has every option and examples', async () => {
  const help = run('--help');
  await help.exited;
  expect(help.output).toMatchObject({ exitCode: 0, stderr: '' });
  const options =
    'port host dir limit max-duration recent heartbeat max-queue max-queues retry log-level fault list-faults';
  for (const option of options.split(' ')) expect(help.output.stdout).toContain(`--${option}`);
  expect(help.output.stdout).toContain('Examples:');
});

test('--list-faults names each defect', async () => {
  const list = run('--list-faults');
  await list.exited;
  expect(list.output.exitCode).toBe(0);
  expect(list.output.stdout.match(/caught by /g)).toHaveLength(faults.length);
});
