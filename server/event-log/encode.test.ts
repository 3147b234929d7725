import { expect, it } from 'vitest';
import { encodeLogEvents, logEvent } from './encode.ts';
import { decodeEvents } from './testing/log-folder.ts';

const encode = (line: Buffer, endOffset: number) => encodeLogEvents([logEvent(line, endOffset)]);

it('puts the offset and the line, byte by byte, into one event', () => {
  const line = Buffer.from('{"text":"grüße, 世界 🌊","n":1.0}');
  const expected = Buffer.concat([Buffer.from('id: 4711\ndata: '), line, Buffer.from('\n\n')]);
  expect(encode(line, 4711)).toEqual(expected);
});

it('keeps a leading space of the line', () => {
  expect(encode(Buffer.from(' {}'), 4).toString()).toBe('id: 4\ndata:  {}\n\n');
});

it('loses nothing behind a carriage return within the line', () => {
  const bytes = encode(Buffer.from('{"a":1,\r"ü":2}'), 16);
  const [event] = decodeEvents(bytes);
  expect(JSON.parse(event?.data ?? '')).toEqual({ a: 1, ü: 2 });
});
