import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdir, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AttackTarget } from './attacks.ts';

const FILE = 'events.jsonl';
const HUGE_LINE_BYTES = 100e6;
/** For so long the bad thing is in the place of the file: notification and a look at it take less. */
const STAYS_MS = 100;
const SERVED_MS = 15_000;
const SECRET = '{"secret":true}';

interface Place {
  path: string;
  /** A file with `SECRET`, outside of the folder of the workflows. */
  outside: string;
}

interface Trick {
  name: string;
  play(place: Place): Promise<unknown>;
}

const inPlace = (name: string, make: (place: Place) => Promise<unknown>): Trick => ({
  name,
  async play(place) {
    await unlink(place.path);
    await make(place);
  },
});

export const fileTricks: readonly Trick[] = [
  {
    name: 'a line of 100 MB', // of zero bytes: the file has a hole, and the disk is spared
    async play({ path }) {
      await truncate(path, HUGE_LINE_BYTES);
      await appendFile(path, '\n');
    },
  },
  { name: 'cut to nothing', play: ({ path }) => truncate(path, 0) },
  { name: 'removed', play: ({ path }) => unlink(path) },
  {
    name: 'replaced by a rename',
    async play({ path }) {
      await writeFile(`${path}.new`, '{"n":"replaced"}\n');
      await rename(`${path}.new`, path);
    },
  },
  { name: 'not to be read', play: ({ path }) => chmod(path, 0) },
  inPlace('a folder', ({ path }) => mkdir(path)),
  inPlace('a FIFO', ({ path }) => promisify(execFile)('mkfifo', [path])),
  inPlace('a device', ({ path }) => symlink('/dev/zero', path)),
  inPlace('a link outward', ({ path, outside }) => symlink(outside, path)),
];

/**
 * Follows a workflow of its own, plays a trick on its file, then puts a good file there. Outcomes: `served` when the stream got what
 * is in the good file, `not served` when it did not in 15 s, `no stream`, or `let out` when it got what lies outside of the folder.
 */
export async function attackFile({ port, dir, n }: AttackTarget): Promise<string> {
  const trick = fileTricks[n % fileTricks.length] as Trick;
  const key = `attacked-${process.pid}-${n}`;
  const folder = join(dir, key);
  const place = { path: join(folder, FILE), outside: `${dir}.outside` };
  await writeFile(place.outside, `${SECRET}\n`);
  await mkdir(folder);
  await writeFile(place.path, '{"at":"first"}\n');
  const stream = follow(port, key);
  try {
    if (!(await stream.gets('"first"'))) return 'no stream';
    await trick.play(place);
    await sleep(STAYS_MS);
    if (stream.text().includes(SECRET)) return 'let out';
    await rm(place.path, { recursive: true, force: true });
    await writeFile(place.path, '{"at":"last"}\n');
    return (await stream.gets('"last"')) ? 'served' : 'not served';
  } finally {
    stream.end();
    await rm(folder, { recursive: true, force: true });
  }
}

function follow(port: number, key: string) {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {}); // then nothing comes
  socket.write(`GET /api/events/${key}/stream HTTP/1.1\r\nHost: test\r\n\r\n`);
  return {
    text: () => text,
    async gets(part: string): Promise<boolean> {
      const until = performance.now() + SERVED_MS;
      while (!text.includes(part) && !socket.destroyed && performance.now() < until) await sleep(10);
      return text.includes(part);
    },
    end: () => socket.destroy(),
  };
}
