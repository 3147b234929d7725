import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ANCHOR_BYTES, readAnchor } from '../../event-log/find-start.ts';
import type { LogFile } from '../../event-log/log-file.ts';
import { hasCode } from '../../event-log/path-watch.ts';
import { writeDurably } from './durable-files.ts';

/** Beside `events.jsonl`; says how much of it is archived. */
export const ARCHIVED_FILE = 'events.archived';

/** Bytes in front of the live part that stay in the file: by them it is known again, and tails compare them. */
export const KEPT_BYTES = ANCHOR_BYTES;

/** The part of a log that is in the archive. The moment it is written, its events are no longer served. */
export interface ArchivedPart {
  /** Grows when the file turned out to be another one: its events are archived under names of their own. */
  generation: number;
  /** Byte offset behind the last event that is in the archive: where the live part begins. */
  endOffset: number;
  /** CRC-32 of the last 64 bytes in front of `endOffset`. */
  checksum: number;
}

/** Where nothing was archived. */
const NOTHING: ArchivedPart = { generation: 0, endOffset: 0, checksum: 0 };

/**
 * What of a file is archived. A file that does not hold what was archived was put in place of the other one: nothing of it is.
 */
export async function readArchivedPart(folder: string, file: LogFile): Promise<ArchivedPart> {
  let text: string;
  try {
    text = await readFile(join(folder, ARCHIVED_FILE), 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return NOTHING;
    throw cause;
  }
  const part = JSON.parse(text) as ArchivedPart;
  if (part.checksum === (await checksumAt(file, part.endOffset))) return part;
  return { generation: part.generation + 1, endOffset: 0, checksum: 0 };
}

export async function writeArchivedPart(folder: string, part: ArchivedPart): Promise<void> {
  await writeDurably(join(folder, ARCHIVED_FILE), `${JSON.stringify(part)}\n`);
}

/** Of the bytes in front of an offset. A file that ends before has another one. */
export async function checksumAt(file: LogFile, offset: number): Promise<number> {
  return crc32(await readAnchor(file, offset));
}
