import { TextDecoder } from 'node:util';
import { createParser, type EventSourceParser } from 'eventsource-parser';
import type { BodyReader, ReaderOptions } from './body-reader.ts';
import type { EventOrder } from './event-order.ts';
import { EventPosition } from './event-position.ts';

/** A line without an end is a server's fault long before it is 4 MiB: the reference server skips lines over 1 MiB. */
export const maxLineBytes = 4 * 1024 * 1024;
/**
 * From one blank line to the next: a longest line and what belongs to it. Counted in bytes and not in text, and with `dataLineCostBytes` for
 * each line of data.
 */
export const maxEventBytes = maxLineBytes + 1024 * 1024;
/** A `data` line without text is six bytes, one more character, and 32 bytes of memory: 5 MiB of them would be 30 MB. */
const dataLineCostBytes = 32;
/**
 * Of an id or the name of an event, in UTF-16 units. An id goes back in a header, and nginx, unless told otherwise, takes none of
 * more than 8 KiB.
 */
export const maxFieldLength = 8 * 1024;
/** A timer of more than 2³¹ − 1 ms fires at once: a client that were to wait so long would come back without any pause. */
export const maxRetryMs = 2 ** 31 - 1;
/** Two line ends behind one another: LF or CR and then again; CRLF twice has an LF before a CR. */
const blankLines = ['\n\n', '\n\r', '\r\r'];
const LF = 10;
const CR = 13;
const D = 100;
/** V8 copies a slice shorter than this, and keeps the whole sliced text alive for a longer one. */
const slicedLength = 13;

/**
 * Turns the bytes of an event stream into events, and watches their order. `onEvent` may be called while `push`
 * runs. Memory is bounded: what is over `maxLineBytes` without a line's end, or over `maxEventBytes` without a blank line, is a
 * failure, and so are ids, names and retries that no client could use.
 */
export class EventReader implements BodyReader {
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
  #eventBytes = 0;
  /** The last byte so far; 0: none. */
  #lastByte = 0;
  /** The id of a block until it is known to have data or not. */
  #blockId: string | null = null;
  readonly #position: EventPosition | null;

  constructor({
    order,
    onEvent,
    watchesRetry = false,
    watchesPosition = false,
  }: Pick<ReaderOptions, 'order' | 'onEvent'> &
    Partial<Pick<ReaderOptions, 'watchesRetry' | 'watchesPosition'>>) {
    this.#position = watchesPosition ? new EventPosition() : null;
    this.#parser = createParser({
      onRetry: (retryMs) => {
        if (this.failure !== null) return;
        if (retryMs > maxRetryMs)
          this.failure = `retry of ${retryMs} ms: more than ${maxRetryMs} ms, the longest timer`;
        else if (watchesRetry) this.retryMs = retryMs;
      },
      onId: (id) => {
        if (this.failure !== null) return;
        if (id.length > maxFieldLength) {
          this.failure = `id of ${id.length} characters, more than ${maxFieldLength}`;
          return;
        }
        this.#anchor(order);
        this.#blockId = id;
        this.lastEventId = id;
      },
      onEvent: (event) => {
        if (this.failure !== null) return;
        if (event.event !== undefined && event.event.length > maxFieldLength) {
          this.failure = `event name of ${event.event.length} characters, more than ${maxFieldLength}`;
          return;
        }
        if (event.event === 'close' || event.event === 'reset') {
          if (event.event === 'reset') order.restart();
        } else {
          if (event.id === undefined) this.#anchor(order);
          this.#blockId = null;
          order.see(event.id, event.data);
        }
        onEvent(event);
      },
    });
  }

  get isInside(): boolean {
    return this.#position?.isInside ?? false;
  }

  push(bytes: Buffer): void {
    if (this.failure !== null || bytes.length === 0) return;
    this.#position?.push(bytes);
    this.#parser.feed(this.#decode(bytes));
    this.#guardLine(bytes);
    if (this.lastEventId.length >= slicedLength) {
      // UTF-16 there and back is exact for any text.
      this.lastEventId = Buffer.from(this.lastEventId, 'utf16le').toString('utf16le');
    }
  }

  /** Half an event at the end is none (the HTML standard, §9.2.6). */
  finish(): string | null {
    return this.failure;
  }

  /** The next bytes come from a new response: half an event of the last one is dropped, as a browser drops it. */
  restart(): void {
    this.#parser.reset();
    this.#decoder = null;
    this.#lineBytes = 0;
    this.#eventBytes = 0;
    this.#lastByte = 0;
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
    this.#guardEvent(bytes);
  }

  /** An event is kept until its blank line comes. */
  #guardEvent(bytes: Buffer): void {
    const [before, first, last] = [this.#lastByte, bytes[0] ?? 0, bytes[bytes.length - 1] ?? 0];
    this.#lastByte = last;
    // Nearly all chunks end with their event: nothing has to be searched for.
    if (last === LF && bytes[bytes.length - 2] === LF) {
      this.#eventBytes = 0;
      return;
    }
    // Behind an LF any line end is a blank line; behind a CR an LF is its other half, wherever a server cuts them apart.
    if ((before === LF && (first === CR || first === LF)) || (before === CR && first === CR))
      this.#eventBytes = 0;
    const end = Math.max(...blankLines.map((pair) => bytes.lastIndexOf(pair)));
    const from = end === -1 ? 0 : end + 2;
    const beginsLine = end === -1 && (before === LF || before === CR) && first === D;
    const lineCount = dataLineCount(bytes, from) + (beginsLine ? 1 : 0);
    this.#eventBytes =
      (end === -1 ? this.#eventBytes : 0) + bytes.length - from + dataLineCostBytes * lineCount;
    if (this.#eventBytes > maxEventBytes)
      this.failure ??= `event of more than ${maxEventBytes} bytes, with ${dataLineCostBytes} more for each line of data, without a blank line`;
  }
}

/** Lines that begin with a `d` in these bytes, from there on, behind the end of another. */
function dataLineCount(bytes: Buffer, from: number): number {
  let count = 0;
  for (const end of [LF, CR]) {
    for (let at = bytes.indexOf(end, Math.max(0, from - 1)); at !== -1; at = bytes.indexOf(end, at + 1))
      if (bytes[at + 1] === D) count += 1;
  }
  return count;
}
