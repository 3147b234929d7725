import { expect, test } from 'vitest';
import { encodeLogEvents, logEvent } from '../event-log/encode.ts';
import type { EventBatch } from '../event-log/types.ts';
import { webSocketEncoder } from './messages.ts';

function batchOf(lines: readonly string[]): EventBatch {
  const events = lines.map((line, n) => logEvent(Buffer.from(line), (n + 1) * 10));
  return { bytes: encodeLogEvents(events), eventCount: lines.length, endOffset: lines.length * 10 };
}

/** Reads frames as RFC 6455, section 5.2, has them; rejects what a server may not send. */
function payloadsOf(frames: Buffer): string[] {
  const payloads: string[] = [];
  for (let at = 0; at < frames.length; ) {
    expect(frames[at]).toBe(0x81);
    const short = frames.readUInt8(at + 1);
    const [length, headBytes] =
      short < 126
        ? [short, 2]
        : short === 126
          ? [frames.readUInt16BE(at + 2), 4]
          : [Number(frames.readBigUInt64BE(at + 2)), 10];
    payloads.push(frames.toString('utf8', at + headBytes, at + headBytes + length));
    at += headBytes + length;
  }
  return payloads;
}

test('each event is one text message with its id and its line as it is', () => {
  const lines = ['{"n":1}', '"ü €"', '[1,\t2]', '3'];
  expect(payloadsOf(webSocketEncoder.events(batchOf(lines)))).toEqual(
    lines.map((line, n) => `{"id":${(n + 1) * 10},"event":${line}}`),
  );
});

test.each([106, 107, 108, 109, 65_516, 65_517, 65_518, 65_519, 70_000])(
  'a line of %i bytes has a head that fits',
  (length) => {
    const line = `"${'x'.repeat(length - 2)}"`;
    const payloads = payloadsOf(webSocketEncoder.events(batchOf([line, '1', line])));
    expect(payloads).toEqual([
      `{"id":10,"event":${line}}`,
      '{"id":20,"event":1}',
      `{"id":30,"event":${line}}`,
    ]);
  },
);

test('a carriage return between tokens stays white space', () => {
  const [payload = ''] = payloadsOf(webSocketEncoder.events(batchOf(['{"a":\r1,\r\r"b":2}'])));
  expect(JSON.parse(payload)).toEqual({ id: 10, event: { a: 1, b: 2 } });
});

test('a batch is encoded once, however many streams get it', () => {
  const batch = batchOf(['1', '2']);
  expect(webSocketEncoder.events(batch)).toBe(webSocketEncoder.events(batch));
  expect(webSocketEncoder.events(batchOf(['1', '2']))).not.toBe(webSocketEncoder.events(batch));
});
