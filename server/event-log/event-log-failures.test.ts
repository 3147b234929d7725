import { execFile } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFolder, numbered, openDescriptors, range, until } from './testing/log-folder.ts';

let folder: LogFolder;
beforeEach(() => {
  folder = new LogFolder({ pollMs: 10 });
});
afterEach(() => folder.remove());

const warnings = () => folder.logged.filter((entry) => entry.level === 40);

describe('what cannot be followed', () => {
  it.each<[string, () => void, () => void]>([
    ['a folder', () => mkdirSync(folder.path(), { recursive: true }), () => rmdirSync(folder.path())],
    [
      'a link to itself',
      () => {
        mkdirSync(`${folder.dir}/w`, { recursive: true });
        symlinkSync('events.jsonl', folder.path());
      },
      () => unlinkSync(folder.path()),
    ],
    [
      'below a file',
      () => {
        mkdirSync(folder.dir, { recursive: true });
        writeFileSync(`${folder.dir}/w`, '');
      },
      () => unlinkSync(`${folder.dir}/w`),
    ],
  ])('because it is %s, is told once and tried again', async (_what, make, remove) => {
    make();
    const reader = folder.follow({ recentEvents: 10 });
    await until(() => warnings().length > 0);
    const told = warnings().length;
    // Many polls: another workflow comes and goes meanwhile.
    for (let n = 1; n <= 20; n += 1) {
      folder.append(numbered(n, n), 'other');
      const other = folder.follow({ recentEvents: 1 }, 'other');
      await other.gets(1);
      other.subscription.close();
    }
    remove();
    folder.append(numbered(1, 3));
    await reader.gets(3);
    expect(reader.numbers).toEqual([1, 2, 3]);
    expect(warnings().length).toBeLessThanOrEqual(told + 1);
    expect(new Set(warnings().map((entry) => entry.msg)).size).toBe(warnings().length);
  });

  it.skipIf(process.platform === 'win32')(
    'for want of descriptors, is told once and tried again',
    async () => {
      folder.append(numbered(1, 3));
      const script = fileURLToPath(new URL('testing/out-of-descriptors.ts', import.meta.url));
      const command = 'ulimit -n 64; exec "$0" "$@"';
      const { stdout } = await promisify(execFile)(
        'sh',
        ['-c', command, process.execPath, script, folder.dir],
        {
          timeout: 30_000,
        },
      );
      const result = JSON.parse(stdout);
      expect(result.takenCount).toBeGreaterThan(10);
      expect(result).toMatchObject({ eventCountWithout: 0, eventCount: 3 });
      const opening = result.warned.filter((message: string) => message.startsWith('cannot open'));
      expect(opening.length).toBe(1);
      expect(result.warned.length).toBeLessThanOrEqual(2);
    },
  );
});

describe('where nothing tells of a change, the poll finds', () => {
  it('a file that came into being behind a dangling link', async () => {
    mkdirSync(`${folder.dir}/.store`, { recursive: true });
    symlinkSync(`${folder.dir}/.store/elsewhere`, `${folder.dir}/w`);
    const reader = folder.follow({ recentEvents: 10 });
    // Nothing happens in the folder that is watched.
    mkdirSync(`${folder.dir}/.store/elsewhere`);
    writeFileSync(`${folder.dir}/.store/elsewhere/events.jsonl`, numbered(1, 3));
    await reader.gets(3);
    writeFileSync(`${folder.dir}/.store/elsewhere/events.jsonl`, numbered(4, 4), { flag: 'a' });
    await reader.gets(4);
    expect(reader.numbers).toEqual([1, 2, 3, 4]);
  });

  it('that a folder above the file was put in the place of another', async () => {
    folder.append(numbered(1, 3));
    const reader = folder.follow({ recentEvents: 3 });
    await reader.gets(3);
    renameSync(folder.dir, `${folder.dir}.old`);
    folder.append(numbered(11, 12));
    await until(() => reader.resetCount === 1);
    await reader.gets(2);
    expect(reader.numbers).toEqual([11, 12]);
  });
});

describe('a stream that throws', () => {
  it('loses its subscription, and no other one notices', async () => {
    folder.append(numbered(1, 1));
    const bad = folder.follow({ recentEvents: 1 });
    const good = folder.follow({ recentEvents: 1 });
    await Promise.all([bad.gets(1), good.gets(1)]);
    bad.hasRoom = () => {
      throw new Error('planted');
    };
    folder.append(numbered(2, 2));
    await good.gets(2);
    folder.append(numbered(3, 3));
    await good.gets(3);
    expect(good.numbers).toEqual(range(1, 3));
    expect(bad.numbers).toEqual([1, 2]);
    expect(warnings()).toMatchObject([{ workflowId: 'w', err: { message: 'planted' } }]);
    good.subscription.close();
    expect(folder.log.openTailCount).toBe(0);
  });

  it('on its history leaves no tail behind', async () => {
    folder.append(numbered(1, 1));
    const bad = folder.follow({ recentEvents: 1 });
    bad.hasRoom = () => {
      throw new Error('planted');
    };
    await until(() => folder.log.openTailCount === 0);
    if (process.platform === 'linux') {
      await until(async () => (await openDescriptors(folder.root)).length === 0);
    }
  });
});
