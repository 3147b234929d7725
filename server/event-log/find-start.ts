import type { LogFile } from './log-file.ts';
import { findRecentLines } from './read-backwards.ts';
import type { StartAt } from './types.ts';

const LINE_FEED = 0x0a;

/**
 * The last bytes that were read are compared before new ones are read: a file that was emptied and written again has
 * the same inode, and may have outgrown its old size before anyone looked. Long enough to hold a time stamp or a counter.
 */
export const ANCHOR_BYTES = 64;

/** Where in a file a stream starts. All offsets are line borders. */
export interface StartPlace {
  /** Behind this byte offset its first event begins. */
  position: number;
  /** Where a tail that this stream is the first to need begins. */
  tailPosition: number;
  /** The bytes in front of `tailPosition`, up to `ANCHOR_BYTES`. */
  anchor: Buffer;
}

/**
 * Finds the place in a file where a stream starts; null: the offset does not fit this file.
 *
 * @param floor line border in front of which nothing is read any more
 * @param buffer for the reads; nothing is left in it that is needed afterwards
 */
export async function findStart(
  file: LogFile,
  startAt: StartAt,
  floor: number,
  buffer: Buffer,
): Promise<StartPlace | null> {
  const sizeBytes = await file.sizeBytes();
  if ('recentEvents' in startAt) {
    const readAt = (target: Buffer, offset: number) => file.readAt(target, floor + offset);
    const recent = await findRecentLines(readAt, sizeBytes - floor, startAt.recentEvents, buffer);
    const endOffset = floor + recent.endOffset;
    const anchor = await readAnchor(file, endOffset);
    return { position: floor + recent.startOffset, tailPosition: endOffset, anchor };
  }
  // What lies in front of the floor was there once: whoever had it goes on behind it.
  const isOffset = Number.isSafeInteger(startAt.offset) && startAt.offset >= 0;
  const offset = isOffset ? Math.max(startAt.offset, floor) : startAt.offset;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > sizeBytes) return null;
  const anchor = await readAnchor(file, offset);
  if (offset > 0 && (anchor.length === 0 || anchor.at(-1) !== LINE_FEED)) return null;
  return { position: offset, tailPosition: offset, anchor };
}

export async function readAnchor(file: LogFile, offset: number): Promise<Buffer> {
  const anchor = Buffer.alloc(Math.min(offset, ANCHOR_BYTES));
  return anchor.subarray(0, await file.readAt(anchor, offset - anchor.length));
}
