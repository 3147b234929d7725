import { execFileSync } from 'node:child_process';
import {
  accessSync,
  appendFileSync,
  chmodSync,
  chownSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { openRawClient, streamRequest } from './testing/raw-client.ts';
import { openGoodClients, type ServerProcess, startProcess } from './testing/server-process.ts';
import { until } from './testing/until.ts';

const SECRET = '{"secret":true}';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(how: Parameters<typeof startProcess>[1] = {}) {
  const server = await startProcess([], how);
  const outside = `${server.dir}.outside`;
  mkdirSync(outside);
  writeFileSync(join(outside, 'events.jsonl'), `${SECRET}\n`);
  cleanUps.push(() => rmSync(outside, { recursive: true }));
  cleanUps.push(() => server.close());
  return { server, outside };
}

function follow(server: ServerProcess, workflowId: string) {
  const client = openRawClient({ port: server.port, request: streamRequest(workflowId) });
  cleanUps.push(() => client.socket.destroy());
  return client;
}

const warned = (server: ServerProcess, workflowId: string) =>
  server.log().filter((line) => line.workflowId === workflowId && line.level === 'warn');

interface Place {
  /** Folder of the workflow, which is not there yet. */
  folder: string;
  path: string;
  outside: string;
}

async function listenAt(path: string): Promise<void> {
  const socket: Server = createServer();
  await new Promise<void>((resolve) => socket.listen(path, resolve));
  cleanUps.push(() => new Promise((resolve) => socket.close(resolve)));
}

const inFolder =
  (make: (place: Place) => unknown) =>
  ({ folder, ...place }: Place) => {
    mkdirSync(folder);
    return make({ folder, ...place });
  };

/** What is in the place of the file, and how it is made. */
const things: [string, (place: Place) => unknown][] = [
  ['fifo', inFolder(({ path }) => execFileSync('mkfifo', [path]))],
  ['device', inFolder(({ path }) => symlinkSync('/dev/zero', path))],
  ['terminal', inFolder(({ path }) => symlinkSync('/dev/tty', path))],
  ['socket', inFolder(({ path }) => listenAt(path))],
  ['file-link', inFolder(({ path, outside }) => symlinkSync(join(outside, 'events.jsonl'), path))],
  ['folder-link', ({ folder, outside }) => symlinkSync(outside, folder)],
  ['relative-link', ({ folder, outside }) => symlinkSync(`../${outside.split('/').at(-1)}`, folder)],
];

test.skipIf(process.platform === 'win32')(
  'what is no file of the folder is told once and never opened for long, and a file in its place is served',
  async () => {
    const { server, outside } = await start();
    const good = await openGoodClients(server, 'flow', 1);
    const attacked = [];
    for (const [what, make] of things) {
      const folder = join(server.dir, what);
      await make({ folder, path: join(folder, 'events.jsonl'), outside });
      attacked.push({ what, folder, client: follow(server, what) });
    }
    for (const { what } of attacked)
      await until(`${what} is told`, () => warned(server, what).length > 0, 10_000);
    good.feed();
    await good.haveAll();
    for (const { folder } of attacked) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      writeFileSync(join(folder, 'events.jsonl'), '{"good":1}\n');
    }
    for (const { what, client } of attacked) {
      await client.received('{"good":1}');
      expect(client.text, what).not.toContain('secret');
      expect(warned(server, what).length, what).toBeLessThanOrEqual(2);
    }
    good.close();
  },
);

test.skipIf(process.platform === 'win32')(
  'a link that is swapped between inward and outward lets nothing out',
  async () => {
    const { server, outside } = await start();
    server.append('inside', '{"inside":1}\n');
    const names = Array.from({ length: 20 }, (_, n) => `swapped-${n}`);
    const swap = (name: string, target: string) => {
      const link = join(server.dir, name);
      symlinkSync(target, `${link}.new`);
      renameSync(`${link}.new`, link);
    };
    let isSwapping = true;
    const swapping = names.map(async (name, at) => {
      for (let n = 0; isSwapping; n += 1) {
        swap(name, n % 2 === 0 ? outside : 'inside');
        await sleep((n + at) % 4);
      }
      swap(name, 'inside');
    });
    const early = names.map((name) => follow(server, name));
    await until('some have read', () => early.filter((client) => client.text.includes('data:')).length >= 5);
    const late = names.map((name) => follow(server, name));
    await until('some have read', () => late.filter((client) => client.text.includes('data:')).length >= 5);
    isSwapping = false;
    await Promise.all(swapping);
    for (const client of [...early, ...late]) {
      await client.received('{"inside":1}');
      expect(client.text).not.toContain('secret');
    }
  },
);

const peakBytes = (server: ServerProcess) =>
  1024 * Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]);

test.skipIf(process.platform !== 'linux')(
  'a line of 100 MB takes no memory, and what follows it is served, live and as history',
  async () => {
    const { server } = await start();
    const good = await openGoodClients(server, 'flow', 1);
    good.feed();
    await good.haveAll();
    server.append('huge', '{"before":1}\n');
    const live = follow(server, 'huge');
    await live.received('{"before":1}');
    const before = peakBytes(server);
    const path = join(server.dir, 'huge', 'events.jsonl');
    truncateSync(path, 100e6); // a hole, which is read as zero bytes
    appendFileSync(path, '\n{"behind":1}\n');
    good.feed();
    await live.received('{"behind":1}');
    const late = follow(server, 'huge');
    await late.received('{"behind":1}');
    expect(late.text).toContain('{"before":1}');
    await good.haveAll();
    // A line up to the limit of 1 MiB may be held for each reader, with what V8 and the allocator keep of such pieces.
    expect(peakBytes(server) - before).toBeLessThan(40e6);
    expect(warned(server, 'huge')).toHaveLength(1);
    good.close();
  },
);

test('lines with zero bytes, of Windows, torn and empty: what is JSON is served, once and in order', async () => {
  const { server } = await start();
  server.append('odd', '{"n":1}\r\n\0\0\0\n\0{"n":0}\n\r\n\n{"n":2}\n{"n":');
  const client = follow(server, 'odd');
  await client.received('{"n":2}');
  server.append('odd', '3}\n{"n":4}\r');
  await client.received('{"n":3}');
  server.append('odd', '\n{"n":5}\n');
  await client.received('{"n":5}');
  expect([...client.body.matchAll(/^data: (.*)$/gm)].map(([, data]) => data)).toEqual(
    [1, 2, 3, 4, 5].map((n) => `{"n":${n}}`),
  );
});

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
/** Root may read everything, so the server has to be someone else's, who must be able to read this project. */
const cannotBeOther = isRoot && !othersMayRead(import.meta.filename);

function othersMayRead(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & (at === path ? 0o004 : 0o001)) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

test.skipIf(process.platform === 'win32')(
  'a file and a folder that may not be read are told once, and served when they may',
  async ({ skip }) => {
    skip(cannotBeOther, 'as root it needs another user, to whom this folder is closed');
    const { server } = await start(isRoot ? { user: NOBODY } : {});
    if (isRoot) chownSync(server.dir, NOBODY, NOBODY);
    server.append('file', '{"n":1}\n');
    server.append('folder', '{"n":1}\n');
    const paths = [join(server.dir, 'file', 'events.jsonl'), join(server.dir, 'folder')];
    for (const path of paths) chmodSync(path, 0);
    cleanUps.push(() => chmodSync(join(server.dir, 'folder'), 0o755));
    if (!isRoot) expect(() => accessSync(paths[0] as string, constants.R_OK)).toThrow();
    const clients = ['file', 'folder'].map((workflowId) => follow(server, workflowId));
    for (const workflowId of ['file', 'folder'])
      await until(`${workflowId} is told`, () => warned(server, workflowId).length > 0);
    expect(JSON.stringify(warned(server, 'file'))).toContain('EACCES');
    for (const path of paths) chmodSync(path, 0o755);
    for (const client of clients) await client.received('{"n":1}');
    for (const workflowId of ['file', 'folder'])
      expect(warned(server, workflowId).length).toBeLessThanOrEqual(2);
  },
);
