import { isUtf8 } from 'node:buffer';
import { encodeLogEvents, type LogEvent, logEvent, logEventBytes } from './encode.ts';
import { LineCutter } from './line-cutter.ts';
import type { EventBatch } from './types.ts';

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
  readonly #cutter: LineCutter;

  constructor(options: LineSplitterOptions) {
    this.#options = options;
    this.#cutter = new LineCutter({
      startOffset: options.startOffset,
      maxLineBytes: options.maxLineBytes,
      onTooLong: (lineOffset) => options.onSkipped('too long', lineOffset),
    });
  }

  /** Byte offset behind the last finished line. */
  get lineOffset(): number {
    return this.#cutter.lineOffset;
  }

  /** Byte offset of the next byte to push. */
  get readOffset(): number {
    return this.#cutter.readOffset;
  }

  get heldBytes(): number {
    return this.#cutter.heldBytes;
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

    this.#cutter.push(chunk, (line, lineOffset, behind) => {
      if (!isJson(line)) {
        this.#options.onSkipped('not JSON', lineOffset);
        return;
      }
      const event = logEvent(line, behind);
      const bytes = logEventBytes(event);
      if (eventBytes + bytes > MAX_BATCH_BYTES) cut();
      events.push(event);
      eventBytes += bytes;
      endOffset = behind;
    });
    cut();
    return batches;
  }

  /** Forgets the unfinished line; `readOffset` goes back to its start. Inside a line that is too long nothing changes. */
  dropHeld(): void {
    this.#cutter.dropHeld();
  }
}

/** Whether the bytes are one JSON text in UTF-8: what a line of an event log has to be. */
export function isJson(line: Buffer): boolean {
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
