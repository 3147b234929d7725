import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../event-log/path-watch.ts';

/** Beside `events.jsonl`. */
export const ARCHIVE_FOLDER = 'archive';

/** A compressed piece of a log: the bytes from one line border to another. */
export interface Segment {
  name: string;
  /** Of the file that it was taken from; see `ArchivedPart`. */
  generation: number;
  fromOffset: number;
  endOffset: number;
}

const pattern = /^events-(\d+)-(\d+)-(\d+)\.jsonl\.gz$/;

/** The names sort as the events do: `events-0-0000000000000000-0000000000001234.jsonl.gz`. */
export function segmentName(generation: number, fromOffset: number, endOffset: number): string {
  const [from, end] = [fromOffset, endOffset].map((offset) => String(offset).padStart(16, '0'));
  return `events-${generation}-${from}-${end}.jsonl.gz`;
}

/** The pieces in the archive of a workflow, in the order of their events, and what else is there: torn writes. */
export async function listSegments(folder: string): Promise<{ segments: Segment[]; others: string[] }> {
  const segments: Segment[] = [];
  const others: string[] = [];
  for (const name of await namesIn(join(folder, ARCHIVE_FOLDER))) {
    const [, generation, from, end] = pattern.exec(name) ?? [];
    if (end === undefined) others.push(name);
    else
      segments.push({
        name,
        generation: Number(generation),
        fromOffset: Number(from),
        endOffset: Number(end),
      });
  }
  segments.sort((a, b) => a.generation - b.generation || a.fromOffset - b.fromOffset);
  return { segments, others };
}

/** All that the archive of a workflow takes on the disk. */
export async function archiveBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await namesIn(join(folder, ARCHIVE_FOLDER))) {
    // What a run is about to finish has another name in a moment.
    const facts = await stat(join(folder, ARCHIVE_FOLDER, name)).catch(() => null);
    bytes += facts?.size ?? 0;
  }
  return bytes;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return [];
    throw cause;
  }
}
