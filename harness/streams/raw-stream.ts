import type { Socket } from 'node:net';
import type { BehaviourName, OpenStream, StreamEnding, StreamRequest } from '../model.ts';
import { dial } from './dial.ts';
import { EventReader } from './event-reader.ts';
import { parseTarget, requestText } from './http-request.ts';
import { HttpResponseParser, type ResponseHead, type ResponseSink } from './http-response-parser.ts';
import { responseKind } from './response-kind.ts';
import { StreamLedger, type StreamOutcome } from './stream-ledger.ts';

/** A refusal's body is read so that the server can finish it, but not without an end. */
export const maxRefusalBytes = 64 * 1024;

/** What tells one client from another. Shared by all streams of a behaviour: it holds nothing of any of them. */
export interface RawStreamManners {
  behaviour: BehaviourName;
  /** How `end()` leaves: `fin` closes as a browser does, `rst` breaks off as a crash or a lost network does. */
  leave: 'fin' | 'rst';
  /** Called once the request is in the kernel's hands. */
  afterRequest?(stream: RawStream, request: StreamRequest): void;
  /** Called behind each piece of an event stream's body. */
  afterBody?(stream: RawStream): void;
}

const owner = Symbol('stream');
type OwnedSocket = Socket & { [owner]?: RawStream };

/**
 * One event stream over a socket of its own. A bare socket costs about 7 KiB and this adds little to it: listeners
 * are shared functions, promises and parsers come when they are needed, timers not at all.
 */
export class RawStream implements OpenStream, ResponseSink {
  readonly #manners: RawStreamManners;
  readonly #request: StreamRequest;
  readonly #ledger: StreamLedger;
  readonly #socket: OwnedSocket;
  readonly #transport: Socket;
  #connected = false;
  #response: HttpResponseParser | null = new HttpResponseParser(this);
  /** Null until the head says that events follow. */
  #reader: EventReader | null = null;
  #lastEventId = '';
  #refusalBytes = 0;
  #endTimer: NodeJS.Timeout | null = null;
  #restTimer: NodeJS.Timeout | null = null;

  constructor(request: StreamRequest, manners: RawStreamManners) {
    this.#manners = manners;
    this.#request = request;
    const target = parseTarget(request.url);
    const text = requestText(target, request.headers);
    this.#ledger = new StreamLedger(manners.behaviour, request.observer);
    const { socket, transport } = dial(target);
    this.#socket = socket;
    this.#transport = transport;
    this.#socket[owner] = this;
    socket.on(target.secure ? 'secureConnect' : 'connect', onConnect);
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    // An error of the TCP socket reaches the TLS socket too; here it must only not be uncaught.
    if (transport !== socket) transport.on('error', ignore);
    if (manners.afterRequest === undefined) socket.write(text, 'latin1');
    else socket.write(text, 'latin1', this.#sent.bind(this));
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
    return this.#reader?.lastEventId ?? this.#lastEventId;
  }

  end(): void {
    this.#conclude('client', null);
  }

  /** Ends the stream by itself after `delayMs`; `end()` is then only faster. */
  endAfter(delayMs: number): void {
    if (this.#ledger.ending === null) this.#endTimer ??= setTimeout(endOwned, delayMs, this);
  }

  /** Reads nothing more. The kernel's buffers, at both ends, fill up from here on. */
  stall(): void {
    this.#socket.pause();
  }

  /** Reads nothing for a while. */
  rest(pauseMs: number): void {
    if (this.#ledger.ending !== null) return;
    this.#socket.pause();
    if (this.#restTimer === null) this.#restTimer = setTimeout(resumeOwned, pauseMs, this);
  }

  resume(): void {
    this.#restTimer = null;
    this.#socket.resume();
  }

  connected(): void {
    this.#connected = true;
  }

  received(bytes: Buffer): void {
    const response = this.#response;
    if (response === null) return;
    this.#ledger.sawFirstByte();
    this.#ledger.byteCount += bytes.length;
    response.push(bytes);
    if (response.failure !== null) this.#conclude('protocol-error', response.failure);
    else if (response.complete) this.#conclude(this.#reader === null ? 'refused' : 'server-end', null);
  }

  onHead(head: ResponseHead): void {
    const { status, headers } = head;
    this.#ledger.sawHead(status, headers.get('retry-after'));
    const judged = responseKind(status, headers.get('content-type'), headers.get('content-encoding'));
    if (judged.kind === 'protocol-error') this.#conclude('protocol-error', judged.error);
    if (judged.kind === 'events') {
      const ledger = this.#ledger;
      this.#reader = new EventReader(ledger.order, (event) => ledger.sawEvent(event));
    }
  }

  onBody(bytes: Buffer): void {
    if (this.#ledger.ending !== null) return;
    if (this.#reader === null) {
      this.#refusalBytes += bytes.length;
      if (this.#refusalBytes > maxRefusalBytes) this.#conclude('refused', null);
      return;
    }
    this.#reader.push(bytes);
    if (this.#reader.failure !== null) this.#conclude('protocol-error', this.#reader.failure);
    else this.#manners.afterBody?.(this);
  }

  finished(): void {
    const cut = this.#response === null ? null : this.#response.finish();
    if (!this.#connected) this.#conclude('connect-failed', 'the connection was closed in the TLS handshake');
    else if (cut !== null) this.#conclude('server-reset', cut);
    else this.#conclude(this.#reader === null ? 'refused' : 'server-end', null);
  }

  failed(error: NodeJS.ErrnoException): void {
    if (this.#ledger.ending !== null) {
      // A reset that the kernel did not carry out is told as an error, and no 'close' follows it.
      if (this.#manners.leave === 'rst') this.#ledger.release();
    } else if (this.#connected) this.#conclude('server-reset', error.message);
    else this.#conclude('connect-failed', describeConnectError(error));
  }

  closed(): void {
    this.#conclude('server-reset', 'the connection was closed');
    this.#ledger.release();
  }

  #sent(error?: Error | null): void {
    if (!error) this.#manners.afterRequest?.(this, this.#request);
  }

  /** The only way out: whoever comes first says how the stream ended, and closes the socket. */
  #conclude(ending: StreamEnding, error: string | null): void {
    if (!this.#ledger.conclude(ending, error)) return;
    if (this.#endTimer !== null) clearTimeout(this.#endTimer);
    this.#endTimer = null;
    if (this.#restTimer !== null) clearTimeout(this.#restTimer);
    this.#restTimer = null;
    this.#lastEventId = this.lastEventId;
    this.#response = null;
    // While it connects there is nothing to reset, and Node's resetAndDestroy would wait for the connection.
    if (ending === 'client' && this.#manners.leave === 'rst' && !this.#transport.connecting) {
      this.#transport.resetAndDestroy();
    }
    this.#socket.destroy();
  }
}

/**
 * Opens an event stream over a raw socket. Throws `usage` for a URL that is not http(s) and for malformed headers;
 * whatever the server does is told by the stream's record.
 */
export function openRawStream(request: StreamRequest, manners: RawStreamManners): RawStream {
  return new RawStream(request, manners);
}

function onConnect(this: OwnedSocket): void {
  this[owner]?.connected();
}

function onData(this: OwnedSocket, bytes: Buffer): void {
  this[owner]?.received(bytes);
}

function onEnd(this: OwnedSocket): void {
  this[owner]?.finished();
}

function onError(this: OwnedSocket, error: Error): void {
  this[owner]?.failed(error);
}

function onClose(this: OwnedSocket): void {
  this[owner]?.closed();
}

function endOwned(stream: RawStream): void {
  stream.end();
}

function resumeOwned(stream: RawStream): void {
  stream.resume();
}

function ignore(): void {}

/** A host with several addresses fails with an AggregateError, whose own message is empty. */
function describeConnectError(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join(', ');
}
