import { describe, expect, it } from 'vitest';
import { LineSplitter, type SkipReason } from './line-splitter.ts';
import { decodeEvents, type ReceivedEvent } from './testing/log-folder.ts';

interface Outcome {
  events: ReceivedEvent[];
  skipped: [SkipReason, number][];
  splitter: LineSplitter;
}

function split(chunks: Buffer[], options: { maxLineBytes?: number; startOffset?: number } = {}): Outcome {
  const { maxLineBytes = 1024, startOffset = 0 } = options;
  const skipped: [SkipReason, number][] = [];
  const splitter = new LineSplitter({
    startOffset,
    maxLineBytes,
    onSkipped: (reason, offset) => skipped.push([reason, offset]),
  });
  const events = chunks.flatMap((chunk) => {
    const copy = Buffer.from(chunk);
    const batches = splitter.push(copy);
    copy.fill(0xff); // a read buffer is used again: nothing may point into it
    return batches.flatMap((batch) => decodeEvents(batch.bytes));
  });
  return { events, skipped, splitter };
}

function inPieces(content: Buffer, pieceBytes: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += pieceBytes) pieces.push(content.subarray(at, at + pieceBytes));
  return pieces;
}

it('gives the same events however the bytes are cut, also inside a character of four bytes', () => {
  const content = Buffer.from('{"a":"🌊ü世"}\r\n\n\r\nnot json\n[1,2]\n{"b":"🌊"}\n{"torn');
  const whole = split([content]);
  expect(whole.events).toEqual([
    { id: 19, data: '{"a":"🌊ü世"}' },
    { id: 37, data: '[1,2]' },
    { id: 50, data: '{"b":"🌊"}' },
  ]);
  expect(whole.skipped).toEqual([['not JSON', 22]]);
  for (let pieceBytes = 1; pieceBytes < content.length; pieceBytes += 1) {
    const cut = split(inPieces(content, pieceBytes));
    expect(cut.events).toEqual(whole.events);
    expect(cut.skipped).toEqual(whole.skipped);
    expect([cut.splitter.lineOffset, cut.splitter.readOffset]).toEqual([50, content.length]);
  }
});

it('counts ids from where it starts', () => {
  expect(split([Buffer.from('1\n22\n')], { startOffset: 100 }).events).toEqual([
    { id: 102, data: '1' },
    { id: 105, data: '22' },
  ]);
});

it('skips a line that is JSON in no encoding but UTF-8', () => {
  const latin1 = Buffer.from('{"a":"\xfc"}\n', 'latin1');
  const { events, skipped } = split([latin1, Buffer.from('{"a":"ü"}\n')]);
  expect(events.map((event) => event.data)).toEqual(['{"a":"ü"}']);
  expect(skipped).toEqual([['not JSON', 0]]);
});

it.each(['nul', '{"a":1', '{"a":1}}', "{'a':1}", 'NaN', ' ', '\u00a01', '\ufeff{}', '{"a":"\u0001"}'])(
  'skips %j',
  (line) => {
    expect(split([Buffer.from(`${line}\n`)]).events).toEqual([]);
  },
);

it.each(['null', '1', '"x"', '[]', ' {"a" : 1.00}\t', '{"a":"\u2028\u0085"}'])(
  'passes %j as it is',
  (line) => {
    expect(split([Buffer.from(`${line}\n`)]).events.map((event) => event.data)).toEqual([line]);
  },
);

describe('the longest line', () => {
  const line = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;

  it.each([1, 7, 50, 1000])(
    'passes at the limit and is skipped above it, in pieces of %i bytes',
    (pieceBytes) => {
      const content = Buffer.from(`${line(100)}\n${line(101)}\n${line(500)}\n${line(3)}\n`);
      const { events, skipped } = split(inPieces(content, pieceBytes), { maxLineBytes: 100 });
      expect(events.map((event) => event.data.length)).toEqual([100, 3]);
      expect(skipped).toEqual([
        ['too long', 101],
        ['too long', 203],
      ]);
    },
  );

  it('is never held: of a line without end nothing is kept', () => {
    const { splitter } = split(Array<Buffer>(1000).fill(Buffer.alloc(64, 'x')), { maxLineBytes: 100 });
    expect(splitter.heldBytes).toBe(0);
    expect([splitter.lineOffset, splitter.readOffset]).toEqual([0, 64_000]);
    expect(splitter.push(Buffer.from('x\n1\n')).map((batch) => batch.endOffset)).toEqual([64_004]);
  });
});

it('cuts batches, so that a chunk of tiny lines does not fill a queue at once', () => {
  const skipped = () => undefined;
  const splitter = new LineSplitter({ startOffset: 0, maxLineBytes: 1024, onSkipped: skipped });
  const batches = splitter.push(Buffer.from('1\n'.repeat(32_768)));
  expect(batches.length).toBeGreaterThan(1);
  for (const batch of batches) expect(batch.bytes.length).toBeLessThanOrEqual(256 * 1024);
  const ids = batches.flatMap((batch) => decodeEvents(batch.bytes)).map((event) => event.id);
  expect(ids).toEqual(Array.from({ length: 32_768 }, (_, index) => 2 * index + 2));
});

it('goes back to the start of the unfinished line when it is told to forget it', () => {
  const { splitter } = split([Buffer.from('1\n"abc')]);
  expect(splitter.heldBytes).toBe(4);
  splitter.dropHeld();
  expect([splitter.heldBytes, splitter.lineOffset, splitter.readOffset]).toEqual([0, 2, 2]);
  expect(splitter.push(Buffer.from('"abc"\n')).map((batch) => batch.endOffset)).toEqual([8]);
});
