import { open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findRecentLines, type ReadAt } from './read-backwards.ts';

function reader(content: Buffer): ReadAt {
  return async (buffer, offset) => content.subarray(offset).copy(buffer);
}

/** The same question answered by splitting the whole text. */
function expectedRange(text: string, lineCount: number): { startOffset: number; endOffset: number } {
  const endOffset = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, endOffset).split(/(?<=\n)/);
  const recent = lineCount === 0 ? [] : lines.slice(-lineCount);
  return { startOffset: endOffset - recent.join('').length, endOffset };
}

it.each([
  ['an empty file', ''],
  ['a torn line only', 'abc'],
  ['one line', 'a\n'],
  ['a newline only', '\n'],
  ['a torn line behind whole ones', 'aa\nbbb\nc\nto'],
  ['empty lines', '\n\na\n\n\n'],
  ['lines longer than the buffer', 'aaaaaaaaaaaaaaaaaaa\nbbbbbbbbbbbbbbbbbbbbbbb\n'],
])('finds the last lines of %s, with any buffer', async (_what, text) => {
  const content = Buffer.from(text);
  for (let bufferBytes = 1; bufferBytes <= 9; bufferBytes += 1) {
    for (let lineCount = 0; lineCount <= 7; lineCount += 1) {
      const range = await findRecentLines(
        reader(content),
        content.length,
        lineCount,
        Buffer.alloc(bufferBytes),
      );
      expect(range, `${lineCount} lines, ${bufferBytes} bytes`).toEqual(expectedRange(text, lineCount));
    }
  }
});

it('gives the empty range when the file has become shorter than was said', async () => {
  const range = await findRecentLines(reader(Buffer.from('a\nb\n')), 100, 1, Buffer.alloc(8));
  expect(range).toEqual({ startOffset: 0, endOffset: 0 });
});

it('reads as many bytes of a file of 1 GB as of a small one', async () => {
  const path = join(tmpdir(), `read-backwards-${process.pid}.jsonl`);
  const lines = `${JSON.stringify({ filler: 'x'.repeat(180) })}\n`.repeat(2000);
  const handle = await open(path, 'w+');
  try {
    const costs: number[] = [];
    for (const holeBytes of [0, 1e9]) {
      await truncate(path, holeBytes);
      await handle.write(`\n${lines}`, holeBytes);
      const { size } = await handle.stat();
      let readBytes = 0;
      const readAt: ReadAt = async (buffer, offset) => {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
        readBytes += bytesRead;
        return bytesRead;
      };
      const range = await findRecentLines(readAt, size, 1000, Buffer.alloc(64 * 1024));
      expect(range).toEqual({ startOffset: size - lines.length / 2, endOffset: size });
      costs.push(readBytes);
    }
    expect(costs[1]).toBe(costs[0]);
    expect(costs[1]).toBeLessThan(lines.length / 2 + 2 * 64 * 1024);
  } finally {
    await handle.close();
    await rm(path);
  }
});
