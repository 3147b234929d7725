import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEventFeed } from './event-feed.ts';

const { signal } = new AbortController();

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hydrotest-feed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const numbersIn = (path: string) => linesOf(path).map((line) => (JSON.parse(line) as { seq: number }).seq);
const openFileCount = () => readdirSync('/proc/self/fd').length;

describe('append', () => {
  it('makes the folders, and writes lines of JSON of exactly the bytes asked for', async () => {
    const path = join(folder, 'a', 'b', 'events.jsonl');
    const bytes = await createEventFeed().append(path, { count: 3, bytesPerEvent: 300 }, signal);
    expect(bytes).toBe(900);
    expect(linesOf(path).map((line) => line.length + 1)).toEqual([300, 300, 300]);
    expect(numbersIn(path)).toEqual([0, 1, 2]);
  });

  it('goes on counting, file by file', async () => {
    const feed = createEventFeed();
    const [one, other] = [join(folder, 'one'), join(folder, 'other')];
    await feed.append(one, { count: 2, bytesPerEvent: 100 }, signal);
    await feed.append(other, { count: 1, bytesPerEvent: 100 }, signal);
    await feed.append(one, { count: 2, bytesPerEvent: 200 }, signal);
    expect(numbersIn(one)).toEqual([0, 1, 2, 3]);
    expect(numbersIn(other)).toEqual([0]);
  });

  it('writes what is larger than a block in order and in full, also when lines outgrow blocks', async () => {
    const feed = createEventFeed();
    const [many, large] = [join(folder, 'many'), join(folder, 'large')];
    expect(await feed.append(many, { count: 10_000, bytesPerEvent: 1000 }, signal)).toBe(10e6);
    expect(statSync(many).size).toBe(10e6);
    expect(numbersIn(many)).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
    expect(await feed.append(large, { count: 2, bytesPerEvent: 5e6 }, signal)).toBe(10e6);
    expect(numbersIn(large)).toEqual([0, 1]);
  });

  it('stops on abort with whole lines, and closes its file', async () => {
    const path = join(folder, 'events');
    const controller = new AbortController();
    const before = openFileCount();
    const feed = createEventFeed();
    await feed.append(path, { count: 1, bytesPerEvent: 100 }, signal);
    controller.abort(new Error('Ctrl-C'));
    await expect(feed.append(path, { count: 5, bytesPerEvent: 100 }, controller.signal)).rejects.toThrow(
      'Ctrl-C',
    );
    await feed.append(path, { count: 1, bytesPerEvent: 100 }, signal);
    expect(numbersIn(path)).toEqual([0, 1]);
    expect(openFileCount()).toBe(before);
  });

  it('rejects where nothing can be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    const feed = createEventFeed();
    await expect(
      feed.append(join(folder, 'file', 'x'), { count: 1, bytesPerEvent: 99 }, signal),
    ).rejects.toThrow();
  });
});

describe('what was fed', () => {
  it('is removed by name, and begins anew', async () => {
    const feed = createEventFeed();
    const path = join(folder, 'events');
    await feed.append(path, { count: 2, bytesPerEvent: 100 }, signal);
    await feed.drop(path);
    await feed.drop(path);
    expect(existsSync(path)).toBe(false);
    await feed.append(path, { count: 1, bytesPerEvent: 100 }, signal);
    expect(numbersIn(path)).toEqual([0]);
  });

  it('is removed in the end, and nothing else', async () => {
    const feed = createEventFeed();
    for (const name of ['a', 'b', 'c']) {
      await feed.append(join(folder, name), { count: 1, bytesPerEvent: 100 }, signal);
    }
    writeFileSync(join(folder, 'mine'), '');
    await feed.close();
    await feed.close();
    expect(readdirSync(folder)).toEqual(['mine']);
  });
});
