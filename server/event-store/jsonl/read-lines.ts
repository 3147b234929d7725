import { LineCutter } from '../../event-log/line-cutter.ts';
import { isJson } from '../../event-log/line-splitter.ts';
import type { LogFile } from '../../event-log/log-file.ts';
import { findRecentLines } from '../../event-log/read-backwards.ts';
import type { ReadBuffers } from '../../event-log/read-buffers.ts';
import type { StoredEvent } from '../types.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface ReadLinesOptions {
  file: LogFile;
  /** Line border in front of which nothing is read. */
  floor: number;
  buffers: ReadBuffers;
  maxLineBytes: number;
}

/** Finds the line border at an offset or, where there is none, the last one in front of it: where the line begins that goes over it. */
export async function lineStartAt(
  { file, floor, buffers }: ReadLinesOptions,
  offset: number,
): Promise<number> {
  if (offset <= floor) return floor;
  const end = Math.max(floor, Math.min(offset, await file.sizeBytes()));
  return buffers.use(async (buffer) => {
    const readAt = (target: Buffer, at: number) => file.readAt(target, floor + at);
    const { endOffset } = await findRecentLines(readAt, end - floor, 0, buffer);
    return floor + endOffset;
  });
}

/** The events behind a line border, oldest first; those of one chunk of 64 KiB at a time. */
export async function* readForwards(
  { file, buffers, maxLineBytes }: ReadLinesOptions,
  startOffset: number,
): AsyncGenerator<StoredEvent[]> {
  // What streams leave out is left out here, too; they tell of it.
  const cutter = new LineCutter({ startOffset, maxLineBytes, onTooLong: () => undefined });
  for (;;) {
    const events: StoredEvent[] = [];
    const bytesRead = await buffers.use(async (buffer) => {
      const read = buffer.subarray(0, await file.readAt(buffer, cutter.readOffset));
      cutter.push(read, (line, _lineOffset, id) => {
        // The buffer goes to the next reader: what is kept is a copy.
        if (isJson(line)) events.push({ id, line: Buffer.from(line) });
      });
      return read.length;
    });
    if (events.length > 0) yield events;
    if (bytesRead === 0) return;
  }
}

/** The events whose lines end at or before an offset, newest first, likewise. */
export async function* readBackwards(
  options: ReadLinesOptions,
  endOffset: number,
): AsyncGenerator<StoredEvent[]> {
  const { file, floor, buffers } = options;
  // Behind the line that is looked for next; null: no line end was met yet.
  let behind: number | null = null;
  for (let chunkEnd = Math.min(endOffset, await file.sizeBytes()); chunkEnd > floor; ) {
    const ranges: [start: number, end: number][] = [];
    const found = await buffers.use(async (buffer) => {
      const start = Math.max(floor, chunkEnd - buffer.length);
      const chunk = buffer.subarray(0, chunkEnd - start);
      if ((await file.readAt(chunk, start)) < chunk.length) return null; // it has become shorter
      for (let at = chunk.lastIndexOf(LINE_FEED); at !== -1; ) {
        const border = start + at + 1;
        if (behind !== null) ranges.push([border, behind]);
        behind = border;
        at = at === 0 ? -1 : chunk.lastIndexOf(LINE_FEED, at - 1);
      }
      if (start === floor && behind !== null) ranges.push([floor, behind]);
      return { start, events: await eventsOf(options, ranges, chunk, start) };
    });
    if (found === null) return;
    if (found.events.length > 0) yield found.events;
    chunkEnd = found.start;
  }
}

/** Lines that lie in the chunk are taken from it. The one that began in front of it is read anew. */
async function eventsOf(
  { file, maxLineBytes }: ReadLinesOptions,
  ranges: readonly [start: number, end: number][],
  chunk: Buffer,
  chunkStart: number,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  const chunkEnd = chunkStart + chunk.length;
  for (const [start, end] of ranges) {
    if (end - start - 1 > maxLineBytes) continue;
    let bytes = chunk.subarray(start - chunkStart, end - chunkStart);
    if (end > chunkEnd) {
      bytes = Buffer.allocUnsafe(end - start);
      if ((await file.readAt(bytes, start)) < bytes.length) continue;
    }
    let lineEnd = bytes.length - 1;
    while (lineEnd > 0 && bytes[lineEnd - 1] === CARRIAGE_RETURN) lineEnd -= 1;
    const line = bytes.subarray(0, lineEnd);
    if (line.length > 0 && isJson(line)) events.push({ id: end, line: Buffer.from(line) });
  }
  return events;
}
