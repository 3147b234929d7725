import { isUtf8 } from 'node:buffer';
import { encodeLogEvents, type LogEvent, logEvent, logEventBytes } from './encode.ts';
import type { EventBatch } from './types.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/**
 * A batch is cut once it is this long. Two-byte lines become events of 20 bytes and more, so that one read of 64 KiB
 * would else put three quarters of a MiB into every queue at once.
 */
const MAX_BATCH_BYTES = 256 * 1024;

export type SkipReason = 'not JSON' | 'too long';

export interface LineSplitterOptions {
  /** Byte offset of the first byte that will be pushed: the start of a line. */
  startOffset: number;
  /** Longest line, without its line end, that goes out. */
  maxLineBytes: number;
  /** Called for each line left out, with the byte offset where it begins. Not for empty lines. */
  onSkipped(reason: SkipReason, lineOffset: number): void;
}

/** Makes events of the bytes of a log, pushed in order, in pieces of any size. Holds at most one unfinished line. */
export class LineSplitter {
  readonly #options: LineSplitterOptions;
  #lineOffset: number;
  #readOffset: number;
  /** The unfinished line is the first `#heldBytes` of `#held`. One buffer, as a line may arrive byte by byte. */
  #held: Buffer = NOTHING;
  #heldBytes = 0;
  /** Inside a line that is too long: its bytes are dropped as they come. */
  #isSkipping = false;

  constructor(options: LineSplitterOptions) {
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

  /** Takes the next bytes and returns the events that they finish. Keeps no reference to `chunk`. */
  push(chunk: Buffer): EventBatch[] {
    const batches: EventBatch[] = [];
    let events: LogEvent[] = [];
    let eventBytes = 0;
    let endOffset = 0;
    const cut = () => {
      if (events.length === 0) return;
      batches.push({ bytes: encodeLogEvents(events), eventCount: events.length, endOffset });
      events = [];
      eventBytes = 0;
    };

    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to !== -1; to = chunk.indexOf(LINE_FEED, from)) {
      const behind = this.#readOffset + (to - from) + 1;
      const line = this.#finish(chunk.subarray(from, to));
      if (line !== null) {
        const event = logEvent(line, behind);
        const bytes = logEventBytes(event);
        if (eventBytes + bytes > MAX_BATCH_BYTES) cut();
        events.push(event);
        eventBytes += bytes;
        endOffset = behind;
      }
      this.#lineOffset = behind;
      this.#readOffset = behind;
      from = to + 1;
    }
    cut();
    this.#hold(chunk.subarray(from));
    return batches;
  }

  /** Forgets the unfinished line; `readOffset` goes back to its start. Inside a line that is too long nothing changes. */
  dropHeld(): void {
    this.#readOffset -= this.#heldBytes;
    this.#clear();
  }

  /** The line that `rest` finishes, without its line end, or null when it is not to be sent. */
  #finish(rest: Buffer): Buffer | null {
    if (this.#isSkipping) {
      this.#isSkipping = false;
      return null;
    }
    if (this.#heldBytes + rest.length > this.#options.maxLineBytes) {
      this.#options.onSkipped('too long', this.#lineOffset);
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
    line = line.subarray(0, end);
    if (isJson(line)) return line;
    this.#options.onSkipped('not JSON', this.#lineOffset);
    return null;
  }

  #hold(piece: Buffer): void {
    this.#readOffset += piece.length;
    if (this.#isSkipping || piece.length === 0) return;
    if (this.#heldBytes + piece.length > this.#options.maxLineBytes) {
      this.#options.onSkipped('too long', this.#lineOffset);
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

function isJson(line: Buffer): boolean {
  if (!isUtf8(line)) return false; // RFC 8259, 8.1: JSON between systems is UTF-8
  try {
    // Bytes above 0x7f stand only inside strings, where any character will do: Latin-1 gives the same answer as
    // UTF-8 and is the cheaper decoding.
    JSON.parse(line.toString('latin1'));
    return true;
  } catch {
    return false;
  }
}
