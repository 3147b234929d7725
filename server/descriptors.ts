import { readdirSync, readFileSync } from 'node:fs';

/** Where the system does not tell: what macOS gives a process at most. */
const UNKNOWN_LIMIT = 10_240;

/** For what comes and goes: a folder that is listed, the watch of files, a file between its opening and the look at what it is. */
const SPARE = 16;

/** With fewer than this nothing can be served. */
const LEAST = 16;

/** How many descriptors this process may use for connections and the files that it follows, beyond those open now. */
export function freeDescriptors(): number {
  return Math.max(LEAST, limit() - openDescriptors() - SPARE);
}

/** Node raises the soft limit to the hard one when it starts. */
function limit(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? UNKNOWN_LIMIT : Number(soft);
  } catch {
    return UNKNOWN_LIMIT;
  }
}

/** Descriptors that are open now; 0 where the system does not tell. */
export function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
