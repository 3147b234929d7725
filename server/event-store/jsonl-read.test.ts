import { afterEach, describe, expect, test } from 'vitest';
import { openDescriptors, until } from '../event-log/testing/log-folder.ts';
import { StoreFolder, timed } from './testing/store-folder.ts';
import type { EventQuery } from './types.ts';

let folder: StoreFolder;
afterEach(() => folder.remove());

/** Lines with all that a log may hold, some longer than a read of 64 KiB, and what of them is an event. */
function mixedLog(maxLineBytes: number): { text: string; events: { id: number; text: string }[] } {
  const lines = [
    '',
    '{"n":1}',
    '{"n":2}\r',
    'no JSON',
    '17',
    `"${'x'.repeat(200_000)}"`,
    '\r',
    '{"type":"a"}',
  ];
  for (let n = 0; n < 150; n += 1) lines.push(`{"n":${n},"filler":"${'é'.repeat((n * 37) % 2000)}"}`);
  lines.push('y'.repeat(maxLineBytes + 1), '{"n":"last"}', '');
  let id = 0;
  const events: { id: number; text: string }[] = [];
  for (const line of lines) {
    id += Buffer.byteLength(line) + 1;
    const text = line.replace(/\r+$/, '');
    if (text !== '' && Buffer.byteLength(line) <= maxLineBytes && !/^(no|y)/.test(text))
      events.push({ id, text });
  }
  return { text: `${lines.join('\n')}\n{"torn":`, events };
}

test('both directions give the lines of the file, from any place on, and as many as asked', async () => {
  folder = new StoreFolder({ maxLineBytes: 300_000 });
  const { text, events } = mixedLog(300_000);
  folder.write(text);
  expect(events.length).toBe(156);
  expect(await folder.read()).toEqual(events);
  expect(await folder.read({ direction: 'older' })).toEqual(events.toReversed());

  const ends = events.map(({ id }) => id);
  const places = [
    0,
    1,
    ...ends.slice(0, 8),
    ...ends.slice(0, 8).map((id) => id + 1),
    ...ends.slice(-4),
    1e12,
  ];
  for (const from of places) {
    const behind = events.filter(({ id }) => id > from);
    const before = events.filter(({ id }) => id < from).toReversed();
    for (const limit of [1, 3]) {
      expect(await folder.read({ from, limit }), `behind ${from}`).toEqual(behind.slice(0, limit));
      expect(await folder.read({ from, limit, direction: 'older' }), `before ${from}`).toEqual(
        before.slice(0, limit),
      );
    }
  }
});

describe('only what fits is given', () => {
  const lines = [
    '{"type":"a","at":1000}',
    '{"event_type":"b","timestamp":"1970-01-01T00:00:02Z"}',
    '{"type":"a"}',
    '[{"type":"a","at":1000}]',
    '{"type":"a","time":3000}',
  ];
  const cases: [Partial<EventQuery>, number[]][] = [
    [{ type: 'a' }, [0, 2, 4]],
    [{ type: 'b' }, [1]],
    [{ type: 'c' }, []],
    [{ sinceMs: 2000 }, [1, 4]],
    [{ untilMs: 3000 }, [0, 1]],
    [{ sinceMs: 1000, untilMs: 3000, type: 'a' }, [0]],
    [{ type: 'a', limit: 2 }, [0, 2]],
  ];
  test.each(cases)('%j', async (query, expected) => {
    folder = new StoreFolder();
    folder.write(`${lines.join('\n')}\n`);
    const found = (await folder.read(query)).map(({ text }) => lines.indexOf(text));
    expect(found).toEqual(expected);
    const { limit = 9 } = query;
    const older = await folder.read({ ...query, limit: 9, direction: 'older' });
    const inOrder = older.map(({ text }) => lines.indexOf(text)).toReversed();
    expect(inOrder.slice(0, limit)).toEqual(expected);
  });
});

test('a workflow without a log has no events, and a reader that stops early leaves nothing open', async () => {
  folder = new StoreFolder();
  expect(await folder.read()).toEqual([]);
  folder.write(timed(1, 5000));
  for await (const _ of folder.store.read('w', { limit: 100, direction: 'newer', from: null })) break;
  expect(await folder.read({ limit: 2 })).toHaveLength(2);
  if (process.platform === 'linux') await until(async () => (await openDescriptors(folder.dir)).length === 0);
});
