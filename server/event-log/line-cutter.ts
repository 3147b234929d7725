const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

export interface LineCutterOptions {
  /** Byte offset of the first byte that will be pushed: the start of a line. */
  startOffset: number;
  /** Longest line, without its line end, that goes out. */
  maxLineBytes: number;
  /** Called for a line that is left out because it is longer, with the byte offset where it begins. */
  onTooLong(lineOffset: number): void;
}

/**
 * Takes a line without its line end, and the byte offsets where it begins and behind its newline. The line is valid only until
 * it returns.
 */
export type OnLine = (line: Buffer, lineOffset: number, endOffset: number) => void;

/** Cuts the bytes of a log, pushed in order, in pieces of any size, into lines. Empty ones are left out. Holds at most one unfinished line. */
export class LineCutter {
  readonly #options: LineCutterOptions;
  #lineOffset: number;
  #readOffset: number;
  /** The unfinished line is the first `#heldBytes` of `#held`. One buffer, as a line may arrive byte by byte. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;
  /** Inside a line that is too long: its bytes are dropped as they come. */
  #isSkipping = false;

  constructor(options: LineCutterOptions) {
    this.#options = options;
    this.#lineOffset = options.startOffset;
    this.#readOffset = options.startOffset;
  }

  /** Byte offset behind the last finished line. */
  get lineOffset(): number {
    return this.#lineOffset;
  }

  /** Byte offset of the next byte to push. */
  get readOffset(): number {
    return this.#readOffset;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes the next bytes and hands over the lines that they finish. Keeps no reference to `chunk`. */
  push(chunk: Buffer, onLine: OnLine): void {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to !== -1; to = chunk.indexOf(LINE_FEED, from)) {
      const behind = this.#readOffset + (to - from) + 1;
      const line = this.#finish(chunk.subarray(from, to));
      if (line !== null) onLine(line, this.#lineOffset, behind);
      this.#lineOffset = behind;
      this.#readOffset = behind;
      from = to + 1;
    }
    this.#hold(chunk.subarray(from));
  }

  /** Forgets the unfinished line; `readOffset` goes back to its start. Inside a line that is too long nothing changes. */
  dropHeld(): void {
    this.#readOffset -= this.#heldBytes;
    this.#clear();
  }

  /** The line that `rest` finishes, without its line end, or null when it is empty or too long. */
  #finish(rest: Buffer): Buffer | null {
    if (this.#isSkipping) {
      this.#isSkipping = false;
      return null;
    }
    if (this.#heldBytes + rest.length > this.#options.maxLineBytes) {
      this.#options.onTooLong(this.#lineOffset);
      this.#clear();
      return null;
    }
    let line = rest;
    if (this.#heldBytes > 0) {
      this.#append(rest);
      line = this.#held.subarray(0, this.#heldBytes);
      this.#clear();
    }
    let end = line.length;
    while (end > 0 && line[end - 1] === CARRIAGE_RETURN) end -= 1;
    if (end === 0) return null;
    return line.subarray(0, end);
  }

  #hold(piece: Buffer): void {
    this.#readOffset += piece.length;
    if (this.#isSkipping || piece.length === 0) return;
    if (this.#heldBytes + piece.length > this.#options.maxLineBytes) {
      this.#options.onTooLong(this.#lineOffset);
      this.#clear();
      this.#isSkipping = true;
      return;
    }
    this.#append(piece);
  }

  #append(piece: Buffer): void {
    const needed = this.#heldBytes + piece.length;
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.max(needed, Math.min(2 * needed, this.#options.maxLineBytes)),
      );
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    piece.copy(this.#held, this.#heldBytes);
    this.#heldBytes = needed;
  }

  #clear(): void {
    this.#held = NOTHING;
    this.#heldBytes = 0;
  }
}
