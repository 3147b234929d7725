import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { openDescriptors } from '../event-log/testing/log-folder.ts';
import { digestOf, MAX_KEYS } from './jsonl/key-file.ts';
import { event, StoreFolder } from './testing/store-folder.ts';

let folder: StoreFolder;
afterEach(() => folder.remove());

const numbers = async () => (await folder.read()).map(({ text }) => JSON.parse(text).n as number);

test('what is appended is in the file, under the ids that streams and readers give it', async () => {
  folder = new StoreFolder();
  const stream = folder.follow({ recentEvents: 10 });
  const results = await Promise.all(
    [1, 2, 3].map((first) => folder.store.append('w', [event(10 * first), event(10 * first + 1)])),
  );
  await stream.gets(6);
  expect(results.flatMap(({ ids }) => ids)).toEqual(stream.ids);
  expect((await folder.read()).map(({ id }) => id)).toEqual(stream.ids);
  expect(statSync(folder.path()).size).toBe(stream.ids.at(-1));
  expect(stream.numbers).toEqual([10, 11, 20, 21, 30, 31]);
  expect(results.every(({ duplicateCount }) => duplicateCount === 0)).toBe(true);
  stream.subscription.close();
});

test('many at once are written together, and none stays open', async () => {
  folder = new StoreFolder();
  const results = await Promise.all(
    Array.from({ length: 300 }, (_, n) => folder.store.append(`w${n % 3}`, [{ line: event(n).line }])),
  );
  expect(new Set(results.slice(0, 3).map(({ ids }) => ids.length))).toEqual(new Set([1]));
  for (let w = 0; w < 3; w += 1) {
    const written = readFileSync(folder.path('events.jsonl', `w${w}`), 'utf8')
      .trimEnd()
      .split('\n');
    expect(written.map((line) => JSON.parse(line).n)).toEqual(
      Array.from({ length: 100 }, (_, n) => 3 * n + w),
    );
  }
  if (process.platform === 'linux') expect(await openDescriptors(folder.dir)).toEqual([]);
});

test.each([
  ['a line end', Buffer.from('{}\n{}')],
  ['nothing', Buffer.alloc(0)],
  ['too much', Buffer.alloc(1024 * 1024 + 1, 0x31)],
])('%s in a line is refused, and nothing of its batch is stored', async (_what, line) => {
  folder = new StoreFolder();
  await expect(folder.append([event(1), { line }])).rejects.toThrow(RangeError);
  expect(await folder.read()).toEqual([]);
});

test('a torn line is completed, so that what follows is whole', async () => {
  folder = new StoreFolder();
  folder.write('{"n":1}\n{"n":');
  const [id] = await folder.append([event(2)]);
  expect(await folder.read()).toEqual([
    { id: 8, text: '{"n":1}' },
    { id, text: '{"n":2,"at":2000}' },
  ]);
});

test('while another process appends to the same file, each line is whole and has the id that it was given', async () => {
  folder = new StoreFolder();
  folder.write('{"n":0}\n');
  let goesOn = true;
  const other = (async () => {
    for (let n = 0; goesOn; n += 1) {
      appendFileSync(folder.path(), `{"other":${n}}\n`);
      await turn();
    }
  })();
  const given = new Map<number, number>();
  for (let n = 1; n <= 12; n += 1) {
    const [id] = await folder.append([n % 2 === 0 ? event(n) : { line: event(n).line }]);
    given.set(n, Number(id));
  }
  goesOn = false;
  await other;
  const events = await folder.read();
  expect(events.map(({ text }) => text).join('\n')).toBe(folder.content().trimEnd());
  const found = events.flatMap(({ id, text }) => {
    const { n } = JSON.parse(text) as { n?: number };
    return n === undefined || n === 0 ? [] : [[n, id] as const];
  });
  expect(new Map(found)).toEqual(given);
  expect(found).toHaveLength(12);
});

describe('a key is stored once', () => {
  test('in one append, in two at a time, and later', async () => {
    folder = new StoreFolder();
    const [first, second] = await Promise.all([
      folder.store.append('w', [event(1), event(1), event(2)]),
      folder.store.append('w', [event(2), event(3)]),
    ]);
    expect(first).toMatchObject({ duplicateCount: 1 });
    expect(first.ids[0]).toBe(first.ids[1]);
    expect(second).toMatchObject({ duplicateCount: 1 });
    expect(second.ids[0]).toBe(first.ids[2]);
    expect(await folder.store.append('w', [event(3)])).toEqual({ ids: [second.ids[1]], duplicateCount: 1 });
    expect(await numbers()).toEqual([1, 2, 3]);
  });

  test('also when the store was opened anew; in another workflow it is another', async () => {
    folder = new StoreFolder();
    const ids = await folder.append([event(1), event(2)]);
    await folder.reopen();
    expect(await folder.store.append('w', [event(1), event(2)])).toEqual({ ids, duplicateCount: 2 });
    expect(await folder.store.append('v', [event(1)])).toMatchObject({ duplicateCount: 0 });
    expect(await numbers()).toEqual([1, 2]);
  });

  test('without keys equal lines are equal events', async () => {
    folder = new StoreFolder();
    const { line } = event(1);
    await folder.append([{ line }, { line }]);
    await folder.append([{ line }]);
    expect(await numbers()).toEqual([1, 1, 1]);
  });
});

/** The files as a process leaves them that is killed between two of its writes. */
describe('after a crash', () => {
  const intent = (n: number, fromOffset: number) =>
    `intent ${digestOf(event(n).key)} ${Date.now()} ${fromOffset} ${digestOf(event(n).line)}\n`;

  test('before the line was written, who tries again stores it', async () => {
    folder = new StoreFolder();
    folder.write('{"n":0}\n');
    writeFileSync(folder.path('events.keys'), `${intent(1, 8)}${intent(2, 8)}`);
    expect(await folder.store.append('w', [event(1), event(2)])).toMatchObject({ duplicateCount: 0 });
    expect(await numbers()).toEqual([0, 1, 2]);
  });

  test.each([
    ['', [1, 2], 2],
    ['in the middle of the lines', [1, 2], 1],
    ['in front of the line end', [1, 2], 1],
  ])('behind it %s, who tries again gets what was stored', async (where, expected, duplicateCount) => {
    folder = new StoreFolder();
    folder.write(`${event(1).line}\n${event(2).line}\n`);
    const { size } = statSync(folder.path());
    if (where.startsWith('in the middle')) truncateSync(folder.path(), size - 5);
    // The line is whole without its end: it must not be taken for one that is not there.
    if (where.startsWith('in front')) truncateSync(folder.path(), event(1).line.length);
    writeFileSync(folder.path('events.keys'), `${intent(1, 0)}${intent(2, 0)}inte`);
    const result = await folder.store.append('w', [event(1), event(2)]);
    expect(result).toMatchObject({ duplicateCount });
    expect(await numbers()).toEqual(expected);
    expect((await folder.read()).map(({ id }) => id)).toEqual(result.ids);
    await folder.reopen();
    expect(await folder.append([event(2), event(1)])).toEqual(result.ids.toReversed());
  });

  test('a log that is gone takes its keys with it', async () => {
    folder = new StoreFolder();
    await folder.append([event(1)]);
    rmSync(folder.path('..'), { recursive: true });
    await folder.reopen();
    expect(await folder.store.append('w', [event(1)])).toMatchObject({ duplicateCount: 0 });
  });
});

test.skipIf(process.platform === 'win32')(
  'what cannot be written whole is not there at all, and is stored when it is sent again',
  async () => {
    folder = new StoreFolder();
    const child = join(import.meta.dirname, 'testing', 'append-child.ts');
    // 8 blocks of 512 bytes or 1 KiB: the two large events do not fit. Without the trap the process would be killed.
    const limits = 'trap "" XFSZ; ulimit -f 8; exec "$@"';
    const args = ['-c', limits, 'sh', process.execPath, child, folder.dir];
    const { stdout } = spawnSync('sh', args, { encoding: 'utf8' });
    const [first, failed, last] = JSON.parse(stdout) as [{ ids: number[] }, string, { ids: number[] }];
    expect(failed).toBe('EFBIG');
    expect(folder.content()).toBe(`${event(1).line}\n${event(4).line}\n`);
    expect((await folder.read()).map(({ id }) => id)).toEqual([...first.ids, ...last.ids]);
    expect(await folder.store.append('w', [event(2), event(4), event(3)])).toMatchObject({
      duplicateCount: 1,
    });
    expect(await numbers()).toEqual([1, 4, 2, 3]);
  },
);

describe('keys are forgotten', () => {
  const stored = (n: number, atMs: number) => `stored ${digestOf(`key-${n}`)} ${atMs} 7\n`;

  test('after a day, and their file is written anew', async () => {
    folder = new StoreFolder();
    folder.write('{"n":0}\n');
    const now = Date.now();
    let text = '';
    for (let n = 0; n < 5000; n += 1) text += stored(n, now - 25 * 3600 * 1000);
    writeFileSync(folder.path('events.keys'), `${text}${stored(9999, now - 23 * 3600 * 1000)}`);
    expect(await folder.store.append('w', [event(9999), event(10_000)])).toMatchObject({ duplicateCount: 1 });
    expect(statSync(folder.path('events.keys')).size).toBeLessThan(500);
    expect(await folder.store.append('w', [event(1)])).toMatchObject({ duplicateCount: 0 });
    expect(await folder.store.append('w', [event(10_000)])).toMatchObject({ duplicateCount: 1 });
  });

  test('where there are more than fit, the oldest first', async () => {
    folder = new StoreFolder();
    folder.write('{"n":0}\n');
    let text = '';
    for (let n = 0; n < MAX_KEYS + 10; n += 1) text += stored(n, Date.now());
    writeFileSync(folder.path('events.keys'), text);
    const { duplicateCount } = await folder.store.append('w', [event(9), event(10), event(MAX_KEYS + 9)]);
    expect(duplicateCount).toBe(2);
  });
});
