import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Exchange, ExchangeOptions, ExchangeOver, ExchangeSink } from './exchange.ts';
import type { PreparedRequest } from './http-request.ts';
import { describeConnectError } from './http1-exchange.ts';
import { Http2Connection, type Http2User, shareConnection } from './http2-connection.ts';

/** A stream that cannot be closed in order, as its peer reads nothing, is broken off after this. */
const CLOSE_MS = 1000;

/**
 * One request over HTTP/2 (RFC 9113). Leaving in order cancels the stream, as a browser does that leaves the page, and then, if
 * nobody shares it, closes the connection. Whoever reads nothing fills the stream's window: the connection itself is always read.
 */
export class Http2Exchange implements Exchange, Http2User {
  readonly #sink: ExchangeSink;
  readonly #options: ExchangeOptions;
  readonly #request: PreparedRequest;
  #connection: Http2Connection;
  /** Null while it waits for its turn on a shared connection. */
  #stream: ClientHttp2Stream | null = null;
  #isPaused = false;
  #hasLeft = false;
  #isOver = false;
  #isClosed = false;
  #isTold = false;
  #hasEnded = false;
  #closeTimer: NodeJS.Timeout | null = null;

  constructor(request: PreparedRequest, options: ExchangeOptions, sink: ExchangeSink) {
    this.#sink = sink;
    this.#options = options;
    this.#request = request;
    if (options.shares) {
      this.#connection = shareConnection(request.target, options, this);
      return;
    }
    this.#connection = new Http2Connection(request.target, options);
    this.#connection.add(this);
    this.#open();
  }

  onMoved(connection: Http2Connection): void {
    this.#connection = connection;
  }

  onRoom(): void {
    if (this.#hasLeft || this.#isClosed) return;
    this.onConnected();
    try {
      this.#open();
    } catch (error) {
      // The connection has been lost since.
      this.#connection.error ??= error as Error;
      this.#streamClosed();
    }
  }

  /** Of a shared connection with its turn: the request goes out now. */
  onConnected(): void {
    if (this.#hasLeft || this.#isTold || (this.#options.shares && !this.#connection.isConnected)) return;
    this.#isTold = true;
    this.#sink.onConnected();
    if (this.#stream !== null) this.#tellSent();
  }

  /** A stream is told by its own close. */
  onGone(): void {
    if (this.#stream === null) this.#streamClosed();
  }

  #open(): void {
    const { neverReads } = this.#options;
    const { body } = this.#request;
    const stream = this.#connection.session.request(fieldsOf(this.#request), { endStream: body === null });
    this.#stream = stream;
    // Who never reads sees no answer either, though this process does.
    if (!neverReads) stream.on('response', (received) => this.#head(received));
    if (!neverReads) stream.on('data', (bytes: Buffer) => this.#received(bytes));
    if (this.#isPaused) stream.pause();
    stream.on('end', () => this.#ended());
    stream.on('error', (error) => this.#over(this.#broken(error)));
    stream.on('close', () => this.#streamClosed());
    if (body !== null) stream.end(body);
    if (this.#isTold) this.#tellSent();
  }

  /** HTTP/2 does not tell when a frame is with the kernel; behind the next turn of the loop it is. */
  #tellSent(): void {
    const { onSent } = this.#options;
    if (onSent !== undefined) setImmediate(onSent);
  }

  get localPort(): number {
    return this.#connection.transport.localPort ?? 0;
  }

  pause(): void {
    this.#isPaused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream?.resume();
  }

  write(): void {
    // No protocol over HTTP/2 says more than its request.
  }

  answer(): void {}

  leave(how: 'fin' | 'rst'): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    const { session, transport, isConnected } = this.#connection;
    const stream = this.#stream;
    if (stream === null) {
      this.#streamClosed();
    } else if (this.#options.shares) {
      this.#cancel(stream, () => stream.destroy());
    } else if (how === 'rst' && !transport.connecting && !this.#isClosed) {
      // One whose stream is over closes already: libuv cannot reset it then, and its socket would stay for ever.
      transport.resetAndDestroy();
      session.destroy();
    } else if (!isConnected) {
      session.destroy();
    } else {
      this.#cancel(stream, () => session.destroy());
    }
  }

  #cancel(stream: ClientHttp2Stream, giveUp: () => void): void {
    if (this.#isClosed) return;
    this.#closeTimer = setTimeout(giveUp, CLOSE_MS);
    // One that both ends have closed only waits to be read.
    if (stream.closed) stream.destroy();
    else stream.close(constants.NGHTTP2_CANCEL);
  }

  #head(received: IncomingHttpHeaders): void {
    if (this.#hasLeft) return;
    const headers = new Map<string, string>();
    let byteCount = 0;
    for (const [name, value] of Object.entries(received)) {
      if (name.startsWith(':') || value === undefined) continue;
      const text = Array.isArray(value) ? value.join(', ') : String(value);
      headers.set(name, text);
      byteCount += name.length + text.length;
    }
    this.#sink.onReceived(byteCount);
    this.#sink.onHead({ status: Number(received[':status']), headers });
  }

  #received(bytes: Buffer): void {
    const step = this.#options.pieceBytes ?? bytes.length;
    for (let offset = 0; offset < bytes.length && !this.#hasLeft; offset += step) {
      const piece = bytes.subarray(offset, offset + step);
      this.#sink.onReceived(piece.length);
      this.#sink.onBody(piece);
      if (offset + step >= bytes.length && !this.#hasLeft) this.#sink.onChunkEnd();
      if (!this.#hasLeft) this.#sink.onPiece(piece);
    }
  }

  #ended(): void {
    this.#hasEnded = true;
    // Node tells of an end also where the stream was reset before it.
    setImmediate(() => this.#over(this.#how()));
  }

  #how(): ExchangeOver {
    return this.#wasReset() ?? (this.#hasEnded ? { how: 'complete' } : this.#broken(null));
  }

  /** Null: it was not. */
  #wasReset(): ExchangeOver | null {
    const rstCode = this.#stream?.rstCode;
    if (rstCode !== undefined && rstCode !== constants.NGHTTP2_NO_ERROR)
      return { how: 'cut', error: `the stream was reset (code ${rstCode})` };
    return this.#stream?.aborted ? this.#broken(null) : null;
  }

  #broken(error: Error | null): ExchangeOver {
    const { isConnected, error: connectionError } = this.#connection;
    const because = connectionError ?? error;
    if (!isConnected) {
      const words = because === null ? 'no connection' : describeConnectError(because);
      return { how: 'connect-failed', error: words };
    }
    if (because !== null && 'code' in because && because.code === 'ERR_HTTP2_ERROR')
      return { how: 'malformed', error: `not HTTP/2 as it has to be: ${because.message}` };
    return { how: 'cut', error: because?.message ?? 'the connection was closed' };
  }

  #over(over: ExchangeOver): void {
    if (this.#isOver || this.#hasLeft) return;
    this.#isOver = true;
    this.#sink.onOver(over);
  }

  /** Its stream is over, or there will be none. */
  #streamClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
    this.#connection.remove(this, () => {
      this.#over(this.#how());
      this.#sink.onClosed();
    });
  }
}

/** Of HTTP/1.x alone (RFC 9113 §8.2.2). */
const onlyInHttp1 = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Who is asked, and for what: RFC 9113 §8.3.1. */
function fieldsOf({ target, headers, body }: PreparedRequest): Record<string, string> {
  const fields = headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    ':method': body === null ? 'GET' : 'POST',
    ':path': target.path,
    ':scheme': target.secure ? 'https' : 'http',
    ':authority': fields.findLast(([name]) => name === 'host')?.[1] ?? target.authority,
    ...Object.fromEntries(
      fields.filter(([name, value]) => !onlyInHttp1.has(name) && (name !== 'te' || value === 'trailers')),
    ),
  };
}
