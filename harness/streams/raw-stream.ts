import type { BehaviourName, OpenStream, StreamAnswer, StreamEnding, StreamRequest } from '../model.ts';
import type { BodyReader } from './body-reader.ts';
import { type Conversation, conversationOf } from './conversation.ts';
import type { Exchange, ExchangeOptions, ExchangeOver, ExchangeSink } from './exchange.ts';
import type { ResponseHead } from './http-response-parser.ts';
import { openExchange } from './open-exchange.ts';
import { createReader, endBehind, farewellOf, greet, judge, RefusalBody } from './reception.ts';
import { StreamLedger, type StreamOutcome } from './stream-ledger.ts';

/** How long the server gets to close a connection whose client has said goodbye. */
const FAREWELL_MS = 1000;

/**
 * What tells one client from another. All streams of a behaviour share one, except where a behaviour has to remember
 * something of each stream: then each has manners of its own, and the others pay nothing for it.
 */
export interface RawStreamManners
  extends Pick<
    ExchangeOptions,
    'via' | 'localAddress' | 'halfCloses' | 'neverReads' | 'readBytes' | 'pieceBytes' | 'shares'
  > {
  behaviour: BehaviourName;
  /** How `end()` leaves: `fin` closes as a browser does, `rst` breaks off as a crash or a lost network does. */
  leave: 'fin' | 'rst';
  /** Of the request; default 1.1. */
  httpVersion?: '1.0';
  /** Requests sent back to back; default 1. Only the first response is read. */
  requestCount?: number;
  /** Leaves at the event by which the server ends the stream, and does not wait for the end of the response. */
  leavesAtGoodbye?: true;
  /** Whether `isInsideEvent` is wanted. */
  watchesPosition?: true;
  /** Called once the TCP connection stands, and TLS upon it, with the client's port. */
  afterConnect?(localPort: number): void;
  /** Called once the request is in the kernel's hands. */
  afterRequest?(stream: RawStream, request: StreamRequest): void;
  /** Called with each piece of an accepted stream's body, behind its events. */
  afterBody?(stream: RawStream, bytes: Buffer): void;
  /** Called when all that was received at once, head and framing included, has been looked at. */
  afterPiece?(stream: RawStream, bytes: Buffer, request: StreamRequest): void;
}

/** One stream over one exchange. Promises and readers come when they are needed, timers not at all. */
export class RawStream implements OpenStream, ExchangeSink {
  readonly #manners: RawStreamManners;
  readonly #request: StreamRequest;
  readonly #conversation: Conversation;
  readonly #ledger: StreamLedger;
  readonly #exchange: Exchange;
  readonly #nonce: string;
  /** Null until the head says that the stream follows. */
  #reader: BodyReader | null = null;
  #lastEventId = '';
  /** Null until the head says that none follows. */
  #refusal: RefusalBody | null = null;
  /** Where a refusal wanted to send its client; null: it did not. */
  #redirect: string | null = null;
  #endTimer: NodeJS.Timeout | null = null;
  #restTimer: NodeJS.Timeout | null = null;
  #farewellTimer: NodeJS.Timeout | null = null;

  constructor(request: StreamRequest, manners: RawStreamManners) {
    this.#manners = manners;
    this.#request = request;
    this.#conversation = conversationOf(request.protocol);
    this.#ledger = new StreamLedger(manners.behaviour, request.observer, this.#conversation);
    this.#nonce = this.#conversation.protocol.nonce?.() ?? '';
    const { afterRequest } = manners;
    const onSent = afterRequest === undefined ? undefined : () => afterRequest(this, request);
    this.#exchange = openExchange(this.#conversation, request, this.#nonce, manners, this, onSent);
  }

  get answered(): Promise<StreamAnswer | null> {
    return this.#ledger.answered.promise;
  }

  get firstEvent(): Promise<boolean> {
    return this.#ledger.firstEvent.promise;
  }

  receives(count: number): Promise<boolean> {
    return this.#ledger.receives(count);
  }

  get ended(): Promise<StreamOutcome> {
    return this.#ledger.ended.promise;
  }

  get eventCount(): number {
    return this.#ledger.eventCount;
  }

  get lastEventId(): string {
    return this.#reader?.lastEventId ?? this.#lastEventId;
  }

  /** Whether what was looked at so far ends inside an event. */
  get isInsideEvent(): boolean {
    return this.#reader?.isInside ?? false;
  }

  end(): void {
    this.#conclude('client', null);
  }

  /** Ends the stream, though not as it should have: `error` says why. */
  abandon(error: string): void {
    this.#conclude('client', error);
  }

  /** Ends the stream by itself after `delayMs`; `end()` is then only faster. */
  endAfter(delayMs: number): void {
    if (this.#ledger.ending === null) this.#endTimer ??= setTimeout(endOwned, delayMs, this);
  }

  /** Reads nothing more. The kernel's buffers, at both ends, fill up from here on. */
  stall(): void {
    this.#exchange.pause();
  }

  /** Reads nothing for a while. */
  rest(pauseMs: number): void {
    if (this.#ledger.ending !== null) return;
    this.#exchange.pause();
    if (this.#restTimer === null) this.#restTimer = setTimeout(resumeOwned, pauseMs, this);
  }

  resume(): void {
    this.#restTimer = null;
    this.#exchange.resume();
  }

  onConnected(): void {
    this.#manners.afterConnect?.(this.#exchange.localPort);
  }

  onReceived(byteCount: number): void {
    if (this.#ledger.ending !== null) return;
    this.#ledger.sawFirstByte();
    this.#ledger.byteCount += byteCount;
  }

  onHead(head: ResponseHead): void {
    const { status, headers } = head;
    let judged = judge(this.#conversation, head, this.#nonce);
    if (judged.kind === 'events' && this.#manners.httpVersion === '1.0' && headers.has('transfer-encoding')) {
      // RFC 9112 §6.1: such a client takes the chunks' sizes for a part of the body.
      const error = 'Transfer-Encoding in the response to an HTTP/1.0 request';
      judged = { kind: 'protocol-error', error };
    }
    this.#ledger.sawHead(status, headers.get('retry-after'), judged.kind === 'events');
    if (judged.kind === 'events') {
      this.#reader = createReader(this.#conversation, this.#ledger, {
        send: (bytes) => this.#exchange.answer(bytes),
        watchesRetry: false,
        watchesPosition: this.#manners.watchesPosition === true,
      });
      greet(this.#conversation, this.#request.key, (bytes) => this.#exchange.write(bytes));
      return;
    }
    this.#refusal = new RefusalBody(judged.kind);
    if (judged.kind === 'protocol-error') this.#conclude('protocol-error', judged.error);
    else if (judged.kind === 'refused') this.#redirect = judged.error;
  }

  onBody(bytes: Buffer): void {
    if (this.#ledger.ending !== null) return;
    if (this.#reader === null) {
      if (this.#refusal?.push(bytes)) this.#refused();
      return;
    }
    this.#reader.push(bytes);
    this.#looked();
    if (this.#ledger.ending === null) this.#manners.afterBody?.(this, bytes);
  }

  onChunkEnd(): void {
    if (this.#reader?.endChunk === undefined || this.#ledger.ending !== null) return;
    this.#reader.endChunk();
    this.#looked();
  }

  #looked(): void {
    if (this.#reader === null) return;
    const end = endBehind(this.#reader, this.#ledger, this.#manners.leavesAtGoodbye);
    if (end !== null) this.#conclude(end.ending, end.error);
  }

  onPiece(bytes: Buffer): void {
    if (this.#ledger.ending === null) this.#manners.afterPiece?.(this, bytes, this.#request);
  }

  onOver(over: ExchangeOver): void {
    if (over.how !== 'complete') {
      const ending =
        over.how === 'malformed' ? 'protocol-error' : over.how === 'cut' ? 'server-reset' : over.how;
      this.#conclude(ending, over.error);
    } else if (this.#reader === null) {
      this.#refused();
    } else {
      const missing = this.#reader.finish();
      if (missing === null) this.#conclude('server-end', null);
      else this.#conclude(this.#reader.failure === null ? 'server-reset' : 'protocol-error', missing);
    }
    // Whoever had said goodbye was waiting for this.
    this.#leave('fin');
  }

  onClosed(): void {
    this.#ledger.release();
  }

  #refused(): void {
    this.#conclude('refused', this.#refusal?.conclude(this.#ledger, this.#conversation.plan) ?? null);
  }

  /** The only way out: whoever comes first says how the stream ended, and ends the exchange. */
  #conclude(ending: StreamEnding, error: string | null): void {
    if (!this.#ledger.conclude(ending, error ?? this.#redirect)) return;
    if (!this.#ledger.hasAnswer && this.#reader !== null) this.#ledger.sawAnswer('accepted');
    for (const timer of [this.#endTimer, this.#restTimer]) if (timer !== null) clearTimeout(timer);
    this.#lastEventId = this.lastEventId;
    const { leave } = this.#manners;
    const isOrderly = ending === 'client' && leave === 'fin';
    const farewell = isOrderly ? farewellOf(this.#conversation, this.#ledger, this.#reader) : null;
    if (farewell !== null) {
      this.#exchange.write(farewell);
      // A slow reader may be at rest.
      this.#exchange.resume();
      this.#farewellTimer = setTimeout(leaveOwned, FAREWELL_MS, this);
    } else this.#leave(ending === 'client' ? leave : 'fin');
    this.#reader = null;
  }

  leaveNow(): void {
    this.#leave('fin');
  }

  #leave(how: 'fin' | 'rst'): void {
    if (this.#farewellTimer !== null) clearTimeout(this.#farewellTimer);
    this.#farewellTimer = null;
    this.#exchange.leave(how);
  }
}

/**
 * Opens a stream that is nothing but one exchange. Throws `usage` for a URL that is not http(s) and for malformed headers;
 * whatever the server does is told by the stream's record.
 */
export function openRawStream(request: StreamRequest, manners: RawStreamManners): RawStream {
  return new RawStream(request, manners);
}

function endOwned(stream: RawStream): void {
  stream.end();
}

function resumeOwned(stream: RawStream): void {
  stream.resume();
}

function leaveOwned(stream: RawStream): void {
  stream.leaveNow();
}
