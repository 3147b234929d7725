import type { BodyReader, ReaderOptions } from './body-reader.ts';
import { maxLineBytes } from './event-reader.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { idOf } from './message-rules.ts';

const LF = 10;

/** Reads lines: each that is not blank is an event, the last one also without an end. Lines end in LF or CRLF. */
export class LineReader implements BodyReader {
  failure: string | null = null;
  lastEventId = '';
  readonly retryMs = null;
  readonly #options: ReaderOptions;
  /** The line so far. */
  readonly #line = new GrowingBuffer();

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  get isInside(): boolean {
    return this.#line.length > 0;
  }

  push(bytes: Buffer): void {
    let offset = 0;
    while (this.failure === null) {
      const end = bytes.indexOf(LF, offset);
      const part = bytes.subarray(offset, end === -1 ? bytes.length : end);
      if (this.#line.length + part.length > maxLineBytes) {
        this.failure = `line of more than ${maxLineBytes} bytes${end === -1 ? ' without an end' : ''}`;
        this.restart();
      } else if (end === -1) {
        if (part.length > 0) this.#line.append(part);
        return;
      } else {
        this.#endLine(part);
        offset = end + 1;
      }
    }
  }

  finish(): string | null {
    if (this.#line.length > 0) this.#endLine(Buffer.alloc(0));
    return this.failure;
  }

  restart(): void {
    this.#line.clear();
  }

  #endLine(last: Buffer): void {
    if (this.#line.length > 0) this.#line.append(last);
    const line = this.#line.length > 0 ? this.#line.take() : last;
    const data = line.toString().trim();
    if (data === '') return;
    const id = idOf(data, this.#options.eventId);
    if (id !== undefined) this.lastEventId = id;
    this.#options.order.see(id, data);
    this.#options.onEvent({ id, data });
  }
}
