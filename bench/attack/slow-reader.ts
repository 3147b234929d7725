import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttackTarget } from './attacks.ts';
import { attackOnce } from './connection.ts';

const FILE = 'events.jsonl';
/** More than the kernel takes of a stream that nobody reads, on both sides, and a full queue in the server. */
const HISTORY_BYTES = 16e6;
const LINE = `${JSON.stringify({ filler: 'x'.repeat(1000) })}\n`;
/** As many as a workflow may have. */
const STREAMS_PER_KEY = 5;
/** The server gives up a stalled reader after 5 s, and the reader does not see it: it reads nothing. */
const LEAVES_AFTER_MS = 7000;

/** Asks for a long history from its start, and takes nothing of it. Outcome: `left`. */
export function readNothing({ port, dir, n }: AttackTarget): Promise<string> {
  const key = `unread-${process.pid}-${Math.floor(n / STREAMS_PER_KEY)}`;
  ensureHistory(dir, key);
  const bytes = `GET /api/events/${key}/stream HTTP/1.1\r\nHost: test\r\nLast-Event-ID: 0\r\n\r\n`;
  return attackOnce({ port, bytes, reads: false, leavesAfterMs: LEAVES_AFTER_MS });
}

/** One file for all workflows, which are links to it within their folder. */
function ensureHistory(dir: string, key: string): void {
  if (existsSync(join(dir, key))) return;
  const source = join(dir, 'unread', FILE);
  if (!existsSync(source)) {
    mkdirSync(join(dir, 'unread'), { recursive: true });
    writeFileSync(`${source}.new`, LINE.repeat(HISTORY_BYTES / LINE.length));
    renameSync(`${source}.new`, source);
  }
  mkdirSync(join(dir, key));
  symlinkSync(join('..', 'unread', FILE), join(dir, key, FILE));
}
