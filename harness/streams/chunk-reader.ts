import { maxEventBytes } from './event-reader.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { MessageReader } from './message-reader.ts';

/** Reads chunks: each is an event. A body that is sent without chunks is one event, at its end. */
export class ChunkReader extends MessageReader {
  readonly #chunk = new GrowingBuffer();

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
    if (this.failure === null && this.#chunk.length > 0) this.deliver(this.#chunk.take().toString());
  }

  finish(): string | null {
    this.endChunk();
    return this.failure;
  }

  restart(): void {
    this.#chunk.clear();
  }
}
