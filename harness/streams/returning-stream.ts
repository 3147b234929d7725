import type { BehaviourName, OpenStream, StreamAnswer, StreamEnding, StreamRequest } from '../model.ts';
import type { BodyReader } from './body-reader.ts';
import { type Conversation, conversationOf, refusingError } from './conversation.ts';
import type { Exchange, ExchangeOptions, ExchangeOver, ExchangeSink } from './exchange.ts';
import type { ResponseHead } from './http-response-parser.ts';
import { openExchange } from './open-exchange.ts';
import { maxRefusalBytes } from './raw-stream.ts';
import { mediaTypeOf } from './response-kind.ts';
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
  /** The code of the server's close frame. */
  #closeCode: number | null = null;
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

  /** Returns what reads the body; null: it is a refusal's. */
  sawHead(visit: Visit, head: ResponseHead, nonce: string): BodyReader | null {
    const { plan, protocol, refusesLate } = this.#conversation;
    const judged = protocol.judge(head, nonce);
    const ledger = this.#ledger;
    ledger.sawHead(head.status, head.headers.get('retry-after'), judged.kind === 'events');
    const isJson = mediaTypeOf(head.headers.get('content-type')) === 'application/json';
    if (refusesLate && head.status === 200 && isJson && judged.kind !== 'events') visit.refusalText = '';
    else if (judged.kind === 'protocol-error') this.#conclude('protocol-error', judged.error);
    if (judged.kind === 'refused') this.#redirect = judged.error;
    if (judged.kind !== 'events') return null;
    if (this.#reader === null) {
      this.#reader = protocol.createReader({
        order: ledger.order,
        onEvent: (event) => {
          if (ledger.ending === null) ledger.sawEvent(event);
        },
        onGoodbye: (code, reason) => {
          this.#closeCode = code;
          ledger.sawGoodbye(reason === '' ? `code ${code}` : reason);
        },
        send: (bytes) => this.#visit?.answer(bytes),
        replies: plan.replies,
        eventId: plan.eventId,
        watchesRetry: true,
        watchesPosition: false,
      });
    } else this.#reader.restart();
    for (const message of plan.sends) {
      const bytes = protocol.message?.(message.replaceAll('{key}', this.#request.key ?? ''));
      if (bytes !== undefined) visit.write(bytes);
    }
    return this.#reader;
  }

  /** A part of the body has been read. */
  read(reader: BodyReader): void {
    if (reader.failure !== null) this.#conclude('protocol-error', reader.failure);
    else if (this.#manners.leavesAtGoodbye && this.#ledger.closeReason !== null)
      this.#conclude('server-end', null);
  }

  /** All of a refusal is there. `text`: its body, where that says whether it is one; null: its status has said so. */
  refused(text: string | null): void {
    if (text === null) {
      this.#conclude('refused', null);
      return;
    }
    const error = refusingError(text, this.#conversation.plan);
    this.#ledger.sawAnswer(error === null ? 'other' : 'limited');
    this.#conclude('refused', error ?? 'a JSON text instead of a stream');
  }

  over(visit: Visit, over: ExchangeOver): void {
    if (visit !== this.#visit) return;
    // What is not the protocol is a network error to an EventSource.
    if (over.how !== 'complete') this.#lose('fin', over.error);
    else if (visit.reader === null) visit.refuse();
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
    const refusal = `close ${this.#closeCode}`;
    if (ending === 'server-end' && this.#conversation.plan.refusals.includes(refusal)) {
      if (this.#ledger.ending === null) this.#ledger.sawAnswer('limited');
      this.#conclude('refused', refusal, leave);
      return;
    }
    const because = this.#redirect ?? (ending === 'client' ? this.#lostBecause : null);
    if (!this.#ledger.conclude(ending, error ?? because)) return;
    if (this.#waitTimer !== null) clearTimeout(this.#waitTimer);
    this.#waitTimer = null;
    if (!this.#ledger.hasAnswer && this.#reader !== null) this.#ledger.sawAnswer('accepted');
    const { farewell } = this.#conversation.protocol;
    if (ending === 'client' && this.#visit?.reader && this.#closeCode === null && farewell)
      this.#visit.write(farewell());
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
  /** The body of a refusal, where it says whether it is one; null: nobody looks at it. */
  refusalText: string | null = null;
  #refusalBytes = 0;
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

  refuse(): void {
    this.#stream.refused(
      this.refusalText === null ? null : Buffer.from(this.refusalText, 'latin1').toString(),
    );
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
    if (!this.#hasLeft) this.reader = this.#stream.sawHead(this, head, this.#nonce);
  }

  onBody(bytes: Buffer): void {
    if (this.#hasLeft) return;
    if (this.reader === null) {
      this.#refusalBytes += bytes.length;
      if (this.refusalText !== null) this.refusalText += bytes.toString('latin1');
      if (this.#refusalBytes > maxRefusalBytes) this.refuse();
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
