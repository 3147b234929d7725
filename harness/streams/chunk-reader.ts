import type { BodyReader, ReaderOptions } from './body-reader.ts';
import { maxEventBytes } from './event-reader.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { idOf } from './message-rules.ts';

/** Reads chunks: each is an event. A body that is sent without chunks is one event, at its end. */
export class ChunkReader implements BodyReader {
  failure: string | null = null;
  lastEventId = '';
  readonly retryMs = null;
  readonly #options: ReaderOptions;
  readonly #chunk = new GrowingBuffer();

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  get isInside(): boolean {
    return this.#chunk.length > 0;
  }

  push(bytes: Buffer): void {
    if (this.failure !== null) return;
    if (this.#chunk.length + bytes.length > maxEventBytes) {
      this.failure = `chunk of more than ${maxEventBytes} bytes`;
      this.restart();
      return;
    }
    this.#chunk.append(bytes);
  }

  endChunk(): void {
    if (this.failure !== null || this.#chunk.length === 0) return;
    const data = this.#chunk.take().toString();
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
    this.#chunk.clear();
  }
}
