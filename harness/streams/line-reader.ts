import type { BodyReader, ReaderOptions } from './body-reader.ts';
import { maxLineBytes } from './event-reader.ts';
import { idOf } from './message-rules.ts';

const LF = 10;

/** Reads lines: each that is not blank is an event, the last one also without an end. Lines end in LF or CRLF. */
export class LineReader implements BodyReader {
  failure: string | null = null;
  lastEventId = '';
  readonly retryMs = null;
  readonly #options: ReaderOptions;
  /** The line so far, as its pieces came. */
  #pieces: Buffer[] = [];
  #pieceBytes = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  get isInside(): boolean {
    return this.#pieceBytes > 0;
  }

  push(bytes: Buffer): void {
    let offset = 0;
    while (this.failure === null) {
      const end = bytes.indexOf(LF, offset);
      const part = bytes.subarray(offset, end === -1 ? bytes.length : end);
      if (this.#pieceBytes + part.length > maxLineBytes) {
        this.failure = `line of more than ${maxLineBytes} bytes${end === -1 ? ' without an end' : ''}`;
        this.restart();
      } else if (end === -1) {
        // A copy: a small part of a large read would keep all of it alive.
        if (part.length > 0) this.#pieces.push(Buffer.from(part));
        this.#pieceBytes += part.length;
        return;
      } else {
        this.#endLine(part);
        offset = end + 1;
      }
    }
  }

  finish(): string | null {
    if (this.#pieceBytes > 0) this.#endLine(Buffer.alloc(0));
    return this.failure;
  }

  restart(): void {
    this.#pieces = [];
    this.#pieceBytes = 0;
  }

  #endLine(last: Buffer): void {
    const line = this.#pieceBytes === 0 ? last : Buffer.concat([...this.#pieces, last]);
    this.restart();
    const data = line.toString().trim();
    if (data === '') return;
    const id = idOf(data, this.#options.eventId);
    if (id !== undefined) this.lastEventId = id;
    this.#options.order.see(id, data);
    this.#options.onEvent({ id, data });
  }
}
