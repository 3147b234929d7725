import type { BodyReader, ReaderOptions } from './body-reader.ts';
import { maxEventBytes } from './event-reader.ts';
import { idOf } from './message-rules.ts';

/** Reads chunks: each is an event. A body that is sent without chunks is one event, at its end. */
export class ChunkReader implements BodyReader {
  failure: string | null = null;
  lastEventId = '';
  readonly retryMs = null;
  readonly #options: ReaderOptions;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  get isInside(): boolean {
    return this.#pieceBytes > 0;
  }

  push(bytes: Buffer): void {
    if (this.failure !== null) return;
    if (this.#pieceBytes + bytes.length > maxEventBytes) {
      this.failure = `chunk of more than ${maxEventBytes} bytes`;
      this.restart();
      return;
    }
    // A copy: a small part of a large read would keep all of it alive.
    this.#pieces.push(Buffer.from(bytes));
    this.#pieceBytes += bytes.length;
  }

  endChunk(): void {
    if (this.failure !== null || this.#pieceBytes === 0) return;
    const data = Buffer.concat(this.#pieces).toString();
    this.restart();
    const id = idOf(data, this.#options.eventId);
    if (id !== undefined) this.lastEventId = id;
    this.#options.order.see(id, data);
    this.#options.onEvent({ id, data });
  }

  finish(): string | null {
    this.endChunk();
    return this.failure;
  }

  restart(): void {
    this.#pieces = [];
    this.#pieceBytes = 0;
  }
}
