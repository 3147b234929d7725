import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { LOG_FILE_NAME } from '../../event-log/event-log.ts';
import { LogFile } from '../../event-log/log-file.ts';
import { hasCode } from '../../event-log/path-watch.ts';
import type { ReadBuffers } from '../../event-log/read-buffers.ts';
import { eventFields } from '../event-fields.ts';
import {
  type ArchivedPart,
  checksumAt,
  KEPT_BYTES,
  readArchivedPart,
  writeArchivedPart,
} from './archived-part.ts';
import { makeFolderDurably, syncFolder } from './durable-files.ts';
import { freeSpace } from './free-space.ts';
import { type ReadLinesOptions, readForwards } from './read-lines.ts';
import { ARCHIVE_FOLDER, listSegments, type Segment, segmentName } from './segments.ts';

export interface ArchiveWorkflowOptions {
  /** Folder of the workflows. */
  dir: string;
  workflowId: string;
  beforeMs: number;
  buffers: ReadBuffers;
  maxLineBytes: number;
  /** Space is given back when it was archived so long ago: no stream that began before reads there any more. */
  freeAfterMs: number;
  /** Gives up where nothing has been changed yet. */
  signal: AbortSignal;
}

export interface WorkflowArchived {
  eventCount: number;
  /** Of the log, uncompressed. */
  bytes: number;
  /** Why the space cannot be given back here; null: it was, or nothing was due. */
  notFreed: string | null;
}

const NOTHING: WorkflowArchived = { eventCount: 0, bytes: 0, notFreed: null };

/**
 * Archives the first events of one workflow, up to the first one that was made at the moment or later; those in between that have no
 * time go with them. Not a byte of the log is moved, so nothing that is written to it can be lost.
 *
 * Killed at any moment it leaves the log as it was, or archived: what decides is the renaming of `events.archived`, which comes after
 * the compressed copy is on the disk. A copy that was not reached by it is thrown away by the next run.
 */
export async function archiveWorkflow(options: ArchiveWorkflowOptions): Promise<WorkflowArchived> {
  const { dir, workflowId, buffers, maxLineBytes } = options;
  const folder = join(dir, workflowId);
  let file: LogFile;
  try {
    ({ file } = await LogFile.open(join(folder, LOG_FILE_NAME), dir));
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return NOTHING;
    throw cause;
  }
  try {
    let part = await readArchivedPart(folder, file);
    await removeUnfinished(folder, part);
    const found = await findCut({ file, floor: part.endOffset, buffers, maxLineBytes }, options);
    const bytes = found.endOffset - part.endOffset;
    if (found.eventCount > 0) {
      await makeFolderDurably(join(folder, ARCHIVE_FOLDER));
      await copyCompressed(file, folder, part, found.endOffset, options);
      const { generation } = part;
      const { endOffset } = found;
      part = { generation, endOffset, checksum: await checksumAt(file, endOffset) };
      await writeArchivedPart(folder, part);
    }
    const notFreed = await freeWhatIsDue(folder, file, part, options.freeAfterMs);
    return { eventCount: found.eventCount, bytes: found.eventCount === 0 ? 0 : bytes, notFreed };
  } finally {
    await file.close();
  }
}

/** Behind the last event that goes into the archive. */
async function findCut(
  reading: ReadLinesOptions,
  { beforeMs, signal }: ArchiveWorkflowOptions,
): Promise<{ endOffset: number; eventCount: number }> {
  let cut = { endOffset: reading.floor, eventCount: 0 };
  let eventCount = 0;
  for await (const events of readForwards(reading, reading.floor)) {
    signal.throwIfAborted();
    for (const { id, line } of events) {
      const { atMs } = eventFields(line);
      if (atMs !== null && atMs >= beforeMs) return cut;
      eventCount += 1;
      if (atMs !== null) cut = { endOffset: id, eventCount };
    }
  }
  return cut;
}

async function copyCompressed(
  file: LogFile,
  folder: string,
  { generation, endOffset: fromOffset }: ArchivedPart,
  endOffset: number,
  { buffers, signal }: ArchiveWorkflowOptions,
): Promise<void> {
  async function* bytes(): AsyncGenerator<Buffer> {
    for (let at = fromOffset; at < endOffset; ) {
      signal.throwIfAborted();
      const chunk = await buffers.use(async (buffer) => {
        const room = buffer.subarray(0, endOffset - at);
        return Buffer.from(room.subarray(0, await file.readAt(room, at)));
      });
      if (chunk.length === 0) throw new Error(`the log became shorter while it was archived: ${folder}`);
      at += chunk.length;
      yield chunk;
    }
  }
  const path = join(folder, ARCHIVE_FOLDER, segmentName(generation, fromOffset, endOffset));
  const unfinished = `${path}.part`;
  const handle = await open(unfinished, 'w');
  try {
    await pipeline(bytes, createGzip(), async (compressed: AsyncIterable<Buffer>) => {
      for await (const chunk of compressed) await handle.appendFile(chunk);
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, path);
  await syncFolder(join(folder, ARCHIVE_FOLDER));
}

/** What a run that was killed has left: its events are in the log still. */
async function removeUnfinished(folder: string, part: ArchivedPart): Promise<void> {
  const { segments, others } = await listSegments(folder);
  const unfinished = others.filter((name) => name.endsWith('.part'));
  for (const { name, generation, endOffset } of segments) {
    if (generation === part.generation && endOffset > part.endOffset) unfinished.push(name);
  }
  for (const name of unfinished) await rm(join(folder, ARCHIVE_FOLDER, name), { force: true });
}

async function freeWhatIsDue(
  folder: string,
  file: LogFile,
  { generation, endOffset }: ArchivedPart,
  freeAfterMs: number,
): Promise<string | null> {
  const { segments } = await listSegments(folder);
  let due: Segment | null = null;
  for (const segment of segments) {
    if (segment.generation !== generation || segment.endOffset > endOffset) continue;
    const { mtimeMs } = await stat(join(folder, ARCHIVE_FOLDER, segment.name));
    if (mtimeMs <= Date.now() - freeAfterMs) due = segment;
  }
  if (due === null) return null;
  const bytes = due.endOffset - KEPT_BYTES;
  if (bytes <= 0) return null;
  // The last byte that is to go tells whether a run before this one has done it: in a log none is zero.
  const last = Buffer.alloc(1);
  await file.readAt(last, bytes - 1);
  return last[0] === 0 ? null : freeSpace(file, bytes);
}
