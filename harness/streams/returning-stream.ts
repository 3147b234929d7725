import type { Socket } from 'node:net';
import type { BehaviourName, OpenStream, StreamEnding, StreamRequest } from '../model.ts';
import { dial } from './dial.ts';
import { EventReader } from './event-reader.ts';
import { parseTarget, requestText } from './http-request.ts';
import { HttpResponseParser, type ResponseHead, type ResponseSink } from './http-response-parser.ts';
import { maxRefusalBytes } from './raw-stream.ts';
import { responseKind } from './response-kind.ts';
import { StreamLedger, type StreamOutcome } from './stream-ledger.ts';

/** The HTML standard leaves it to the browser: Chromium takes 3 seconds, Firefox 5. */
const DEFAULT_RETRY_MS = 3_000;

/** A timer of more than 2³¹ − 1 ms fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** What tells one client that comes back from another. All streams of a behaviour share one. */
export interface ReturningManners {
  behaviour: BehaviourName;
  /** How long to wait until the next connection, when the server asks for `retryMs`. */
  waitMs(retryMs: number, request: StreamRequest): number;
  /** Called when a connection is dialled. */
  afterDial?(stream: ReturningStream, request: StreamRequest): void;
  /** Called once, when the stream is opened and when it is over. */
  afterOpen?(stream: ReturningStream, request: StreamRequest): void;
  afterEnd?(stream: ReturningStream, request: StreamRequest): void;
}

const owner = Symbol('stream');
type OwnedSocket = Socket & { [owner]?: ReturningStream };

/**
 * Lives as an EventSource does, for a fraction of its memory: when its connection ends or breaks, or cannot be made, it
 * waits and connects again with the `Last-Event-ID`, for ever if need be; at a status other than 200, a wrong content
 * type or an encoding it gives up. Unlike a page it does not close at `event: close`: it lets the server end the
 * response behind it, and does not come back then. It follows no redirects: one is a refusal.
 *
 * One record tells of all its connections, as that of `tab` does: counts are sums, `status` is the last one, first times
 * are those of the first connection, ids are followed across all of them. `end()` leaves with a FIN.
 */
export class ReturningStream implements OpenStream, ResponseSink {
  readonly #manners: ReturningManners;
  readonly #request: StreamRequest;
  readonly #ledger: StreamLedger;
  /** Null while it waits; then the timer is there. */
  #socket: OwnedSocket | null = null;
  #transport: Socket | null = null;
  #waitTimer: NodeJS.Timeout | null = null;
  #dropTimer: NodeJS.Timeout | null = null;
  /** Sockets that are not yet closed: an old one may be, while the new one connects. */
  #openSocketCount = 0;
  #response: HttpResponseParser | null = null;
  #reader: EventReader | null = null;
  #isEvents = false;
  #refusalBytes = 0;
  /** Where a refusal wanted to send its client; null: it did not. */
  #redirect: string | null = null;
  /** Why its last connection broke; null: none did. */
  #lostBecause: string | null = null;

  constructor(request: StreamRequest, manners: ReturningManners) {
    this.#manners = manners;
    this.#request = request;
    this.#ledger = new StreamLedger(manners.behaviour, request.observer);
    this.#dial();
    manners.afterOpen?.(this, request);
  }

  get answered(): Promise<number | null> {
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
    if (this.#socket !== null) this.#dropTimer ??= setTimeout(dropOwned, delayMs, this);
  }

  /** Throws what `requestText` throws for the headers. */
  #dial(): void {
    this.#waitTimer = null;
    const { url, headers, localAddress } = this.#request;
    const target = parseTarget(url);
    const text = requestText(target, this.#resuming(headers));
    const { socket, transport } = dial(target, { localAddress });
    this.#socket = socket;
    this.#transport = transport;
    this.#socket[owner] = this;
    this.#openSocketCount += 1;
    this.#response = new HttpResponseParser(this);
    this.#isEvents = false;
    this.#refusalBytes = 0;
    this.#redirect = null;
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    if (transport !== socket) transport.on('error', ignore);
    socket.write(text, 'latin1');
    this.#manners.afterDial?.(this, this.#request);
  }

  #resuming(headers: Record<string, string>): Record<string, string> {
    const { lastEventId } = this;
    if (lastEventId === '') return headers;
    // The standard has it sent as UTF-8; a header goes out as Latin-1.
    return { ...headers, 'Last-Event-ID': Buffer.from(lastEventId).toString('latin1') };
  }

  redial(): void {
    try {
      this.#dial();
    } catch (error) {
      // An id with a control character: a browser would not send it either.
      this.#conclude('protocol-error', (error as Error).message);
    }
  }

  received(socket: Socket, bytes: Buffer): void {
    const response = this.#response;
    if (response === null || socket !== this.#socket) return;
    this.#ledger.sawFirstByte();
    this.#ledger.byteCount += bytes.length;
    response.push(bytes);
    // What is no HTTP is a network error to an EventSource.
    if (response.failure !== null) this.#lose('fin', response.failure);
    else if (response.complete) this.#responseEnded();
  }

  onHead({ status, headers }: ResponseHead): void {
    this.#ledger.sawHead(status, headers.get('retry-after'));
    const judged = responseKind(
      status,
      headers.get('content-type'),
      headers.get('content-encoding'),
      headers.get('location'),
    );
    if (judged.kind === 'protocol-error') this.#conclude('protocol-error', judged.error);
    if (judged.kind === 'refused') this.#redirect = judged.error;
    if (judged.kind !== 'events') return;
    this.#isEvents = true;
    const ledger = this.#ledger;
    if (this.#reader === null) {
      this.#reader = new EventReader(ledger.order, (event) => ledger.sawEvent(event), true);
    } else this.#reader.restart();
  }

  onBody(bytes: Buffer): void {
    if (this.#ledger.ending !== null) return;
    if (!this.#isEvents || this.#reader === null) {
      this.#refusalBytes += bytes.length;
      if (this.#refusalBytes > maxRefusalBytes) this.#conclude('refused', null);
      return;
    }
    this.#reader.push(bytes);
    if (this.#reader.failure !== null) this.#conclude('protocol-error', this.#reader.failure);
  }

  finished(socket: Socket): void {
    if (socket !== this.#socket) return;
    const cut = this.#response?.finish() ?? null;
    if (cut === null) this.#responseEnded();
    else this.#lose('fin', cut);
  }

  failed(socket: OwnedSocket, error: Error): void {
    if (socket === this.#socket) this.#lose('fin', error.message);
    // A reset that the kernel did not carry out is told as an error, and no 'close' follows it.
    else this.closed(socket);
  }

  closed(socket: OwnedSocket): void {
    if (socket === this.#socket) this.#lose('fin', 'the connection was closed');
    if (socket[owner] === undefined) return;
    delete socket[owner];
    this.#openSocketCount -= 1;
    this.#release();
  }

  #responseEnded(): void {
    if (!this.#isEvents) this.#conclude('refused', null);
    else if (this.#ledger.closeReason !== null) this.#conclude('server-end', null);
    else this.#lose('fin');
  }

  /** The connection is over, the stream is not, unless the server has said goodbye before. */
  #lose(leave: 'fin' | 'rst', error: string | null = null): void {
    if (this.#socket === null || this.#ledger.ending !== null) return;
    if (this.#ledger.closeReason !== null) {
      this.#conclude(error === null ? 'client' : 'server-reset', error, leave);
      return;
    }
    this.#hangUp(leave);
    this.#lostBecause = error ?? this.#lostBecause;
    this.#ledger.reconnectCount += 1;
    const retryMs = this.#reader?.retryMs ?? DEFAULT_RETRY_MS;
    const waitMs = this.#manners.waitMs(retryMs, this.#request);
    this.#waitTimer = setTimeout(redialOwned, Math.min(waitMs, LONGEST_MS), this);
  }

  #hangUp(leave: 'fin' | 'rst'): void {
    if (this.#dropTimer !== null) clearTimeout(this.#dropTimer);
    this.#dropTimer = null;
    this.#response = null;
    const socket = this.#socket;
    const transport = this.#transport;
    this.#socket = null;
    this.#transport = null;
    // While it connects there is nothing to reset, and Node's resetAndDestroy would wait for the connection.
    if (leave === 'rst' && transport !== null && !transport.connecting) transport.resetAndDestroy();
    socket?.destroy();
  }

  #conclude(ending: StreamEnding, error: string | null, leave: 'fin' | 'rst' = 'fin'): void {
    const because = this.#redirect ?? (ending === 'client' ? this.#lostBecause : null);
    if (!this.#ledger.conclude(ending, error ?? because)) return;
    if (this.#waitTimer !== null) clearTimeout(this.#waitTimer);
    this.#waitTimer = null;
    this.#hangUp(leave);
    this.#manners.afterEnd?.(this, this.#request);
    this.#release();
  }

  #release(): void {
    if (this.#ledger.ending !== null && this.#openSocketCount === 0) this.#ledger.release();
  }
}

function onData(this: OwnedSocket, bytes: Buffer): void {
  this[owner]?.received(this, bytes);
}

function onEnd(this: OwnedSocket): void {
  this[owner]?.finished(this);
}

function onError(this: OwnedSocket, error: Error): void {
  this[owner]?.failed(this, error);
}

function onClose(this: OwnedSocket): void {
  this[owner]?.closed(this);
}

function redialOwned(stream: ReturningStream): void {
  stream.redial();
}

function dropOwned(stream: ReturningStream): void {
  stream.drop();
}

function ignore(): void {}
