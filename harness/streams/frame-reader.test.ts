import { describe, expect, test } from 'vitest';
import { maxEventBytes } from './event-reader.ts';
import { FrameReader } from './frame-reader.ts';
import { clientFrame, closeFrame, opcodes } from './frames.ts';
import { pushCut, pushTwo, startReading } from './testing/read-body.ts';
import { closePayload, serverFrame } from './testing/server-frame.ts';

const start = (options = {}) => startReading((wanted) => new FrameReader(wanted), options);
const { text, binary, continuation, ping, pong, close } = opcodes;

/** Opcode and payload of a client's frame; throws where it is none that a server may take. */
function unmasked(frame: Buffer): [opcode: number, payload: string] {
  expect(frame[0] && frame[0] & 0xf0).toBe(0x80);
  expect(frame[1] && frame[1] & 0x80).toBe(0x80);
  const length = (frame[1] ?? 0) & 0x7f;
  expect(frame.length).toBe(6 + length);
  const payload = frame.subarray(6).map((byte, index) => byte ^ (frame[2 + (index % 4)] ?? 0));
  return [(frame[0] ?? 0) & 0x0f, Buffer.from(payload).toString('latin1')];
}

const conversation = Buffer.concat([
  serverFrame({ opcode: text, payload: 'grüße' }),
  serverFrame({ opcode: text, payload: 'one, ', isFinal: false }),
  serverFrame({ opcode: ping, payload: 'there?' }),
  serverFrame({ opcode: continuation, payload: Buffer.from('🌍').subarray(0, 2), isFinal: false }),
  serverFrame({ opcode: pong, payload: '' }),
  serverFrame({ opcode: continuation, payload: '', isFinal: false }),
  serverFrame({ opcode: continuation, payload: Buffer.from('🌍').subarray(2) }),
  serverFrame({ opcode: binary, payload: Buffer.from([0, 0xff]) }),
  serverFrame({ opcode: text, payload: '' }),
  serverFrame({ opcode: text, payload: 'x'.repeat(126) }),
  serverFrame({ opcode: close, payload: closePayload(1001, 'going away') }),
  serverFrame({ opcode: text, payload: 'behind the close' }),
]);
const messages = ['grüße', 'one, 🌍', '\0\xff', '', 'x'.repeat(126)];

test('the same messages, pongs and goodbye wherever the bytes are cut', () => {
  const cuts = Array.from({ length: conversation.length }, (_, cut) => cut);
  for (const cut of [...cuts, 'each'] as const) {
    const { reader, events, goodbyes, sent } = start();
    if (cut === 'each') pushCut(reader, conversation, 1);
    else pushTwo(reader, conversation, cut);
    expect(reader.failure).toBeNull();
    expect(events.map(({ data }) => data)).toEqual(messages);
    expect(goodbyes).toEqual([[1001, 'going away']]);
    expect(sent.map(unmasked)).toEqual([
      [pong, 'there?'],
      [close, '\x03\xe9'],
    ]);
    expect(reader.finish()).toBeNull();
  }
});

test('inside a frame, and between the frames of a message, but not behind it', () => {
  const { reader } = start();
  const inside: boolean[] = [];
  const bytes = Buffer.concat([
    serverFrame({ opcode: text, payload: 'a', isFinal: false }),
    serverFrame({ opcode: continuation, payload: 'b' }),
  ]);
  for (const byte of bytes) {
    reader.push(Buffer.from([byte]));
    inside.push(reader.isInside);
  }
  expect(inside).toEqual([true, true, true, true, true, false]);
});

describe('lengths', () => {
  test.each([125, 126, 65_535, 65_536, 70_000])('%i bytes, in both directions', (length) => {
    const { reader, events } = start();
    pushCut(reader, serverFrame({ opcode: text, payload: 'y'.repeat(length) }), 4096);
    expect([reader.failure, events[0]?.data.length]).toEqual([null, length]);
    const frame = clientFrame(text, Buffer.from('y'.repeat(length)));
    expect(frame.length).toBe(length + 6 + (length < 126 ? 0 : length < 65_536 ? 2 : 8));
  });

  test('a message may be as long as an event of SSE, in one frame or in many', () => {
    const half = Buffer.alloc(maxEventBytes / 2, 'x');
    const fits = start();
    fits.reader.push(serverFrame({ opcode: text, payload: half, isFinal: false }));
    fits.reader.push(serverFrame({ opcode: continuation, payload: half }));
    expect([fits.reader.failure, fits.events.length]).toEqual([null, 1]);
    const words = `message of more than ${maxEventBytes} bytes`;
    const many = start();
    many.reader.push(serverFrame({ opcode: text, payload: half, isFinal: false }));
    many.reader.push(serverFrame({ opcode: continuation, payload: half, isFinal: false }));
    expect(many.reader.failure).toBeNull();
    many.reader.push(serverFrame({ opcode: continuation, payload: 'x', isFinal: false }));
    expect(many.reader.failure).toBe(words);
    for (const length of [BigInt(maxEventBytes) + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      const huge = start();
      // Told by its head alone: nothing of it has to come.
      huge.reader.push(serverFrame({ opcode: binary, length }));
      expect(huge.reader.failure).toBe(words);
      huge.reader.push(serverFrame({ opcode: text, payload: 'more' }));
      expect([huge.events, huge.reader.finish()]).toEqual([[], words]);
    }
  });

  test('a message of half a million frames of a byte takes little more than its bytes', () => {
    const { reader } = start();
    const piece = serverFrame({ opcode: continuation, payload: 'x', isFinal: false });
    const frames = Buffer.alloc(piece.length * 2 ** 19, piece);
    reader.push(serverFrame({ opcode: text, isFinal: false }));
    globalThis.gc?.();
    const before = process.memoryUsage();
    reader.push(frames);
    globalThis.gc?.();
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    expect(reader.failure).toBeNull();
    expect(grown).toBeLessThan(24 * 1024 * 1024);
  });
});

describe('what no server may send', () => {
  const faults: [what: string, bytes: Buffer, words: RegExp][] = [
    ...[1, 2, 4].map((reserved): [string, Buffer, RegExp] => [
      `reserved bits ${reserved}`,
      serverFrame({ opcode: text, reserved }),
      /reserved bits/,
    ]),
    ['a mask', serverFrame({ opcode: text, payload: 'a', masked: true }), /masked/],
    ...[3, 7, 11, 15].map((opcode): [string, Buffer, RegExp] => [
      `opcode ${opcode}`,
      serverFrame({ opcode }),
      new RegExp(`unknown kind ${opcode}`),
    ]),
    ['a ping in pieces', serverFrame({ opcode: ping, isFinal: false }), /in pieces/],
    ['a ping of 126 bytes', serverFrame({ opcode: ping, payload: 'x'.repeat(126) }), /more than 125 bytes/],
    [
      'a continuation of nothing',
      serverFrame({ opcode: continuation, payload: 'a' }),
      /continues no message/,
    ],
    [
      'a message inside of another one',
      Buffer.concat([serverFrame({ opcode: text, isFinal: false }), serverFrame({ opcode: binary })]),
      /inside of another/,
    ],
    [
      '5 bytes in a long length',
      serverFrame({ opcode: text, payload: 'short', lengthBytes: 2 }),
      /shortest form/,
    ],
    [
      '200 bytes in the longest length',
      serverFrame({ opcode: text, payload: 'x'.repeat(200), lengthBytes: 8 }),
      /shortest form/,
    ],
    ['text that is no UTF-8', serverFrame({ opcode: text, payload: Buffer.from('c3', 'hex') }), /no UTF-8/],
    ['a close of one byte', serverFrame({ opcode: close, payload: 'x' }), /malformed/],
    [
      'a close whose reason is no UTF-8',
      serverFrame({ opcode: close, payload: closePayload(1000, Buffer.from('ff', 'hex')) }),
      /malformed/,
    ],
    ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map((code): [string, Buffer, RegExp] => [
      `a close with the code ${code}`,
      serverFrame({ opcode: close, payload: closePayload(code) }),
      new RegExp(`code ${code}, which nobody may send`),
    ]),
  ];

  test.each(faults)('%s', (_what, bytes, words) => {
    for (const pieceBytes of [1, Infinity]) {
      const { reader, events, goodbyes } = start();
      reader.push(serverFrame({ opcode: text, payload: 'before' }));
      pushCut(reader, bytes, Math.min(pieceBytes, bytes.length));
      expect(reader.failure).toMatch(words);
      reader.push(serverFrame({ opcode: text, payload: 'behind' }));
      expect(events.map(({ data }) => data)).toEqual(['before']);
      expect([goodbyes, reader.finish()]).toEqual([[], reader.failure]);
    }
  });
});

describe('the end', () => {
  test.each([1000, 1001, 1003, 1007, 1014, 3000, 4429, 4999])('code %i is answered with itself', (code) => {
    const { reader, goodbyes, sent } = start();
    reader.push(serverFrame({ opcode: close, payload: closePayload(code) }));
    expect(goodbyes).toEqual([[code, '']]);
    expect(sent.map(unmasked)).toEqual([[close, closePayload(code).toString('latin1')]]);
  });

  test('a close without a code is answered without one', () => {
    const { reader, goodbyes, sent } = start();
    reader.push(serverFrame({ opcode: close }));
    expect([goodbyes, sent.map(unmasked)]).toEqual([[[1005, '']], [[close, '']]]);
    expect(unmasked(closeFrame(null))).toEqual([close, '']);
  });

  test('a connection that ends without a close frame has lost something', () => {
    const { reader } = start();
    reader.push(serverFrame({ opcode: text, payload: 'a' }));
    expect(reader.finish()).toBe('the connection was closed without a close frame (1006)');
    reader.push(serverFrame({ opcode: text, payload: 'half' }).subarray(0, 3));
    reader.restart();
    expect(reader.isInside).toBe(false);
    reader.push(serverFrame({ opcode: close, payload: closePayload(1000) }));
    expect(reader.finish()).toBeNull();
  });
});

test('replies are word for word, and only to what was named', () => {
  const { reader, events, sent } = start({ replies: { 2: '3', '{"a":1}': 'ü' } });
  for (const payload of ['2', '22', '{"a":1}', 'toString', '__proto__'])
    reader.push(serverFrame({ opcode: text, payload }));
  expect(sent.map(unmasked)).toEqual([
    [text, '3'],
    [text, Buffer.from('ü').toString('latin1')],
  ]);
  expect(events.length).toBe(5);
});

test('ids are where the JSON has them', () => {
  const { reader, events, order } = start({ eventId: ['id'] });
  for (const id of [1, 2, 4]) reader.push(serverFrame({ opcode: text, payload: JSON.stringify({ id }) }));
  expect([events.map(({ id }) => id), reader.lastEventId, order.gapCount]).toEqual([['1', '2', '4'], '4', 1]);
});

test('a mask is another one each time', () => {
  const masks = Array.from({ length: 8 }, () => clientFrame(text, Buffer.from('a')).toString('hex', 2, 6));
  expect(new Set(masks).size).toBe(8);
});
