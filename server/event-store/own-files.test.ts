import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createJsonlStore } from './jsonl-store.ts';
import type { EventStore } from './types.ts';

/** What somebody may put there who may write into the folder of the workflows. */
let above: string;
let dir: string;
let outside: string;
let store: EventStore;
beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'own-files-'));
  mkdirSync(join(above, 'real'));
  outside = join(above, 'outside');
  mkdirSync(outside);
  // The operator's own link is followed.
  dir = join(above, 'agents');
  symlinkSync(join(above, 'real'), dir);
  mkdirSync(join(dir, 'flow'));
  writeFileSync(join(dir, 'flow', 'events.jsonl'), '{"n":1,"timestamp":1}\n');
  store = createJsonlStore({ dir, logger: { info: () => undefined, warn: () => undefined }, freeAfterMs: 0 });
});
afterEach(async () => {
  await store.close();
  rmSync(above, { recursive: true });
});

const append = (workflowId: string, key?: string) =>
  store.append(workflowId, [{ line: Buffer.from('{"n":2}'), ...(key !== undefined && { key }) }]);

async function readAll(workflowId = 'flow'): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of store.read(workflowId, { limit: 10, direction: 'newer', from: null }))
    ids.push(id);
  return ids;
}

test.each(['events.keys', 'events.keys.part', 'events.archived', 'events.archived.part'])(
  'a link in the place of %s changes nothing outside',
  async (name) => {
    const target = join(outside, 'target');
    writeFileSync(target, 'precious');
    symlinkSync(target, join(dir, 'flow', name));
    await append('flow', 'key').catch(() => undefined);
    await store.archiveOlderThan(1000).catch(() => undefined);
    expect(readFileSync(target, 'utf8')).toBe('precious');
  },
);

test('a folder that leads out gets no log and no archive, and nothing in it is removed', async () => {
  writeFileSync(join(outside, 'somebody.part'), '');
  symlinkSync(outside, join(dir, 'linked'));
  symlinkSync(outside, join(dir, 'flow', 'archive'));
  symlinkSync(join(outside, 'new'), join(dir, 'dangling'));
  mkdirSync(join(dir, 'other'));
  symlinkSync(join(outside, 'new'), join(dir, 'other', 'events.jsonl'));
  for (const workflowId of ['linked', 'dangling', 'other'])
    await expect(append(workflowId)).rejects.toThrow();
  await expect(store.archiveOlderThan(1000)).rejects.toThrow('could not be archived');
  expect(readdirSync(outside)).toEqual(['somebody.part']);
  expect(await readAll()).toEqual([22]);
});

test.skipIf(process.platform === 'win32')('a FIFO holds no thread, wherever it is', async () => {
  // More of them than libuv has threads: with one that waits for a writer each, nothing would be read any more.
  for (let n = 0; n < 5; n += 1) {
    mkdirSync(join(dir, `fifo-${n}`));
    writeFileSync(join(dir, `fifo-${n}`, 'events.jsonl'), '{"n":1}\n');
    for (const name of ['events.archived', 'events.keys'])
      execFileSync('mkfifo', [join(dir, `fifo-${n}`, name)]);
  }
  execFileSync('mkfifo', [join(dir, '.archive.lock')]);
  await Promise.all(
    [0, 1, 2, 3, 4].map((n) => expect(append(`fifo-${n}`, 'key')).rejects.toThrow('not a regular file')),
  );
  await expect(store.archiveOlderThan(1000)).rejects.toThrow('another process');
  expect(await readAll()).toEqual([22]);
});

test('what does not say how much is archived is told, and not taken for nothing', async () => {
  for (const text of ['', 'x'.repeat(5000), '{"generation":0,"endOffset":-1,"checksum":0}', 'null']) {
    writeFileSync(join(dir, 'flow', 'events.archived'), text);
    await expect(readAll()).rejects.toThrow('does not say what is archived');
  }
  expect(existsSync(join(dir, 'flow', 'archive'))).toBe(false);
});

test('a file that has the name of a workflow has no events', async () => {
  writeFileSync(join(dir, 'file'), '');
  expect(await readAll('file')).toEqual([]);
  await expect(append('file')).rejects.toThrow();
});

test('all is done as usual where nobody has put anything', async () => {
  expect(await append('flow', 'key')).toEqual({ ids: [30], duplicateCount: 0 });
  expect(await append('flow', 'key')).toEqual({ ids: [30], duplicateCount: 1 });
  expect(await append('new')).toEqual({ ids: [8], duplicateCount: 0 });
  expect(await store.archiveOlderThan(1000)).toMatchObject({ workflowCount: 1, eventCount: 1 });
  expect(await readAll()).toEqual([30]);
});
