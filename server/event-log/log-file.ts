import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

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

  /** Throws what `open` throws, and EINVAL when the path is not a regular file. */
  static async open(path: string): Promise<{ file: LogFile; facts: FileFacts }> {
    // Without O_NONBLOCK, opening a FIFO would hold one of libuv's few threads until someone writes to it.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const facts = await handle.stat();
      assertRegular(facts, path);
      return { file: new LogFile(handle, facts), facts };
    } catch (cause) {
      await handle.close();
      throw cause;
    }
  }

  /** False: the path that these facts were read from leads to another file now. */
  isSame(facts: FileFacts): boolean {
    return facts.ino === this.#ino && facts.dev === this.#dev;
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

/** Throws an error with the code that fits when the facts are not those of a regular file. */
export function assertRegular(facts: FileFacts, path: string): void {
  if (facts.isFile()) return;
  throw Object.assign(new Error(`EINVAL: not a regular file: ${path}`), { code: 'EINVAL' });
}
