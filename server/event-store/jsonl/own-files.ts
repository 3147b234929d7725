import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath, rm } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { assertInside, assertRegular } from '../../event-log/log-file.ts';
import { hasCode } from '../../event-log/path-watch.ts';

/** Of files that are opened: no link is followed, and a FIFO does not hold one of libuv's few threads. Windows has neither. */
const CAREFULLY = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file that the store keeps beside the logs. Whoever may write into their folders could have it read or write anywhere
 * otherwise. Throws what `open` throws (ELOOP: it is a link), EINVAL when it is not a regular file, and EACCES when links lead out of
 * the folder `root`.
 */
export async function openOwn(path: string, root: string, flags: number): Promise<FileHandle> {
  const handle = await open(path, flags | CAREFULLY);
  try {
    const facts = await handle.stat();
    assertRegular(facts, path);
    await assertInside(handle, facts, path, root);
    return handle;
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}

/** Makes a new file to be written, whatever was there before: that is removed, and not followed. */
export async function createOwn(path: string): Promise<FileHandle> {
  await rm(path, { force: true });
  return open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
}

/** Throws EACCES when a folder that is there leads out of `root`. */
export async function assertFolderInside(folder: string, root: string): Promise<void> {
  let real: string;
  try {
    real = await realpath(folder);
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT')) throw cause;
    // A link to nowhere is none, and would be followed when the folder is made.
    if ((await lstat(folder).catch(() => null)) === null) return;
    throw leadsOut(folder);
  }
  const inside = relative(await realpath(root), real);
  if (inside === '' || inside.split(/[\\/]/, 1)[0] === '..' || isAbsolute(inside)) throw leadsOut(folder);
}

function leadsOut(path: string): Error {
  return Object.assign(new Error(`EACCES: a link leads out of the folder it is in: ${path}`), {
    code: 'EACCES',
  });
}
