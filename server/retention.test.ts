import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { archiveCommand } from './archive-command.ts';
import { range } from './event-log/testing/log-folder.ts';
import { ArchiveBusyError } from './event-store/jsonl/archive-lock.ts';
import { StoreFolder, timed } from './event-store/testing/store-folder.ts';
import { startRetention } from './retention.ts';
import { startServer, type TestServer } from './testing/start-server.ts';
import { until } from './testing/until.ts';

let folder: StoreFolder | undefined;
const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await folder?.remove();
  folder = undefined;
});

const day = 24 * 3600 * 1000;
const made = (n: number, daysAgo: number) => `${JSON.stringify({ n, at: Date.now() - daysAgo * day })}\n`;

function logger() {
  const lines: { level: string; facts: object; message: string }[] = [];
  const write = (level: string) => (facts: object, message: string) =>
    void lines.push({ level, facts, message });
  return { lines, info: write('info'), error: write('error') };
}

describe('by schedule', () => {
  test('what is older than so many days is archived, again and again', async () => {
    folder = new StoreFolder();
    folder.write(`${made(1, 9)}${made(2, 6)}`);
    const log = logger();
    const options = { eventStore: folder.store, logger: log, firstMs: 1, intervalMs: 1 };
    const retention = startRetention({ ...options, retainDays: 7 });
    await until('it is archived', () => log.lines.length === 1);
    expect(log.lines).toMatchObject([{ level: 'info', facts: { eventCount: 1, workflowCount: 1 } }]);
    folder.write(made(3, 9), 'v');
    await until('that, too', () => log.lines.length === 2);
    expect((await folder.read()).map(({ text }) => JSON.parse(text).n)).toEqual([2]);
    retention.stop();
  });

  test('a run that fails is told, one that another process is at is no fault, and it goes on; stopped, it does not', async () => {
    const log = logger();
    const times = { logger: log, retainDays: 7, firstMs: 1, intervalMs: 1 };
    const first = countingStore();
    const retention = startRetention({ eventStore: first, ...times });
    await until('it has run', () => first.runCount > 3);
    retention.stop();
    const runsThen = first.runCount;
    expect(log.lines.map(({ level }) => level)).toEqual(['error', 'info']);
    const second = countingStore();
    const other = startRetention({ eventStore: second, ...times });
    await until('the other one has run', () => second.runCount > 3);
    other.stop();
    expect(first.runCount).toBe(runsThen);
  });
});

/** Its first run fails, and another process is at it in the second. */
function countingStore() {
  const store = {
    runCount: 0,
    async archiveOlderThan() {
      store.runCount += 1;
      if (store.runCount === 1) throw new Error('no');
      if (store.runCount === 2) throw new ArchiveBusyError('another');
      return { workflowCount: 0, eventCount: 0, bytes: 0 };
    },
  };
  return store;
}

describe('by command', () => {
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), 'archive', ...args], {
      encoding: 'utf8',
    });

  test('while a server runs: its streams do not notice, and it serves what is left', async () => {
    const server = await startServer();
    servers.push(server);
    server.append('flow', `${timed(1, 20)}${made(21, 1)}`);
    const stream = server.stream('flow');
    await stream.received('"n":21,');
    const { status, stdout, stderr } = command('--older-than', '7', '--dir', server.dir);
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: `archived 20 events of 1 workflows, ${timed(1, 20).length} bytes\n`,
      stderr: '',
    });
    server.append('flow', made(22, 0));
    await stream.received('"n":22,');
    expect(stream.body.match(/"n":\d+/g)).toEqual(range(1, 22).map((n) => `"n":${n}`));
    const page = await (await fetch(`${server.url}/api/events/flow`)).json();
    expect(page).toMatchObject({ events: [{ event: { n: 22 } }, { event: { n: 21 } }] });
    await until('/health shows it', async () => (await server.health()).disk !== null);
    expect((await server.health()).disk).toMatchObject({
      archivedBytes: expect.any(Number),
      measuredAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect((await server.health()).disk?.archivedBytes).toBeGreaterThan(0);
  });

  async function inProcess(...args: string[]) {
    const said = { stdout: '', stderr: '' };
    const status = await archiveCommand(args, {
      stdout: { write: (text) => (said.stdout += text) },
      stderr: { write: (text) => (said.stderr += text) },
    });
    return { status, ...said };
  }

  test('a wrong value is exit code 2 and names its option; help is 0', async () => {
    for (const wrong of [['--older-than', 'soon'], [], ['--older-than', '1', '--free-after', '-1']]) {
      const { status, stderr } = await inProcess(...wrong);
      expect(status).toBe(2);
      expect(stderr).toContain(wrong.length > 2 ? '--free-after' : '--older-than');
    }
    const { status, stdout } = await inProcess('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('zcat');
  });

  test('a folder that cannot be used is exit code 1 and one line', async () => {
    const { status, stderr } = await inProcess('--older-than', '7', '--dir', '/dev/null/x');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: .*\n$/);
  });
});

test.each([
  [7, 1],
  [null, 2],
])('a server that is told to retain %j days leaves %i events, and no lock', async (retainDays, left) => {
  let isStarted = false;
  const server = await startServer({ retainDays }, (parts) => ({
    ...parts,
    startRetention(options) {
      isStarted = true;
      return startRetention({ ...options, firstMs: 1, intervalMs: 1 });
    },
  }));
  servers.push(server);
  server.append('flow', `${made(1, 8)}${made(2, 6)}`);
  const page = async () =>
    (await (await fetch(`${server.url}/api/events/flow`)).json()) as { events: unknown[] };
  await until('so many are left', async () => (await page()).events.length === left);
  expect(isStarted).toBe(retainDays !== null);
  await server.stop();
  expect(readdirSync(server.dir)).toEqual(['flow']);
});
