import { truncateSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bytesReadSoFar,
  LogFolder,
  logKinds,
  numbered,
  type Reader,
  range,
  until,
} from './testing/log-folder.ts';

const KiB = 1024;
const isLinux = process.platform === 'linux';

function wide(from: number, to: number): string {
  return range(from, to)
    .map((n) => `{"n":${n},"filler":"${'x'.repeat(500)}"}\n`)
    .join('');
}

/** Mulberry32: a small generator of numbers in [0, 1) that repeats itself from its seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lines of all kinds, as bytes, and the data of those that are to be sent. */
function randomLines(random: () => number, count: number): { bytes: Buffer; sent: string[] } {
  const sent: string[] = [];
  let text = '';
  for (let n = 0; n < count; n += 1) {
    const kind = random();
    if (kind < 0.05) text += kind < 0.025 ? '\n' : '\r\n';
    else if (kind < 0.1) text += `{"n":${n}\n`;
    else if (kind < 0.11) text += `"${'long'.repeat(20 * KiB)}"\n`;
    else {
      const width = kind > 0.98 ? 30 * KiB : 300 * random();
      const line = `{"n":${n},"filler":"${'x🌊ü'.repeat(width / 7)}"}`;
      text += kind < 0.3 ? `${line}\r\n` : `${line}\n`;
      sent.push(line);
    }
  }
  return { bytes: Buffer.from(text), sent };
}

describe.each(logKinds)('%s:', (kind) => {
  const readsFiles = isLinux && kind === 'jsonl';
  let folder: LogFolder;
  beforeEach(() => {
    folder = new LogFolder({ kind, pollMs: 600_000 });
  });
  afterEach(() => folder.remove());

  describe('a stream that is full', () => {
    it('gets nothing more until it resumes, then each event once, while another one stays live', async () => {
      folder.append(wide(1, 1));
      const live = folder.follow({ recentEvents: 1 });
      const full = folder.follow({ recentEvents: 1 });
      full.hasRoom = () => false;
      await Promise.all([live.gets(1), full.gets(1)]);
      for (let n = 2; n <= 1000; n += 100) {
        folder.append(wide(n, n + 99));
        await live.gets(n + 99);
      }
      expect(full.numbers).toEqual([1]);
      full.subscription.resume();
      // One batch, then it is full again.
      await until(() => full.batches.length === 2);
      folder.append(wide(1002, 1002));
      await live.gets(1002);
      expect(full.batches.length).toBe(2);
      full.hasRoom = () => true;
      full.subscription.resume();
      await full.gets(1002);
      folder.append(wide(1003, 1003));
      await Promise.all([live.gets(1003), full.gets(1003)]);
      expect(live.numbers).toEqual(range(1, 1003));
      expect(full.events).toEqual(live.events);
      // They share batches again.
      expect(full.batches.at(-1)).toBe(live.batches.at(-1));
    });

    it('alone on its workflow holds up the reading, and costs no second read', async () => {
      folder.append(wide(1, 1));
      const reader = folder.follow({ recentEvents: 1 });
      await reader.gets(1);
      reader.hasRoom = () => {
        setImmediate(() => reader.subscription.resume());
        return false;
      };
      const text = wide(2, 16_000);
      const before = readsFiles ? await bytesReadSoFar() : 0;
      folder.append(text);
      await reader.gets(16_000);
      expect(reader.numbers).toEqual(range(1, 16_000));
      if (readsFiles) expect((await bytesReadSoFar()) - before).toBeLessThan(1.5 * text.length);
    });

    it('does not keep a new stream from the end of the file', async () => {
      folder.append(wide(1, 1));
      const full = folder.follow({ recentEvents: 1 });
      full.hasRoom = () => false;
      await full.gets(1);
      folder.append(wide(2, 3000));
      const late = folder.follow({ recentEvents: 3 });
      await late.gets(3);
      folder.append(wide(3001, 3001));
      await late.gets(4);
      expect(late.numbers).toEqual(range(2998, 3001));
      full.hasRoom = () => true;
      full.subscription.resume();
      await full.gets(3001);
      expect(full.numbers).toEqual(range(1, 3001));
    });

    it.runIf(readsFiles)('does not make a new one read what lies between them', async () => {
      folder.append(numbered(1, 1));
      const full = folder.follow({ recentEvents: 1 });
      full.hasRoom = () => false;
      await full.gets(1);
      truncateSync(folder.path(), 1e9);
      folder.append(`\n${numbered(2, 9)}`);
      const before = await bytesReadSoFar();
      const late = folder.follow({ recentEvents: 3 });
      await late.gets(3);
      folder.append(numbered(10, 10));
      await late.gets(4);
      expect(late.numbers).toEqual([7, 8, 9, 10]);
      expect((await bytesReadSoFar()) - before).toBeLessThan(1024 * KiB);
    });

    it('and another one ahead of it by less than the tail waits for, both come to the end', async () => {
      folder.append(wide(1, 1));
      const full = folder.follow({ recentEvents: 1 });
      full.hasRoom = () => false;
      await full.gets(1);
      folder.append(wide(2, 200));
      const late = folder.follow({ recentEvents: 3 });
      await late.gets(3);
      folder.append(wide(201, 201));
      await late.gets(4);
      expect(late.numbers).toEqual(range(198, 201));
      full.hasRoom = () => true;
      full.subscription.resume();
      await full.gets(201);
      expect(full.numbers).toEqual(range(1, 201));
    });

    it('may resume, and wake others, inside of deliver', async () => {
      folder.append(numbered(1, 1));
      const readers = Array.from({ length: 3 }, () => folder.follow({ recentEvents: 1 }));
      for (const reader of readers) {
        reader.hasRoom = () => {
          for (const other of readers) other.subscription.resume();
          return false;
        };
      }
      await Promise.all(readers.map((reader) => reader.gets(1)));
      for (let n = 2; n <= 200; n += 1) {
        folder.append(numbered(n, n));
        if (n % 20 === 0) await Promise.all(readers.map((reader) => reader.gets(n)));
      }
      for (const reader of readers) expect(reader.numbers).toEqual(range(1, 200));
    });

    it('and is resumed while the tail hands out, gets each event once', async () => {
      folder.append(numbered(1, 1));
      const waker = folder.follow({ recentEvents: 1 });
      const full = folder.follow({ recentEvents: 1 });
      await Promise.all([waker.gets(1), full.gets(1)]);
      full.hasRoom = () => false;
      waker.hasRoom = () => {
        full.subscription.resume();
        return true;
      };
      for (let n = 2; n <= 50; n += 1) {
        folder.append(numbered(n, n));
        await Promise.all([waker.gets(n), full.gets(n)]);
      }
      expect(waker.numbers).toEqual(range(1, 50));
      expect(full.numbers).toEqual(range(1, 50));
    });

    it('may close itself, another one, and open a new one inside of deliver', async () => {
      folder.append(numbered(1, 1));
      const first = folder.follow({ recentEvents: 1 });
      const second = folder.follow({ recentEvents: 1 });
      await Promise.all([first.gets(1), second.gets(1)]);
      let third: Reader | undefined;
      first.hasRoom = () => {
        first.subscription.close();
        second.subscription.close();
        third = folder.follow({ offset: 8 });
        return true;
      };
      folder.append(numbered(2, 2));
      await until(() => third !== undefined);
      await third?.gets(1);
      folder.append(numbered(3, 3));
      await third?.gets(2);
      expect([first.numbers, second.numbers, third?.numbers]).toEqual([[1, 2], [1], [2, 3]]);
      expect(folder.log.openTailCount).toBe(1);
    });
  });

  // Each append is an import there, so each seed takes longer.
  it.each(kind === 'jsonl' ? [1, 2, 3, 4, 5, 6] : [1, 2])(
    'whatever happens, each stream gets every event once (seed %i)',
    async (seed) => {
      const random = generator(seed);
      const skipping = new LogFolder({ kind, pollMs: 600_000, maxLineBytes: 64 * KiB });
      try {
        const { bytes, sent } = randomLines(random, 3000);
        skipping.append(bytes.subarray(0, 100_000));
        const readers: Reader[] = [];
        const start = () => {
          // From the start, or behind an event that a stream already has.
          const known = readers[Math.floor(random() * readers.length)]?.ids ?? [];
          const offset = known[Math.floor(random() * known.length)] ?? 0;
          const reader = skipping.follow({ offset });
          readers.push(reader);
          reader.hasRoom = () => {
            const chance = random();
            if (chance < 0.3) return true;
            const resume = () => {
              reader.subscription.resume();
              if (random() < 0.2) reader.subscription.resume();
            };
            if (chance < 0.4) resume();
            else if (chance < 0.7) setImmediate(resume);
            else setTimeout(resume, random() * 10);
            return false;
          };
        };
        for (let i = 0; i < 4; i += 1) start();
        for (let at = 100_000; at < bytes.length; ) {
          const length = Math.floor(random() ** 3 * 200 * KiB) + 1;
          skipping.append(bytes.subarray(at, at + length));
          at += length;
          if (readers.length < 8 && random() < 0.2) start();
          if (random() < 0.7) await new Promise((resolve) => setTimeout(resolve, random() * 5));
        }
        for (const reader of readers) {
          await until(
            () => reader.data.at(-1) === sent.at(-1),
            () => reader.events.length,
          );
          expect(reader.resetCount).toBe(0);
          expect(reader.data.length).toBe(new Set(reader.ids).size);
          expect(reader.data).toEqual(sent.slice(-reader.data.length));
        }
        expect(readers[0]?.data.length).toBe(sent.length);
      } finally {
        await skipping.remove();
      }
    },
  );
});
