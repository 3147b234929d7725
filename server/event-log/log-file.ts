import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';

/** What of a `Stats` tells one file from another, and a grown file from a cut one. */
export interface FileFacts {
  dev: number;
  ino: number;
  size: number;
  mtimeMs: number;
  isFile(): boolean;
}

/** One file, open for reading at any offset by any number of readers. It is a new object when the file is another. */
export class LogFile {
  readonly #handle: FileHandle;
  readonly #dev: number;
  readonly #ino: number;

  private constructor(handle: FileHandle, facts: FileFacts) {
    this.#handle = handle;
    this.#dev = facts.dev;
    this.#ino = facts.ino;
  }

  /**
   * Throws what `open` throws, EINVAL when the path is not a regular file, and EACCES when links lead out of the folder `root`:
   * whoever may write into it could show any file of this machine otherwise.
   */
  static async open(path: string, root: string): Promise<{ file: LogFile; facts: FileFacts }> {
    // Without O_NONBLOCK, opening a FIFO would hold one of libuv's few threads until someone writes to it.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const facts = await handle.stat();
      assertRegular(facts, path);
      await assertInside(handle, facts, path, root);
      return { file: new LogFile(handle, facts), facts };
    } catch (cause) {
      await handle.close();
      throw cause;
    }
  }

  /** A file that was opened otherwise; whoever opened it closes it. */
  static of(handle: FileHandle, facts: FileFacts): LogFile {
    return new LogFile(handle, facts);
  }

  /** False: the path that these facts were read from leads to another file now. */
  isSame(facts: FileFacts): boolean {
    return facts.ino === this.#ino && facts.dev === this.#dev;
  }

  /** For another process that is to work on this file, whatever the path leads to by then. */
  get descriptor(): number {
    return this.#handle.fd;
  }

  async sizeBytes(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /** Reads from a byte offset until the buffer is full or the file ends. Returns the bytes read. */
  async readAt(buffer: Buffer, offset: number): Promise<number> {
    let total = 0;
    while (total < buffer.length) {
      const { bytesRead } = await this.#handle.read(buffer, total, buffer.length - total, offset + total);
      if (bytesRead === 0) break;
      total += bytesRead;
    }
    return total;
  }

  /** Closes the descriptor once the reads in flight are done: `FileHandle.close()` waits for them. */
  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Looks at the file that is open: a link that is changed between a look at the path and the opening makes no difference. */
export async function assertInside(
  handle: FileHandle,
  facts: FileFacts,
  path: string,
  root: string,
): Promise<void> {
  const real = await realPathOf(handle, facts, path);
  const inside = relative(await realpath(root), real);
  if (inside !== '' && inside.split(/[\\/]/, 1)[0] !== '..' && !isAbsolute(inside)) return;
  throw Object.assign(new Error(`EACCES: a link leads out of the folder of the workflows: ${path}`), {
    code: 'EACCES',
  });
}

async function realPathOf(handle: FileHandle, facts: FileFacts, path: string): Promise<string> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`);
  // Elsewhere nothing tells the path of a descriptor: the path must lead to the same file still.
  const real = await realpath(path);
  const now = await stat(real);
  if (now.ino === facts.ino && now.dev === facts.dev) return real;
  throw Object.assign(new Error(`EAGAIN: the file was replaced while it was opened: ${path}`), {
    code: 'EAGAIN',
  });
}

/** Throws an error with the code that fits when the facts are not those of a regular file. */
export function assertRegular(facts: FileFacts, path: string): void {
  if (facts.isFile()) return;
  throw Object.assign(new Error(`EINVAL: not a regular file: ${path}`), { code: 'EINVAL' });
}
