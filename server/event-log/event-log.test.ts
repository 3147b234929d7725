import { mkdirSync, truncateSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFolder, logKinds, numbered, range, until } from './testing/log-folder.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

describe.each(logKinds)('%s:', (kind) => {
  /** Of the tail of files alone. */
  const itOfFiles = it.runIf(kind === 'jsonl');

  let folder: LogFolder;
  beforeEach(() => {
    // No poll of files within a test: what arrives was told by file notification.
    folder = new LogFolder({ kind, pollMs: 600_000 });
  });
  afterEach(() => folder.remove());

  describe('a stream starts', () => {
    it.each([1, 7, 20, 1000])('with the last %i of 20 events, then new ones', async (recentEvents) => {
      folder.append(numbered(1, 20));
      const reader = folder.follow({ recentEvents });
      const firstNumber = Math.max(1, 21 - recentEvents);
      await reader.gets(21 - firstNumber);
      folder.append(numbered(21, 22));
      await reader.gets(23 - firstNumber);
      expect(reader.numbers).toEqual(range(firstNumber, 22));
      expect(reader.resetCount).toBe(0);
    });

    it('with no event at all where none is asked for', async () => {
      folder.append(numbered(1, 20));
      const other = folder.follow({ recentEvents: 1 });
      const reader = folder.follow({ recentEvents: 0 });
      await other.gets(1);
      for (let n = 21; reader.events.length === 0; n += 1) {
        folder.append(numbered(n, n));
        await other.gets(n - 19);
      }
      expect(reader.numbers[0]).toBeGreaterThan(20);
      expect(reader.events).toEqual(other.events.slice(-reader.events.length));
    });

    it('with a history of several chunks', async () => {
      folder.append(numbered(1, 60_000));
      const reader = folder.follow({ recentEvents: 30_000 });
      await reader.gets(30_000);
      expect(reader.numbers).toEqual(range(30_001, 60_000));
    });

    it('behind any event that another one got, with no gap and no duplicate', async () => {
      folder.append('{"a":"grüße"}\r\n\nnot json\n{"b":"世界"}\n\n{"c":"🌊"}\nx\n');
      const whole = folder.follow({ offset: 0 });
      await whole.gets(3);
      const resumed = [0, ...whole.ids].map((offset) => folder.follow({ offset }));
      folder.append('{"d":1}\n{"e":1}\n');
      await whole.gets(5);
      for (const [index, reader] of resumed.entries()) {
        await reader.gets(5 - index);
        expect(reader.events).toEqual(whole.events.slice(index));
        expect(reader.resetCount).toBe(0);
      }
    });

    it.each([
      ['beyond the end', 1000],
      ['inside a line', 3],
      ['in front of a newline', 7],
      ['at no whole byte', 1.5],
      ['in front of the file', -1],
      ['nowhere', Number.NaN],
    ])('anew when its offset lies %s', async (_where, offset) => {
      folder.append(numbered(1, 3));
      const reader = folder.follow({ offset });
      await reader.gets(3);
      folder.append(numbered(4, 4));
      await reader.gets(4);
      expect(reader.numbers).toEqual([1, 2, 3, 4]);
      expect(reader.resetCount).toBe(1);
    });
  });

  describe('a file that is missing', () => {
    /** Waits until another log has found a file and followed it: the one under test, asked before, has looked by then. */
    async function hasLooked(): Promise<void> {
      const other = new LogFolder();
      try {
        other.append(numbered(1, 1));
        const bystander = other.follow({ recentEvents: 1 });
        await bystander.gets(1);
        other.append(numbered(2, 2));
        await bystander.gets(2);
      } finally {
        await other.remove();
      }
    }

    it('is waited for, whichever folders are missing too', async () => {
      const recent = folder.follow({ recentEvents: 2 });
      const fromStart = folder.follow({ offset: 0 });
      const elsewhere = folder.follow({ offset: 8 });
      const misfit = folder.follow({ offset: 5 });
      await hasLooked();
      folder.append(numbered(1, 5));
      await Promise.all([recent.gets(5), fromStart.gets(5), elsewhere.gets(4), misfit.gets(5)]);
      // They were there before the first event: none of these is history to them.
      expect(recent.numbers).toEqual([1, 2, 3, 4, 5]);
      expect(fromStart.numbers).toEqual([1, 2, 3, 4, 5]);
      expect(elsewhere.numbers).toEqual([2, 3, 4, 5]);
      expect(misfit.numbers).toEqual([1, 2, 3, 4, 5]);
      expect([recent, fromStart, elsewhere, misfit].map((reader) => reader.resetCount)).toEqual([0, 0, 0, 1]);
    });

    itOfFiles('is found when its folders come one at a time', async () => {
      const reader = folder.follow({ recentEvents: 2 });
      for (const path of ['state', 'state/agents', 'state/agents/w']) {
        await hasLooked();
        mkdirSync(`${folder.root}/${path}`);
      }
      await hasLooked();
      folder.append(numbered(1, 1));
      await reader.gets(1);
    });

    it('may be empty at first', async () => {
      folder.append('');
      const reader = folder.follow({ recentEvents: 5 });
      folder.append(numbered(1, 2));
      await reader.gets(2);
      folder.append(numbered(3, 3));
      await reader.gets(3);
      expect(reader.numbers).toEqual([1, 2, 3]);
    });
  });

  describe('a line', () => {
    it('is sent as it came in, once its newline has come', async () => {
      const lines = ['{ "b" : 1.0 , "a":"\\u00fc" }', '{"text":"grüße, 世界 🌊"}', '"last"'];
      const bytes = Buffer.from(`${lines.join('\r\n')}\n`);
      folder.append('0\n');
      const reader = folder.follow({ recentEvents: 1 });
      await reader.gets(1);
      let expected = 1;
      for (const byte of bytes) {
        folder.append(Buffer.from([byte]));
        if (byte !== 0x0a) continue;
        expected += 1;
        await reader.gets(expected);
      }
      expect(reader.data).toEqual(['0', ...lines]);
      expect(folder.logged).toEqual([]);
    });

    it('that is torn when a stream starts comes whole, to this one and to the next', async () => {
      folder.append('1\n{"to');
      const first = folder.follow({ recentEvents: 5 });
      await first.gets(1);
      const second = folder.follow({ recentEvents: 5 });
      await second.gets(1);
      folder.append('rn":1}\n3\n');
      await Promise.all([first.gets(3), second.gets(3)]);
      expect(first.data).toEqual(['1', '{"torn":1}', '3']);
      expect(second.data).toEqual(first.data);
    });

    it('may have characters across every border between two reads', async () => {
      // Lines of 4-byte characters, shifted against the chunk by lines of growing length.
      let text = '';
      for (let n = 0; text.length < 300 * KiB; n += 1)
        text += `{"n":"${'x'.repeat(n % 7)}${'🌊'.repeat(50)}"}\n`;
      const lines = text.trimEnd().split('\n');
      folder.append('0\n');
      const live = folder.follow({ recentEvents: 1 });
      await live.gets(1);
      folder.append(text);
      await live.gets(1 + lines.length);
      const late = folder.follow({ offset: 0 });
      await late.gets(1 + lines.length);
      expect(live.data).toEqual(['0', ...lines]);
      expect(late.events).toEqual(live.events);
    });

    itOfFiles('that is not JSON is skipped, and told once a file', async () => {
      folder.append('{"a":1}\n{"a":\n');
      const reader = folder.follow({ recentEvents: 10 });
      await reader.gets(1);
      folder.append('oops\n{"a":2}\nno\n{"a":3}\n');
      await reader.gets(3);
      expect(reader.data).toEqual(['{"a":1}', '{"a":2}', '{"a":3}']);
      expect(folder.logged).toMatchObject([
        { level: 40, workflowId: 'w', reason: 'not JSON', lineOffset: 8 },
      ]);
      reader.subscription.close();
      expect(folder.logged[1]).toMatchObject({ level: 30, workflowId: 'w', skippedLineCount: 3 });
      expect(folder.logged.length).toBe(2);
    });

    itOfFiles('that is not JSON is passed by the tail for all its streams', async () => {
      folder.append('1\n');
      const readers = Array.from({ length: 5 }, () => folder.follow({ recentEvents: 1 }));
      await Promise.all(readers.map((reader) => reader.gets(1)));
      folder.append('oops\n');
      await until(() => folder.logged.length === 1);
      folder.append('2\n');
      await Promise.all(readers.map((reader) => reader.gets(2)));
      await folder.log.close();
      expect(folder.logged[1]).toMatchObject({ skippedLineCount: 1 });
    });

    it('of 1 MiB is sent, and a longer one is skipped, live and as history', async () => {
      const longest = `"${'x'.repeat(MiB - 2)}"`;
      folder.append('0\n');
      const live = folder.follow({ recentEvents: 1 });
      await live.gets(1);
      folder.append(`1\n${longest}\n"x${longest}\n2\n`);
      await live.gets(4);
      expect(live.data.map((data) => data.length)).toEqual([1, 1, MiB, 1]);
      // What is not in the store cannot be told by it.
      const told = [{ level: 40, reason: 'too long', lineOffset: 5 + MiB }];
      expect(folder.logged).toMatchObject(kind === 'jsonl' ? told : []);
      const late = folder.follow({ recentEvents: 5 });
      await late.gets(4);
      expect(late.ids).toEqual(live.ids);
    });

    it('without end does not hide what comes after it', async () => {
      folder.append('0\n');
      const reader = folder.follow({ recentEvents: 1 });
      await reader.gets(1);
      // 64 MiB of nothing, in a file that takes no space.
      truncateSync(folder.path(), 64 * MiB);
      folder.append('\n1\n');
      await reader.gets(2);
      expect(reader.events[1]).toEqual({ id: 64 * MiB + 3, data: '1' });
    });
  });
});
