const LEAST_BYTES = 64;
const nothing = Buffer.alloc(0);

/**
 * Collects bytes that come in pieces, in memory of its own: a small part of a large read would keep all of it alive. However small
 * the pieces are, it takes no more than twice their bytes; a list of them would take a hundred times as much.
 */
export class GrowingBuffer {
  length = 0;
  #room = nothing;

  append(piece: Buffer): void {
    const length = this.length + piece.length;
    if (length > this.#room.length) {
      const room = Buffer.allocUnsafe(Math.max(LEAST_BYTES, length, 2 * this.length));
      this.#room.copy(room, 0, 0, this.length);
      this.#room = room;
    }
    piece.copy(this.#room, this.length);
    this.length = length;
  }

  /** All of it; nothing is left. */
  take(): Buffer {
    const taken = this.#room.subarray(0, this.length);
    this.clear();
    return taken;
  }

  clear(): void {
    this.#room = nothing;
    this.length = 0;
  }
}
