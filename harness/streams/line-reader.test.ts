import { describe, expect, test } from 'vitest';
import { ChunkReader } from './chunk-reader.ts';
import { maxEventBytes, maxLineBytes } from './event-reader.ts';
import { LineReader } from './line-reader.ts';
import { pushCut, pushTwo, startReading } from './testing/read-body.ts';

const lines = (options = {}) => startReading((wanted) => new LineReader(wanted), options);
const chunks = (options = {}) => startReading((wanted) => new ChunkReader(wanted), options);
const datas = ({ events }: { events: { data: string }[] }) => events.map(({ data }) => data);

describe('lines', () => {
  const text = Buffer.from('{"a":"grüße"}\n\r\n \n{"b":"🌍"}\r\n[1]\nlast');

  test('the same events however the bytes are cut; the last one needs no end', () => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      const reading = lines();
      pushTwo(reading.reader, text, cut);
      expect(datas(reading)).toEqual(['{"a":"grüße"}', '{"b":"🌍"}', '[1]']);
      expect(reading.reader.isInside).toBe(true);
      expect(reading.reader.finish()).toBeNull();
      expect(datas(reading).at(-1)).toBe('last');
      expect(reading.reader.finish()).toBeNull();
      expect(reading.events.length).toBe(4);
    }
    for (const pieceBytes of [1, 2, 3]) {
      const reading = lines();
      pushCut(reading.reader, text, pieceBytes);
      expect(datas(reading)).toEqual(['{"a":"grüße"}', '{"b":"🌍"}', '[1]']);
    }
  });

  test('it is inside from the first byte of a line to its end', () => {
    const { reader } = lines();
    expect(reader.isInside).toBe(false);
    reader.push(Buffer.from('{'));
    expect(reader.isInside).toBe(true);
    reader.push(Buffer.from('}\n'));
    expect(reader.isInside).toBe(false);
  });

  test('invalid UTF-8 is replaced, as in an event stream, however it is cut', () => {
    const bytes = Buffer.concat([Buffer.from('c3e28241f09f8cff80', 'hex'), Buffer.from('\n')]);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reading = lines();
      pushTwo(reading.reader, bytes, cut);
      expect(datas(reading)).toEqual([new TextDecoder().decode(bytes.subarray(0, -1))]);
    }
  });

  test('a line may be as long as one of an event stream, and no longer', () => {
    const fits = lines();
    pushCut(fits.reader, Buffer.from(`${'x'.repeat(maxLineBytes)}\nb\n`), 65_536);
    expect(fits.reader.failure).toBeNull();
    expect(fits.events.length).toBe(2);
    for (const end of ['', '\n']) {
      const long = lines();
      pushCut(long.reader, Buffer.from(`a\n${'x'.repeat(maxLineBytes + 1)}${end}`), maxLineBytes + 4);
      const words = `line of more than ${maxLineBytes} bytes${end === '' ? ' without an end' : ''}`;
      expect(long.reader.failure).toBe(words);
      long.reader.push(Buffer.from('\nmore\n'));
      expect(long.reader.finish()).toBe(words);
      expect(datas(long)).toEqual(['a']);
    }
  });

  test('ids are where the JSON has them, and are watched', () => {
    const reading = lines({ eventId: ['meta', 'id'] });
    const line = (id: unknown) => `${JSON.stringify({ meta: { id } })}\n`;
    reading.reader.push(Buffer.from(`${line(1)}${line('2')}no JSON\n${line({})}${line(4)}`));
    expect(reading.reader.lastEventId).toBe('4');
    expect(reading.events.map(({ id }) => id)).toEqual(['1', '2', undefined, undefined, '4']);
    expect(reading.order.gapCount).toBe(1);
  });

  test('behind a new response half a line of the last one is gone', () => {
    const reading = lines();
    reading.reader.push(Buffer.from('half'));
    reading.reader.restart();
    reading.reader.push(Buffer.from('whole\n'));
    expect(datas(reading)).toEqual(['whole']);
  });
});

describe('chunks', () => {
  test('each is an event, however it is cut; a body without chunks is one', () => {
    const bytes = Buffer.from('grüße 🌍');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reading = chunks();
      pushTwo(reading.reader, bytes, cut);
      expect(reading.reader.isInside).toBe(true);
      reading.reader.endChunk?.();
      expect(reading.reader.isInside).toBe(false);
      reading.reader.endChunk?.();
      pushTwo(reading.reader, bytes, cut);
      expect(reading.reader.finish()).toBeNull();
      expect(datas(reading)).toEqual(['grüße 🌍', 'grüße 🌍']);
    }
  });

  test('a chunk may be as long as an event, and no longer', () => {
    const fits = chunks();
    pushCut(fits.reader, Buffer.alloc(maxEventBytes), 65_536);
    fits.reader.endChunk?.();
    expect([fits.reader.failure, fits.events.length]).toEqual([null, 1]);
    const long = chunks();
    pushCut(long.reader, Buffer.alloc(maxEventBytes + 1), 65_536);
    expect(long.reader.failure).toBe(`chunk of more than ${maxEventBytes} bytes`);
    long.reader.push(Buffer.from('more'));
    long.reader.endChunk?.();
    expect([long.reader.finish(), long.events]).toEqual([long.reader.failure, []]);
  });

  test('ids, and a new response', () => {
    const reading = chunks({ eventId: ['id'] });
    for (const id of [1, 2, 4]) {
      reading.reader.push(Buffer.from(JSON.stringify({ id })));
      reading.reader.endChunk?.();
    }
    expect(reading.reader.lastEventId).toBe('4');
    expect(reading.order.gapCount).toBe(1);
    reading.reader.push(Buffer.from('half'));
    reading.reader.restart();
    expect(reading.reader.finish()).toBeNull();
    expect(reading.events.length).toBe(3);
  });
});

test.each([
  ['a line', () => lines()],
  ['a chunk', () => chunks()],
])('%s that comes byte by byte takes little more memory than its bytes', (_what, start) => {
  const { reader } = start();
  const bytes = Buffer.alloc(512 * 1024, 'x');
  globalThis.gc?.();
  const before = process.memoryUsage();
  pushCut(reader, bytes, 1);
  globalThis.gc?.();
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  // A list of its bytes took 50 MB and more.
  expect(grown).toBeLessThan(24 * 1024 * 1024);
  expect(reader.isInside).toBe(true);
});
