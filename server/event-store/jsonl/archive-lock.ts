import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../event-log/path-watch.ts';

/** In the folder of the workflows: no workflow can be called so. */
export const LOCK_FILE = '.archive.lock';

const REFRESH_MS = 10_000;
/** Of another machine nothing else tells whether it is still at work. */
const STALE_MS = 120_000;

/** Another process archives the same folder. */
export class ArchiveBusyError extends Error {
  override readonly name = 'ArchiveBusyError';
}

interface Holder {
  pid: number;
  host: string;
  token: string;
}

/**
 * Runs the work while this process is the only one that archives in the folder. Throws ArchiveBusyError where another one is at it.
 *
 * The lock is a file with the process in it. It is taken over when that process is gone, or on another machine was not heard of for
 * two minutes. It only saves double work: two runs at once would write the same copies and come to the same result.
 */
export async function withArchiveLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const path = join(dir, LOCK_FILE);
  const mine: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  if (!(await take(path, mine)) && (await removeStale(path))) await take(path, mine);
  const holder = await readHolder(path);
  if (holder?.token !== mine.token) {
    const who = holder === null ? 'another process' : `process ${holder.pid} on ${holder.host}`;
    throw new ArchiveBusyError(`${who} is archiving in ${dir}: try again when it is done`);
  }
  const refresh = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, REFRESH_MS).unref();
  try {
    await tidyUp(dir);
    return await work();
  } finally {
    clearInterval(refresh);
    if ((await readHolder(path))?.token === mine.token) await rm(path, { force: true });
  }
}

/** The file appears with its content, or not at all: a process killed in between would leave a lock of nobody. */
async function take(path: string, mine: Holder): Promise<boolean> {
  const unfinished = `${path}.${mine.token}`;
  await writeFile(unfinished, JSON.stringify(mine));
  try {
    await link(unfinished, path);
    return true;
  } catch (cause) {
    // ENOENT: who has the lock has tidied up.
    if (hasCode(cause, 'EEXIST') || hasCode(cause, 'ENOENT')) return false;
    throw cause;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** What processes have left that were killed while they took the lock. */
async function tidyUp(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (name.startsWith(`${LOCK_FILE}.`)) await rm(join(dir, name), { force: true });
  }
}

async function removeStale(path: string): Promise<boolean> {
  try {
    const holder = await readHolder(path);
    const { mtimeMs } = await stat(path);
    const isSilent = mtimeMs < Date.now() - STALE_MS;
    const isGone = holder !== null && holder.host === hostname() && !isRunning(holder.pid);
    if (!isSilent && !isGone) return false;
    // Of two that find it stale, one moves it away.
    const aside = `${path}.${randomUUID()}`;
    await rename(path, aside);
    await rm(aside, { force: true });
    return true;
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return true; // it was given back meanwhile
    throw cause;
  }
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return null; // not there any more
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return !hasCode(cause, 'ESRCH');
  }
}
