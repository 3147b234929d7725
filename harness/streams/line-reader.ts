import { maxLineBytes } from './event-reader.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { MessageReader } from './message-reader.ts';

const LF = 10;

/** Reads lines: each that is not blank is an event, the last one also without an end. Lines end in LF or CRLF. */
export class LineReader extends MessageReader {
  /** The line so far. */
  readonly #line = new GrowingBuffer();

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
    if (data !== '') this.deliver(data);
  }
}
