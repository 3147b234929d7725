import { TextDecoder } from 'node:util';
import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser';
import type { EventOrder } from './event-order.ts';

/** A line without an end is a server's fault long before it is 4 MiB: the reference server skips lines over 1 MiB. */
export const maxLineBytes = 4 * 1024 * 1024;
/** Of an event in many `data` lines, in UTF-16 units: four of the longest lines. */
const maxEventLength = 4 * maxLineBytes;
const LF = 10;
const CR = 13;
/** V8 copies a slice shorter than this, and keeps the whole sliced text alive for a longer one. */
const slicedLength = 13;

/**
 * Turns the bytes of an event stream into events, and watches their order. `onEvent` may be called while `push`
 * runs. Memory is bounded: what is over `maxLineBytes` without a line's end is a failure.
 */
export class EventReader {
  /** What was wrong with the stream; null: nothing so far. */
  failure: string | null = null;
  /** As a browser keeps it for `Last-Event-ID`. */
  lastEventId = '';
  /** The last valid `retry`, in milliseconds; null: none has come, or nobody asked for it. */
  retryMs: number | null = null;
  readonly #parser: EventSourceParser;
  /** Made when a chunk ends inside a UTF-8 sequence, dropped when one does not: nearly all end in a line feed. */
  #decoder: TextDecoder | null = null;
  #lineBytes = 0;
  /** The id of a block until it is known to have data or not. */
  #blockId: string | null = null;

  /** `watchesRetry`: whether `retryMs` is wanted, at the cost of one more function a stream. */
  constructor(order: EventOrder, onEvent: (event: EventSourceMessage) => void, watchesRetry = false) {
    this.#parser = createParser({
      maxBufferSize: maxEventLength,
      onRetry: watchesRetry
        ? (retryMs) => {
            this.retryMs = retryMs;
          }
        : undefined,
      onId: (id) => {
        this.#anchor(order);
        this.#blockId = id;
        this.lastEventId = id;
      },
      onEvent: (event) => {
        if (event.event === 'close' || event.event === 'reset') {
          if (event.event === 'reset') order.restart();
        } else {
          if (event.id === undefined) this.#anchor(order);
          this.#blockId = null;
          order.see(event.id, event.data);
        }
        onEvent(event);
      },
      onError: (error) => {
        // All others are lines that the standard says to ignore.
        if (error.type !== 'max-buffer-size-exceeded') return;
        this.failure ??= `event of more than ${maxEventLength} characters`;
      },
    });
  }

  push(bytes: Buffer): void {
    if (this.failure !== null || bytes.length === 0) return;
    this.#parser.feed(this.#decode(bytes));
    this.#guardLine(bytes);
    if (this.lastEventId.length >= slicedLength) {
      // UTF-16 there and back is exact for any text.
      this.lastEventId = Buffer.from(this.lastEventId, 'utf16le').toString('utf16le');
    }
  }

  /** The next bytes come from a new response: half an event of the last one is dropped, as a browser drops it. */
  restart(): void {
    this.#parser.reset();
    this.#decoder = null;
    this.#lineBytes = 0;
  }

  /** A block with an id but no data is no event, yet it moves the id: without this the next event would be a gap. */
  #anchor(order: EventOrder): void {
    if (this.#blockId !== null) order.anchor(this.#blockId);
    this.#blockId = null;
  }

  #decode(bytes: Buffer): string {
    const endsInAscii = (bytes[bytes.length - 1] ?? 0) < 0x80;
    // Same replacement of invalid bytes as TextDecoder, without an ICU converter for each stream.
    if (endsInAscii && this.#decoder === null) return bytes.toString();
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true });
    const text = this.#decoder.decode(bytes, { stream: true });
    if (endsInAscii) this.#decoder = null;
    return text;
  }

  /** Besides the parser's own bound: it throws away lines that can be no field, and waits for their end for ever. */
  #guardLine(bytes: Buffer): void {
    const lastLf = bytes.lastIndexOf(LF);
    const lineEnd = lastLf === -1 ? bytes.lastIndexOf(CR) : lastLf;
    this.#lineBytes = (lineEnd === -1 ? this.#lineBytes : -1 - lineEnd) + bytes.length;
    if (this.#lineBytes > maxLineBytes)
      this.failure ??= `line of more than ${maxLineBytes} bytes without an end`;
  }
}
