import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFolder, numbered, openDescriptors, range, until } from './testing/log-folder.ts';

let folder: LogFolder;
beforeEach(() => {
  folder = new LogFolder({ pollMs: 600_000 });
});
afterEach(() => folder.remove());

/** Puts other content in the place of the file, in the way that is tested. */
const replacements: [string, (text: string) => void][] = [
  [
    'cut to nothing, then appended to',
    (text) => {
      truncateSync(folder.path(), 0);
      folder.append(text);
    },
  ],
  ['rewritten in place', (text) => writeFileSync(folder.path(), text)],
  [
    'replaced by rename',
    (text) => {
      writeFileSync(`${folder.path()}.new`, text);
      renameSync(`${folder.path()}.new`, folder.path());
    },
  ],
  [
    'moved away and made anew',
    (text) => {
      renameSync(folder.path(), `${folder.path()}.1`);
      writeFileSync(folder.path(), text);
    },
  ],
  [
    'removed and made anew',
    (text) => {
      rmSync(folder.path());
      writeFileSync(folder.path(), text);
    },
  ],
];

describe.each(replacements)('a file that is %s', (_how, replace) => {
  it.each([
    ['shorter', 2],
    ['of the same length', 5],
    ['longer', 50],
  ])('and is %s now, is sent from its start after a reset', async (_length, lineCount) => {
    folder.append(numbered(101, 105));
    const readers = [folder.follow({ recentEvents: 3 }), folder.follow({ offset: 0 })];
    const full = folder.follow({ recentEvents: 1 });
    full.hasRoom = () => false;
    const idle = folder.follow({ offset: 50 });
    await Promise.all([...readers.map((reader, index) => reader.gets(3 + 2 * index)), full.gets(1)]);
    // The last one has nothing to get yet; it stands at the end when another one, asked later, does.
    await folder.follow({ recentEvents: 1 }).gets(1);

    replace(numbered(201, 200 + lineCount));
    full.hasRoom = () => true;
    await until(() => full.resetCount === 1);
    full.subscription.resume();
    await Promise.all([...readers, full, idle].map((reader) => reader.gets(lineCount)));
    folder.append(numbered(900, 900));
    for (const reader of [...readers, full, idle]) {
      await reader.gets(lineCount + 1);
      expect(reader.numbers).toEqual([...range(201, 200 + lineCount), 900]);
      expect(reader.resetCount).toBe(1);
    }
  });

  it('while streams read its history, gives each of them the new one whole', async () => {
    folder.append('');
    for (let turn = 0; turn < 12; turn += 1) {
      writeFileSync(folder.path(), numbered(100_000, 130_000));
      const readers = [folder.follow({ offset: 0 }), folder.follow({ recentEvents: 25_000 })];
      const slow = folder.follow({ offset: 0 });
      slow.hasRoom = () => {
        setImmediate(() => slow.subscription.resume());
        return false;
      };
      readers.push(slow);
      for (let i = 0; i < 3 * turn; i += 1) await new Promise((resolve) => setImmediate(resolve));
      replace(numbered(200_000, 200_999));
      for (const reader of readers) {
        await until(
          () => reader.numbers.at(-1) === 200_999,
          () => `${reader.numbers.at(-1)}, ${reader.resetCount} resets`,
        );
        expect(reader.numbers.slice(-1000)).toEqual(range(200_000, 200_999));
        // What it read before it noticed has been thrown away by the reset.
        if (reader.resetCount > 0) expect(reader.numbers.length).toBe(1000);
      }
      for (const reader of readers) reader.subscription.close();
      await until(async () => (await openDescriptors(folder.root)).length === 0);
    }
  });
});

describe('a file that is removed', () => {
  it('is let go of, and waited for', async () => {
    folder.append(numbered(1, 3));
    const reader = folder.follow({ recentEvents: 3 });
    await reader.gets(3);
    rmSync(folder.path());
    await until(async () => (await openDescriptors(folder.root)).length === 0);
    folder.append(numbered(11, 12));
    await until(() => reader.resetCount === 1);
    await reader.gets(2);
    expect(reader.numbers).toEqual([11, 12]);
  });

  it('is waited for though it lives on under another name', async () => {
    folder.append(numbered(1, 3));
    const reader = folder.follow({ recentEvents: 3 });
    await reader.gets(3);
    renameSync(folder.path(), `${folder.path()}.1`);
    await until(async () => (await openDescriptors(folder.root)).length === 0);
    folder.append(numbered(11, 12));
    await until(() => reader.resetCount === 1);
    await reader.gets(2);
    expect(reader.numbers).toEqual([11, 12]);
  });

  it('with its folders is waited for as well', async () => {
    folder.append(numbered(1, 3));
    const reader = folder.follow({ recentEvents: 3 });
    await reader.gets(3);
    rmSync(folder.dir, { recursive: true });
    await until(async () => (await openDescriptors(folder.root)).length === 0);
    folder.append(numbered(11, 12));
    await until(() => reader.resetCount === 1);
    await reader.gets(2);
    expect(reader.numbers).toEqual([11, 12]);
  });
});

it('a file beside it is none of its business', async () => {
  folder.append(numbered(1, 3));
  const reader = folder.follow({ recentEvents: 3 });
  await reader.gets(3);
  writeFileSync(`${dirname(folder.path())}/events.jsonl.bak`, numbered(7, 9));
  rmSync(`${dirname(folder.path())}/events.jsonl.bak`);
  folder.append(numbered(4, 4));
  await reader.gets(4);
  expect(reader.numbers).toEqual([1, 2, 3, 4]);
  expect(reader.resetCount).toBe(0);
});
