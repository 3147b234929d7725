import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { completeConfig } from './config.ts';
import { type OpenedTarget, openTarget } from './open-target.ts';
import { findFreePort } from './targets/free-port.ts';
import { isProcessAlive } from './targets/process-group.ts';

const SERVER = `require('node:http').createServer((q, s) => s.end(process.env.NODE_OPTIONS ?? 'none'))
  .listen(Number(process.env.PORT), '127.0.0.1');`;

const { signal } = new AbortController();
let folder: string;
let opened: OpenedTarget[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hydrotest-open-'));
  writeFileSync(join(folder, 'server.cjs'), SERVER);
  opened = [];
});

afterEach(async () => {
  for (const target of opened.reverse()) await target.close();
  rmSync(folder, { recursive: true });
});

type Given = Parameters<typeof completeConfig>[0];

async function open(given: Given): Promise<OpenedTarget> {
  const target = await openTarget({
    config: completeConfig(given),
    dataDir: join(folder, 'data', 'some-scenario'),
    outputFile: join(folder, 'output.log'),
    signal,
  });
  opened.push(target);
  return target;
}

const spawned = (command: string): Given => ({ command, url: 'http://127.0.0.1:{port}/{key}' });
const optionsOf = async ({ session }: OpenedTarget) =>
  (await fetch(`http://127.0.0.1:${session.port}/`, { headers: { connection: 'close' } })).text();

test('a spawned target is read with its heap, and gone in the end', async () => {
  const target = await open(spawned(`"${process.execPath}" ${folder}/server.cjs`));
  expect(target.heapGap).toBe(null);
  expect(target.session.probe.capabilities.level).toBe('heap');
  const { heap, processCount } = await target.session.probe.readQuiet({ signal });
  expect(heap?.processCount).toBe(1);
  expect(processCount).toBeGreaterThan(0);
  expect(await optionsOf(target)).toContain('--inspect-port=');
  await Promise.all([target.close(), target.close()]);
  expect(isProcessAlive(target.session.target.pid, null)).toBe(false);
  expect(readFileSync(join(folder, 'output.log'), 'utf8')).toBe('Debugger attached.\n');
});

test('an inspector that the command asks for stays where it is', async () => {
  const port = await findFreePort();
  const target = await open(spawned(`"${process.execPath}" --inspect=${port} ${folder}/server.cjs`));
  expect(target.session.probe.capabilities.level).toBe('heap');
  expect(await optionsOf(target)).not.toContain('--inspect');
  const list: unknown = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
  expect(list).toMatchObject([{ type: 'node' }]);
});

test('without inspection nothing is asked, and that is no gap', async () => {
  const target = await open({
    ...spawned(`"${process.execPath}" ${folder}/server.cjs`),
    inspect: false,
  });
  expect(target.heapGap).toBe(null);
  expect(target.session.probe.capabilities).toMatchObject({ level: 'anonymous', collects: false });
  expect(await optionsOf(target)).not.toContain('--inspect');
});

test('attached by port or pid: read with its heap, and left running', async () => {
  const server = await open(spawned(`"${process.execPath}" ${folder}/server.cjs`));
  const { port, probe } = server.session;
  await probe.close();
  const byPort = await open({ port, url: `http://127.0.0.1:${port}/{key}`, openInspector: true });
  expect(byPort.session.probe.capabilities.level).toBe('heap');
  const { pid } = byPort.session.target;
  await byPort.close();
  const byPid = await open({ pid, url: `http://127.0.0.1:${port}/{key}`, openInspector: true });
  expect(byPid.session.probe.capabilities.level).toBe('heap');
  expect(byPid.heapGap).toBe(null);
  await byPid.close();
  expect(isProcessAlive(pid, null)).toBe(true);
});
