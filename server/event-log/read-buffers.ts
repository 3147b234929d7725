const BUFFER_BYTES = 64 * 1024;

/**
 * Reads in flight at once. libuv runs file operations on 4 threads by default, so more buffers would only hold memory:
 * a thousand streams that catch up together share these 256 KiB.
 */
const BUFFER_COUNT = 4;

/** The read buffers that all streams of a log take turns with. */
export class ReadBuffers {
  readonly #free: Buffer[] = [];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];

  constructor() {
    for (let i = 0; i < BUFFER_COUNT; i += 1) this.#free.push(Buffer.allocUnsafeSlow(BUFFER_BYTES));
  }

  /**
   * Lends a buffer of 64 KiB to `work`, which must keep no reference to it.
   *
   * @param urgent ahead of those who wait already: live events do not queue behind a thousand history replays
   */
  async use<T>(work: (buffer: Buffer) => Promise<T>, urgent = false): Promise<T> {
    const buffer = this.#free.pop() ?? (await this.#wait(urgent));
    try {
      return await work(buffer);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(buffer);
      else next(buffer);
    }
  }

  #wait(urgent: boolean): Promise<Buffer> {
    return new Promise((resolve) => {
      if (urgent) this.#waiting.unshift(resolve);
      else this.#waiting.push(resolve);
    });
  }
}
