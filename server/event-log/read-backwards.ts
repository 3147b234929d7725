const LINE_FEED = 0x0a;

/** Reads from a byte offset until the buffer is full or the file ends. Returns the bytes read. */
export type ReadAt = (buffer: Buffer, offset: number) => Promise<number>;

/** A run of whole lines, as byte offsets in the file. */
export interface LineRange {
  startOffset: number;
  /** Behind the newline of the last line. A torn line behind it does not belong to the range. */
  endOffset: number;
}

/**
 * Finds the last `lineCount` complete lines of a file by reading backwards from its end, one buffer at a time: the cost
 * depends on the length of those lines, not on the size of the file. Keeps nothing of what it reads.
 *
 * Counts raw lines: empty and invalid ones too. A file that shrinks meanwhile gives the empty range at 0.
 */
export async function findRecentLines(
  readAt: ReadAt,
  sizeBytes: number,
  lineCount: number,
  buffer: Buffer,
): Promise<LineRange> {
  let endOffset: number | null = null;
  let found = 0;
  for (let chunkEnd = sizeBytes; chunkEnd > 0; ) {
    const chunkStart = Math.max(0, chunkEnd - buffer.length);
    const chunk = buffer.subarray(0, chunkEnd - chunkStart);
    if ((await readAt(chunk, chunkStart)) < chunk.length) return { startOffset: 0, endOffset: 0 };
    let index = chunk.lastIndexOf(LINE_FEED);
    while (index !== -1) {
      const behind = chunkStart + index + 1;
      if (endOffset === null) endOffset = behind;
      else found += 1;
      if (found === lineCount) return { startOffset: behind, endOffset };
      // A negative start would count from the end of the chunk.
      index = index === 0 ? -1 : chunk.lastIndexOf(LINE_FEED, index - 1);
    }
    chunkEnd = chunkStart;
  }
  return { startOffset: 0, endOffset: endOffset ?? 0 };
}
