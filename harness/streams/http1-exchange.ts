import type { Socket } from 'node:net';
import { messageOf } from '../errors.ts';
import { type DialOptions, dial } from './dial.ts';
import type { Exchange, ExchangeOptions, ExchangeSink } from './exchange.ts';
import type { RequestTarget } from './http-request.ts';
import { HttpResponseParser, type ResponseHead, type ResponseSink } from './http-response-parser.ts';

/** Of answers that the server does not take. Each is a few bytes, and costs Node hundreds. */
const MOST_WAITING_BYTES = 16 * 1024;

const owner = Symbol('exchange');
type OwnedSocket = Socket & { [owner]?: Http1Exchange };

/**
 * One request over a socket of its own. A bare socket costs about 7 KiB and this adds little to it: listeners are shared
 * functions, and what is not needed is not made.
 */
export class Http1Exchange implements Exchange, ResponseSink {
  readonly #sink: ExchangeSink;
  readonly #socket: OwnedSocket;
  readonly #transport: Socket;
  readonly #pieceBytes: number | undefined;
  #isConnected = false;
  /** Null once it is over, or has been left. */
  #response: HttpResponseParser | null;
  #left: 'fin' | 'rst' | null = null;
  #isClosed = false;

  /**
   * @param text the request, in Latin-1
   * @param switches whether a 101 is an answer, and the bytes behind it are the body
   */
  constructor(
    target: RequestTarget,
    text: string,
    options: ExchangeOptions,
    switches: boolean,
    sink: ExchangeSink,
  ) {
    this.#sink = sink;
    this.#response = new HttpResponseParser(this, switches);
    this.#pieceBytes = options.pieceBytes;
    const { socket, transport } = dial(options.via ?? target, dialOptions(options));
    this.#socket = socket;
    this.#transport = transport;
    this.#socket[owner] = this;
    socket.on(socket === transport ? 'connect' : 'secureConnect', onConnect);
    // A listener for 'data' would set it flowing.
    if (options.neverReads) socket.pause();
    else socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    const { onSent } = options;
    if (options.halfCloses) socket.end(text, 'latin1');
    else if (onSent === undefined) socket.write(text, 'latin1');
    else socket.write(text, 'latin1', (error) => error || onSent());
  }

  get localPort(): number {
    return this.#transport.localPort ?? 0;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  answer(bytes: Buffer): void {
    if (this.#socket.writableLength <= MOST_WAITING_BYTES) this.write(bytes);
  }

  leave(how: 'fin' | 'rst'): void {
    if (this.#left !== null) return;
    this.#left = how;
    this.#response = null;
    // While it connects there is nothing to reset, and Node's resetAndDestroy would wait for the connection.
    if (how === 'rst' && !this.#transport.connecting) this.#transport.resetAndDestroy();
    this.#socket.destroy();
  }

  onHead(head: ResponseHead): void {
    if (this.#response !== null) this.#sink.onHead(head);
  }

  onBody(bytes: Buffer): void {
    if (this.#response !== null) this.#sink.onBody(bytes);
  }

  onChunkEnd(): void {
    if (this.#response !== null) this.#sink.onChunkEnd();
  }

  connected(): void {
    this.#isConnected = true;
    if (this.#left === null) this.#sink.onConnected();
  }

  received(bytes: Buffer): void {
    const pieceBytes = this.#pieceBytes;
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
    this.#sink.onReceived(bytes.length);
    response.push(bytes);
    // Who looked at what was in it may have left.
    if (this.#response === null) return;
    if (response.failure !== null) this.#over({ how: 'malformed', error: response.failure });
    else if (response.complete) this.#over({ how: 'complete' });
    else this.#sink.onPiece(bytes);
  }

  finished(): void {
    if (this.#response === null) return;
    const cut = this.#response.finish();
    if (!this.#isConnected)
      this.#over({ how: 'connect-failed', error: 'the connection was closed in the TLS handshake' });
    else this.#over(cut === null ? { how: 'complete' } : { how: 'cut', error: cut });
  }

  failed(error: NodeJS.ErrnoException): void {
    // A reset that the kernel did not carry out is told as an error, and no 'close' follows it.
    if (this.#left === 'rst') this.#close();
    else if (this.#isConnected) this.#over({ how: 'cut', error: error.message });
    else this.#over({ how: 'connect-failed', error: describeConnectError(error) });
  }

  closed(): void {
    this.#over({ how: 'cut', error: 'the connection was closed' });
    this.#close();
  }

  #over(over: Parameters<ExchangeSink['onOver']>[0]): void {
    if (this.#response === null) return;
    this.#response = null;
    this.#sink.onOver(over);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sink.onClosed();
  }
}

/** Nothing for the plain clients, of which there are thousands. */
function dialOptions({
  halfCloses,
  readBytes,
  localAddress,
  localPort,
}: ExchangeOptions): DialOptions | undefined {
  if (halfCloses === undefined && readBytes === undefined && localAddress === undefined) return undefined;
  return {
    localAddress,
    localPort,
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

/** A host with several addresses fails with an AggregateError, whose own message is empty. */
export function describeConnectError(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((one) => messageOf(one)).join(', ');
}
