import type { Socket } from 'node:net';
import { messageOf } from '../errors.ts';
import type { BehaviourName, OpenStream, StreamEnding, StreamRequest } from '../model.ts';
import { type DialOptions, dial } from './dial.ts';
import { EventReader } from './event-reader.ts';
import {
  type PreparedRequest,
  parseTarget,
  prepareRequest,
  type RequestTarget,
  requestText,
} from './http-request.ts';
import { HttpResponseParser, type ResponseHead, type ResponseSink } from './http-response-parser.ts';
import { responseKind } from './response-kind.ts';
import { StreamLedger, type StreamOutcome } from './stream-ledger.ts';

/** A refusal's body is read so that the server can finish it, but not without an end. */
export const maxRefusalBytes = 64 * 1024;

/**
 * What tells one client from another. All streams of a behaviour share one, except where a behaviour has to remember
 * something of each stream: then each has manners of its own, and the others pay nothing for it.
 */
export interface RawStreamManners {
  behaviour: BehaviourName;
  /** How `end()` leaves: `fin` closes as a browser does, `rst` breaks off as a crash or a lost network does. */
  leave: 'fin' | 'rst';
  /** Of the request; default 1.1. */
  httpVersion?: '1.0';
  /** Requests sent back to back; default 1. Only the first response is read. */
  requestCount?: number;
  /** Ends its own side right behind the request, and reads on. */
  halfCloses?: true;
  /** Reads nothing, ever: neither a response nor its end. */
  neverReads?: true;
  /**
   * Takes at most so many bytes from the kernel at a time, into a buffer of its own, and none while it rests. Without
   * it, and over TLS, Node takes up to 64 KiB, and once more when it already rests.
   */
  readBytes?: number;
  /** Looks at no more than so many of the bytes it took at once; what it never looks at does not count. */
  pieceBytes?: number;
  /** Dials this instead of the request's target, which stays in Host and path. */
  via?: RequestTarget;
  /** Source address instead of the request's. */
  localAddress?: string;
  /** Called once the TCP connection stands, and TLS upon it, with the client's port. */
  afterConnect?(localPort: number): void;
  /** Called once the request is in the kernel's hands. */
  afterRequest?(stream: RawStream, request: StreamRequest): void;
  /** Called with each piece of an event stream's body, behind its events. */
  afterBody?(stream: RawStream, bytes: Buffer): void;
  /** Called when all that was received at once, head and framing included, has been looked at. */
  afterPiece?(stream: RawStream, bytes: Buffer, request: StreamRequest): void;
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
  /** Where a refusal wanted to send its client; null: it did not. */
  #redirect: string | null = null;
  #endTimer: NodeJS.Timeout | null = null;
  #restTimer: NodeJS.Timeout | null = null;

  constructor(request: StreamRequest, manners: RawStreamManners) {
    this.#manners = manners;
    this.#request = request;
    const { target, text } = requestOf(request, manners);
    this.#ledger = new StreamLedger(manners.behaviour, request.observer);
    const { socket, transport } = dial(manners.via ?? target, dialOptions(request, manners));
    this.#socket = socket;
    this.#transport = transport;
    this.#socket[owner] = this;
    socket.on(socket === transport ? 'connect' : 'secureConnect', onConnect);
    // A listener for 'data' would set it flowing.
    if (manners.neverReads) socket.pause();
    else socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    // An error of the TCP socket reaches the TLS socket too; here it must only not be uncaught.
    if (transport !== socket) transport.on('error', ignore);
    if (manners.halfCloses) socket.end(text, 'latin1');
    else if (manners.afterRequest === undefined) socket.write(text, 'latin1');
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
    this.#manners.afterConnect?.(this.#transport.localPort ?? 0);
  }

  received(bytes: Buffer): void {
    const { pieceBytes } = this.#manners;
    if (pieceBytes === undefined) {
      this.#look(bytes);
      return;
    }
    for (let offset = 0; offset < bytes.length && this.#response !== null; offset += pieceBytes) {
      this.#look(bytes.subarray(offset, offset + pieceBytes));
    }
  }

  #look(bytes: Buffer): void {
    const response = this.#response;
    if (response === null) return;
    this.#ledger.sawFirstByte();
    this.#ledger.byteCount += bytes.length;
    response.push(bytes);
    if (response.failure !== null) this.#conclude('protocol-error', response.failure);
    else if (response.complete) this.#conclude(this.#reader === null ? 'refused' : 'server-end', null);
    else this.#manners.afterPiece?.(this, bytes, this.#request);
  }

  onHead(head: ResponseHead): void {
    const { status, headers } = head;
    this.#ledger.sawHead(status, headers.get('retry-after'));
    const judged = responseKind(
      status,
      headers.get('content-type'),
      headers.get('content-encoding'),
      headers.get('location'),
    );
    if (judged.kind === 'protocol-error') this.#conclude('protocol-error', judged.error);
    if (judged.kind === 'refused') this.#redirect = judged.error;
    if (judged.kind === 'events' && this.#manners.httpVersion === '1.0' && headers.has('transfer-encoding')) {
      // RFC 9112 §6.1: such a client takes the chunks' sizes for a part of the body.
      this.#conclude('protocol-error', 'Transfer-Encoding in the response to an HTTP/1.0 request');
    } else if (judged.kind === 'events') {
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
    else this.#manners.afterBody?.(this, bytes);
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
    if (!this.#ledger.conclude(ending, error ?? this.#redirect)) return;
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

function requestOf({ url, headers }: StreamRequest, manners: RawStreamManners): PreparedRequest {
  const { httpVersion, requestCount } = manners;
  if (httpVersion === undefined && requestCount === undefined) return prepareRequest(url, headers);
  const target = parseTarget(url);
  return { target, text: requestText(target, headers, httpVersion).repeat(requestCount ?? 1) };
}

/** Nothing for the plain clients, of which there are thousands. */
function dialOptions(request: StreamRequest, manners: RawStreamManners): DialOptions | undefined {
  const { halfCloses, readBytes, localAddress = request.localAddress } = manners;
  if (halfCloses === undefined && readBytes === undefined && localAddress === undefined) return undefined;
  return {
    localAddress,
    localPort: manners.localAddress === undefined ? request.localPort : undefined,
    allowHalfOpen: halfCloses === true,
    onread:
      readBytes === undefined ? undefined : { buffer: Buffer.allocUnsafeSlow(readBytes), callback: onRead },
  };
}

function onConnect(this: OwnedSocket): void {
  this[owner]?.connected();
}

function onData(this: OwnedSocket, bytes: Buffer): void {
  this[owner]?.received(bytes);
}

/** Instead of 'data' where the bytes come into a buffer of our own, which the next read overwrites. */
function onRead(this: OwnedSocket, byteCount: number, buffer: Uint8Array): boolean {
  this[owner]?.received(Buffer.from(buffer.buffer, buffer.byteOffset, byteCount));
  return true;
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
  return error.errors.map((one) => messageOf(one)).join(', ');
}
