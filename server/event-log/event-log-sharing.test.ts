import { createHook } from 'node:async_hooks';
import { closeSync, openSync, truncateSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bytesReadSoFar,
  LogFolder,
  logKinds,
  numbered,
  openDescriptors,
  range,
  until,
  watchCount,
} from './testing/log-folder.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Descriptors, watches and bytes read are taken from /proc. */
const itOnLinux = it.skipIf(process.platform !== 'linux');

describe.each(logKinds)('%s:', (kind) => {
  const itOfFiles = it.runIf(process.platform === 'linux' && kind === 'jsonl');
  let folder: LogFolder;
  beforeEach(() => {
    folder = new LogFolder({ kind });
  });
  afterEach(() => folder.remove());

  describe('the streams of a workflow', () => {
    itOfFiles('share one descriptor, one watch, each read and each encoded batch', async () => {
      const watchesBefore = await watchCount();
      folder.append(numbered(1, 3));
      const readers = Array.from({ length: 1000 }, () => folder.follow({ recentEvents: 2 }));
      await Promise.all(readers.map((reader) => reader.gets(2)));
      expect(await openDescriptors(folder.root)).toEqual([folder.path()]);
      expect((await watchCount()) - watchesBefore).toBe(1);
      expect(folder.log.openTailCount).toBe(1);

      // All stand at the end once each has got this one.
      folder.append(numbered(4, 4));
      await Promise.all(readers.map((reader) => reader.gets(3)));
      const readBefore = await bytesReadSoFar();
      const text = range(5, 154).map((n) => `{"n":${n},"filler":"${'x'.repeat(400)}"}\n`);
      folder.append(text.join(''));
      await Promise.all(readers.map((reader) => reader.gets(153)));
      // A read for each of the thousand would be 60 MB.
      expect((await bytesReadSoFar()) - readBefore).toBeLessThan(3 * MiB);
      const [first] = readers;
      for (const reader of readers) {
        for (const [index, batch] of (first?.batches ?? []).entries()) {
          if (index > 0) expect(reader.batches[index]).toBe(batch);
        }
        expect(reader.batches.length).toBe(first?.batches.length);
      }
      expect(first?.numbers).toEqual(range(2, 154));
    });

    it('do not share with those of another workflow', async () => {
      folder.append(numbered(1, 2), 'a');
      folder.append(numbered(3, 4), 'b');
      const a = folder.follow({ recentEvents: 5 }, 'a');
      const b = folder.follow({ recentEvents: 5 }, 'b');
      await Promise.all([a.gets(2), b.gets(2)]);
      expect(folder.log.openTailCount).toBe(2);
      expect([a.numbers, b.numbers]).toEqual([range(1, 2), range(3, 4)]);
      a.subscription.close();
      expect(folder.log.openTailCount).toBe(1);
      folder.append(numbered(5, 5), 'b');
      await b.gets(3);
    });

    itOfFiles('start as cheaply in a file of 1 GB as in a small one', async () => {
      const small = numbered(100_000, 102_000);
      folder.append('', 'large');
      truncateSync(folder.path('large'), 1e9);
      folder.append(`\n${small}`, 'large');
      folder.append(small, 'small');
      const costs: number[] = [];
      for (const workflowId of ['small', 'large']) {
        const before = await bytesReadSoFar();
        const reader = folder.follow({ recentEvents: 1000 }, workflowId);
        await reader.gets(1000);
        expect(reader.numbers).toEqual(range(101_001, 102_000));
        costs.push((await bytesReadSoFar()) - before);
      }
      for (const cost of costs) expect(cost).toBeLessThan(1 * MiB);
    });
  });

  describe('when its last subscription closes, a workflow', () => {
    itOfFiles('leaves nothing behind', async () => {
      const watchesBefore = await watchCount();
      folder.append(numbered(1, 3));
      const readers = Array.from({ length: 5 }, () => folder.follow({ recentEvents: 2 }));
      await Promise.all(readers.map((reader) => reader.gets(2)));
      for (const reader of readers.slice(1)) reader.subscription.close();
      expect(folder.log.openTailCount).toBe(1);
      expect(await openDescriptors(folder.root)).toEqual([folder.path()]);
      for (const reader of readers) reader.subscription.close();
      for (const reader of readers) reader.subscription.close();
      expect(folder.log.openTailCount).toBe(0);
      await until(async () => (await openDescriptors(folder.root)).length === 0);
      expect(await watchCount()).toBe(watchesBefore);
    });

    itOfFiles('leaves nothing behind, at whatever moment that is', async () => {
      const watchesBefore = await watchCount();
      folder.append(numbered(1, 20_000));
      for (let turn = 0; turn < 200; turn += 1) {
        const workflowId = turn % 4 === 0 ? 'missing' : 'w';
        const reader = folder.follow({ recentEvents: 15_000 }, workflowId);
        // From none to twenty turns of the event loop later: before the open, inside reads, between them.
        for (let i = 0; i < turn % 21; i += 1) await new Promise((resolve) => setImmediate(resolve));
        const countAtClose = reader.events.length;
        reader.subscription.close();
        reader.subscription.resume();
        expect(folder.log.openTailCount).toBe(0);
        reader.hasRoom = () => {
          throw new Error('called after close');
        };
        expect(reader.events.length).toBe(countAtClose);
      }
      await until(async () => (await openDescriptors(folder.root)).length === 0);
      expect(await watchCount()).toBe(watchesBefore);
      expect(folder.logged).toEqual([]);
    });

    it('stops the poll, which is one for all workflows', async () => {
      const timers = new Set<number>();
      let isFollowing = true; // `until` has timers of its own
      const hook = createHook({
        init: (id, type) => void (isFollowing && type === 'Timeout' && timers.add(id)),
        destroy: (id) => void timers.delete(id),
      }).enable();
      try {
        const readers = range(1, 100).map((n) => folder.follow({ recentEvents: 1 }, `w${n}`));
        isFollowing = false;
        expect(timers.size).toBe(1);
        for (const reader of readers) reader.subscription.close();
        await until(() => timers.size === 0);
      } finally {
        hook.disable();
      }
    });

    it('starts afresh with the next one', async () => {
      for (let turn = 1; turn <= 5; turn += 1) {
        folder.append(numbered(turn, turn));
        const reader = folder.follow({ recentEvents: 1 });
        await reader.gets(1);
        expect(reader.numbers).toEqual([turn]);
        reader.subscription.close();
      }
    });
  });

  describe('close', () => {
    it('ends every tail, and later subscriptions get nothing', async () => {
      folder.append(numbered(1, 1), 'a');
      const a = folder.follow({ recentEvents: 1 }, 'a');
      const b = folder.follow({ recentEvents: 1 }, 'b');
      await a.gets(1);
      await folder.log.close();
      expect(folder.log.openTailCount).toBe(0);
      if (process.platform === 'linux' && kind === 'jsonl')
        expect(await openDescriptors(folder.root)).toEqual([]);
      const late = folder.follow({ recentEvents: 1 }, 'a');
      expect(folder.log.openTailCount).toBe(0);
      for (const reader of [a, b, late]) {
        reader.subscription.resume();
        reader.subscription.close();
      }
      await folder.log.close();
    });

    const starts = [{ offset: 0 }, { recentEvents: 25_000 }];
    it.each(starts)('during a delivery stops it, from %j', async (startAt) => {
      // Tiny lines: this chunk makes several batches.
      folder.append('1\n'.repeat(30_000));
      const reader = folder.follow(startAt);
      let closed: Promise<void> | undefined;
      reader.hasRoom = () => {
        closed = folder.log.close();
        return true;
      };
      await until(() => closed !== undefined);
      await closed;
      await new Promise((resolve) => setImmediate(resolve));
      expect(reader.batches.length).toBe(1);
      expect(folder.logged).toEqual([]);
    });
  });
});

itOnLinux('the check of descriptors sees one that is left open', async () => {
  const folder = new LogFolder();
  folder.append('');
  const fd = openSync(folder.path(), 'r+');
  expect(await openDescriptors(folder.root)).toEqual([folder.path()]);
  closeSync(fd);
  expect(await openDescriptors(folder.root)).toEqual([]);
  await folder.remove();
});
