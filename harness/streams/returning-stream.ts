import type { BehaviourName, OpenStream, StreamAnswer, StreamEnding, StreamRequest } from '../model.ts';
import type { BodyReader } from './body-reader.ts';
import { type Conversation, conversationOf } from './conversation.ts';
import type { Exchange, ExchangeOptions, ExchangeOver, ExchangeSink } from './exchange.ts';
import type { ResponseHead } from './http-response-parser.ts';
import { openExchange } from './open-exchange.ts';
import { createReader, endBehind, farewellOf, greet, judge, RefusalBody } from './reception.ts';
import { StreamLedger, type StreamOutcome } from './stream-ledger.ts';

/** The HTML standard leaves it to the browser: Chromium takes 3 seconds, Firefox 5. */
const DEFAULT_RETRY_MS = 3_000;

/** A timer of more than 2³¹ − 1 ms fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** What tells one client that comes back from another. All streams of a behaviour share one. */
export interface ReturningManners extends Pick<ExchangeOptions, 'shares'> {
  behaviour: BehaviourName;
  /** Leaves at the event by which the server ends the stream, as a page does, and does not wait for the end of the response. */
  leavesAtGoodbye?: true;
  /** How long to wait until the next connection, when the server asks for `retryMs`. */
  waitMs(retryMs: number, request: StreamRequest): number;
  /** Called when a connection is dialled. */
  afterDial?(stream: ReturningStream, request: StreamRequest): void;
  /** Called once, when the stream is opened and when it is over. */
  afterOpen?(stream: ReturningStream, request: StreamRequest): void;
  afterEnd?(stream: ReturningStream, request: StreamRequest): void;
}

/**
 * Lives as an EventSource does, for a fraction of its memory: when its connection ends or breaks, or cannot be made, it
 * waits and connects again with the `Last-Event-ID`, for ever if need be; at a status other than 200, a wrong content
 * type or an encoding it gives up. Unlike a page it does not close at `event: close`: it lets the server end the
 * response behind it, and does not come back then. It follows no redirects: one is a refusal.
 *
 * One record tells of all its connections, as that of `tab` does: counts are sums, `status` is the last one, first times
 * are those of the first connection, ids are followed across all of them. `end()` leaves with a FIN.
 */
export class ReturningStream implements OpenStream {
  readonly #manners: ReturningManners;
  readonly #request: StreamRequest;
  readonly #conversation: Conversation;
  readonly #ledger: StreamLedger;
  /** Null while it waits; then the timer is there. */
  #visit: Visit | null = null;
  #waitTimer: NodeJS.Timeout | null = null;
  #dropTimer: NodeJS.Timeout | null = null;
  /** Visits that are not yet closed: an old one may be, while the new one connects. */
  #openVisitCount = 0;
  #reader: BodyReader | null = null;
  /** Where a refusal wanted to send its client; null: it did not. */
  #redirect: string | null = null;
  /** Why its last connection broke; null: none did. */
  #lostBecause: string | null = null;

  constructor(request: StreamRequest, manners: ReturningManners) {
    this.#manners = manners;
    this.#request = request;
    this.#conversation = conversationOf(request.protocol);
    this.#ledger = new StreamLedger(manners.behaviour, request.observer, this.#conversation);
    this.#dial();
    manners.afterOpen?.(this, request);
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
    return this.#reader?.lastEventId ?? '';
  }

  end(): void {
    this.#conclude('client', null);
  }

  /** Breaks the connection off (RST) and comes back as after any other loss. Nothing, while it waits. */
  drop(): void {
    this.#lose('rst');
  }

  /** Drops this connection, if it is still there then, after `delayMs`. */
  dropAfter(delayMs: number): void {
    if (this.#visit !== null) this.#dropTimer ??= setTimeout(dropOwned, delayMs, this);
  }

  /** Throws what `openExchange` throws for the headers. */
  #dial(): void {
    this.#waitTimer = null;
    const { lastEventId } = this;
    const request = lastEventId === '' ? this.#request : { ...this.#request, lastEventId };
    this.#redirect = null;
    this.#visit = new Visit(this, this.#conversation, request, this.#manners);
    this.#openVisitCount += 1;
    this.#manners.afterDial?.(this, this.#request);
  }

  redial(): void {
    try {
      this.#dial();
    } catch (error) {
      // An id with a control character: a browser would not send it either.
      this.#conclude('protocol-error', (error as Error).message);
    }
  }

  received(byteCount: number): void {
    this.#ledger.sawFirstByte();
    this.#ledger.byteCount += byteCount;
  }

  /** Returns what reads the body. */
  sawHead(visit: Visit, head: ResponseHead, nonce: string): BodyReader | RefusalBody {
    const ledger = this.#ledger;
    const judged = judge(this.#conversation, head, nonce);
    ledger.sawHead(head.status, head.headers.get('retry-after'), judged.kind === 'events');
    if (judged.kind === 'protocol-error') this.#conclude('protocol-error', judged.error);
    if (judged.kind === 'refused') this.#redirect = judged.error;
    if (judged.kind !== 'events') return new RefusalBody(judged.kind);
    if (this.#reader === null) {
      this.#reader = createReader(this.#conversation, ledger, {
        send: (bytes) => this.#visit?.answer(bytes),
        watchesRetry: true,
        watchesPosition: false,
      });
    } else this.#reader.restart();
    greet(this.#conversation, this.#request.key, (bytes) => visit.write(bytes));
    return this.#reader;
  }

  /** A part of the body has been read. */
  read(reader: BodyReader): void {
    const end = endBehind(reader, this.#ledger, this.#manners.leavesAtGoodbye);
    if (end !== null) this.#conclude(end.ending, end.error);
  }

  /** All of a refusal is there. */
  refused(refusal: RefusalBody | null): void {
    this.#conclude('refused', refusal?.conclude(this.#ledger, this.#conversation.plan) ?? null);
  }

  over(visit: Visit, over: ExchangeOver): void {
    if (visit !== this.#visit) return;
    // What is not the protocol is a network error to an EventSource.
    if (over.how !== 'complete') this.#lose('fin', over.error);
    else if (visit.reader === null) this.refused(visit.refusal);
    else {
      // The last line may be the one that says so.
      const missing = visit.reader.finish();
      if (this.#ledger.closeReason !== null) this.#conclude('server-end', null);
      else this.#lose('fin', missing);
    }
  }

  closed(): void {
    this.#openVisitCount -= 1;
    this.#release();
  }

  /** The connection is over, the stream is not, unless the server has said goodbye before. */
  #lose(leave: 'fin' | 'rst', error: string | null = null): void {
    if (this.#visit === null || this.#ledger.ending !== null) return;
    if (this.#ledger.closeReason !== null) {
      this.#conclude(error === null ? 'client' : 'server-reset', error, leave);
      return;
    }
    const retryMs = this.#reader?.retryMs ?? DEFAULT_RETRY_MS;
    this.#hangUp(leave);
    this.#lostBecause = error ?? this.#lostBecause;
    this.#ledger.reconnectCount += 1;
    const waitMs = this.#manners.waitMs(retryMs, this.#request);
    this.#waitTimer = setTimeout(redialOwned, Math.min(waitMs, LONGEST_MS), this);
  }

  #hangUp(leave: 'fin' | 'rst'): void {
    if (this.#dropTimer !== null) clearTimeout(this.#dropTimer);
    this.#dropTimer = null;
    const visit = this.#visit;
    this.#visit = null;
    visit?.leave(leave);
  }

  #conclude(ending: StreamEnding, error: string | null, leave: 'fin' | 'rst' = 'fin'): void {
    const because = this.#redirect ?? (ending === 'client' ? this.#lostBecause : null);
    if (!this.#ledger.conclude(ending, error ?? because)) return;
    if (this.#waitTimer !== null) clearTimeout(this.#waitTimer);
    this.#waitTimer = null;
    if (!this.#ledger.hasAnswer && this.#reader !== null) this.#ledger.sawAnswer('accepted');
    const farewell =
      ending === 'client' ? farewellOf(this.#conversation, this.#ledger, this.#visit?.reader ?? null) : null;
    if (farewell !== null) this.#visit?.write(farewell);
    this.#hangUp(leave);
    this.#manners.afterEnd?.(this, this.#request);
    this.#release();
  }

  #release(): void {
    if (this.#ledger.ending !== null && this.#openVisitCount === 0) this.#ledger.release();
  }
}

/** One connection of a stream that comes back. */
class Visit implements ExchangeSink {
  readonly #stream: ReturningStream;
  readonly #exchange: Exchange;
  readonly #nonce: string;
  /** Null until the head says that the stream follows. */
  reader: BodyReader | null = null;
  /** Null until the head says that none follows. */
  refusal: RefusalBody | null = null;
  #hasLeft = false;

  constructor(
    stream: ReturningStream,
    conversation: Conversation,
    request: StreamRequest,
    manners: ReturningManners,
  ) {
    this.#stream = stream;
    this.#nonce = conversation.protocol.nonce?.() ?? '';
    this.#exchange = openExchange(conversation, request, this.#nonce, { shares: manners.shares }, this);
  }

  write(bytes: Buffer): void {
    this.#exchange.write(bytes);
  }

  answer(bytes: Buffer): void {
    this.#exchange.answer(bytes);
  }

  leave(how: 'fin' | 'rst'): void {
    this.#hasLeft = true;
    this.#exchange.leave(how);
  }

  onConnected(): void {
    // Nobody asks for the port of such a client.
  }

  onReceived(byteCount: number): void {
    if (!this.#hasLeft) this.#stream.received(byteCount);
  }

  onHead(head: ResponseHead): void {
    if (this.#hasLeft) return;
    const reads = this.#stream.sawHead(this, head, this.#nonce);
    if (reads instanceof RefusalBody) this.refusal = reads;
    else this.reader = reads;
  }

  onBody(bytes: Buffer): void {
    if (this.#hasLeft) return;
    if (this.reader === null) {
      if (this.refusal?.push(bytes)) this.#stream.refused(this.refusal);
      return;
    }
    this.reader.push(bytes);
    this.#stream.read(this.reader);
  }

  onChunkEnd(): void {
    if (this.#hasLeft || this.reader?.endChunk === undefined) return;
    this.reader.endChunk();
    this.#stream.read(this.reader);
  }

  onPiece(): void {
    // It reads as fast as it can.
  }

  onOver(over: ExchangeOver): void {
    if (!this.#hasLeft) this.#stream.over(this, over);
  }

  onClosed(): void {
    this.#stream.closed();
  }
}

function redialOwned(stream: ReturningStream): void {
  stream.redial();
}

function dropOwned(stream: ReturningStream): void {
  stream.drop();
}
