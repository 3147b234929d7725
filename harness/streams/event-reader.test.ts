import type { EventSourceMessage } from 'eventsource-parser';
import { expect, test } from 'vitest';
import { EventOrder } from './event-order.ts';
import { EventReader, maxEventBytes, maxLineBytes } from './event-reader.ts';

function read(input: string | Buffer, pieceBytes = Infinity) {
  const order = new EventOrder();
  const events: EventSourceMessage[] = [];
  const reader = new EventReader({ order, onEvent: (event) => events.push(event) });
  const bytes = Buffer.from(input);
  const step = Math.min(pieceBytes, bytes.length);
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  return { reader, order, events };
}

test('the same events however the bytes are cut', () => {
  const text =
    '\uFEFF: hello\r\nid: a-long-id-of-many-letters-ü\ndata: grüße\ndata:🌍\n\nevent: x\rdata: \uFEFF\r\rid:7\n\n';
  for (const pieceBytes of [Infinity, 1, 2, 3, 4, 5, 7]) {
    const { events, reader } = read(text, pieceBytes);
    expect(events).toEqual([
      { id: 'a-long-id-of-many-letters-ü', event: undefined, data: 'grüße\n🌍' },
      { id: undefined, event: 'x', data: '\uFEFF' },
    ]);
    expect(reader.lastEventId).toBe('7');
  }
});

test('invalid UTF-8 is replaced in the same way however it is cut', () => {
  const bytes = Buffer.concat([
    Buffer.from('data: '),
    Buffer.from('c3e28241f09f8cff80', 'hex'),
    Buffer.from('\n\n'),
  ]);
  const expected = [
    { id: undefined, event: undefined, data: new TextDecoder().decode(bytes.subarray(6, -2)) },
  ];
  for (const pieceBytes of [Infinity, 1, 2, 3]) expect(read(bytes, pieceBytes).events).toEqual(expected);
});

test('close and reset are no gaps; behind a reset ids start anew', () => {
  const text =
    'id:1\ndata:a\n\nid:2\ndata:b\n\nevent:reset\ndata:\n\nid:1\ndata:a\n\nid:2\ndata:b\n\nevent:close\nid:9\ndata:x\n\n';
  expect(read(text).order).toMatchObject({ scheme: 'sequence', gapCount: 0, duplicateCount: 0 });
  expect(read(text.replace('event:reset', 'event:other')).order.duplicateCount).toBe(2);
});

test('a block with an id and no data moves the id on', () => {
  const text = 'id:1\ndata:a\n\nid:2\ndata:b\n\nid:3\n\ndata:no id\n\nid:4\ndata:d\n\n';
  expect(read(text).order).toMatchObject({ scheme: 'sequence', gapCount: 0 });
  expect(read(text.replace('id:3\n\n', '')).order.gapCount).toBe(1);
});

test('a line may be long, but not without an end', () => {
  const fits = `data: ${'x'.repeat(maxLineBytes - 6)}`;
  expect(read(`${fits}\n\n`, 65_536)).toMatchObject({ reader: { failure: null }, events: [{}] });
  for (const start of ['data: ', 'nonsense: ', ': ']) {
    const { reader, events } = read(`${start}${'x'.repeat(maxLineBytes)}`, 65_536);
    expect(reader.failure).toMatch(/line of more than 4194304 bytes/);
    reader.push(Buffer.from('\n\ndata: more\n\n'));
    expect(events).toEqual([]);
  }
});

test('a restart drops half an event and keeps the last id', () => {
  const { reader, events } = read('id: 1\ndata: a\n\ndata: ha');
  reader.restart();
  reader.push(Buffer.from('data: b\n\n'));
  expect(events.map((event) => event.data)).toEqual(['a', 'b']);
  expect(reader.lastEventId).toBe('1');
});

test.each([
  ['retry: 1500\n\n', 1500],
  ['retry:0\ndata: a\n\n', 0],
  ['retry: 7\n\nretry: 1x\n\nretry: -1\n\nretry: 1.5\n\nretry:\n\nretry: １\n\n', 7],
  ['retry: 7\n\nretry: 8\n\n', 8],
  ['data: retry: 5\n\n', null],
])('the last valid retry: %j is %s', (text, retryMs) => {
  const watching = new EventReader({ order: new EventOrder(), onEvent: () => {}, watchesRetry: true });
  const plain = new EventReader({ order: new EventOrder(), onEvent: () => {} });
  for (const byte of Buffer.from(text)) {
    watching.push(Buffer.from([byte]));
    plain.push(Buffer.from([byte]));
  }
  expect([watching.retryMs, plain.retryMs]).toEqual([retryMs, null]);
});

test('behind a failure no retry is taken, however the bytes are cut', () => {
  for (const pieces of [['retry: 9999999999\nretry: 0\n'], ['retry: 9999999999\n', 'retry: 0\n']]) {
    const reader = new EventReader({ order: new EventOrder(), onEvent: () => {}, watchesRetry: true });
    for (const piece of pieces) reader.push(Buffer.from(piece));
    expect(reader).toMatchObject({ retryMs: null, failure: expect.stringMatching(/retry of 9999999999 ms/) });
  }
});

test.each(['\n', '\r', '\r\n'])(
  'lines of data without text count for the memory that they take, ended by %j',
  (end) => {
    const line = `data:${end}`;
    const mostLines = Math.floor(maxEventBytes / (line.length + 32));
    // The first line has no line's end before it.
    for (const pieceBytes of [1001, Infinity]) {
      const failureOf = (text: string) => read(text, pieceBytes).reader.failure;
      expect(failureOf(line.repeat(mostLines))).toBeNull();
      expect(failureOf(line.repeat(mostLines + 2))).toMatch(
        /^event of .*, with 32 more for each line of data/,
      );
      expect(failureOf(`:data${end}`.repeat(mostLines + 2))).toBeNull();
      expect(failureOf(`${line.repeat(mostLines - 9)}${end}${line.repeat(mostLines - 9)}`)).toBeNull();
    }
  },
);

test('a server that cuts each CRLF in two gets no event without an end', () => {
  const { reader } = read('data: a\r');
  const piece = Buffer.from(`\n${`data: ${'a'.repeat(1000)}\r\n`.repeat(60)}data: a\r`);
  for (let bytes = 0; bytes < 2 * maxEventBytes; bytes += piece.length) reader.push(piece);
  expect(reader.failure).toMatch(/^event of more than/);
});
