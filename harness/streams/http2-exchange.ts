import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import { dial } from './dial.ts';
import type { Exchange, ExchangeOptions, ExchangeOver, ExchangeSink } from './exchange.ts';
import type { PreparedRequest, RequestTarget } from './http-request.ts';
import { maxHeadBytes } from './http-response-parser.ts';
import { describeConnectError } from './http1-exchange.ts';

/** What a session with an idle server takes is bounded by Node in MB: room for the windows of its streams. */
const maxSessionMegabytes = 16;

/** A connection for streams of HTTP/2. */
interface Connection {
  session: ClientHttp2Session;
  /** The TCP socket: only it can be reset. */
  transport: Socket;
  userCount: number;
  /** Why it could not be made, or broke; null: it has not. */
  error: Error | null;
  isConnected: boolean;
}

/** Those that streams share, by where they lead. One is closed when its last stream is over. */
const shared = new Map<string, Connection>();

function openConnection(
  target: RequestTarget,
  { localAddress, localPort, via }: ExchangeOptions,
): Connection {
  const { socket, transport } = dial(via ?? target, { localAddress, localPort, alpn: 'h2' });
  if (transport !== socket) transport.on('error', () => {});
  const session = connect(`${target.secure ? 'https' : 'http'}://${target.authority}`, {
    createConnection: () => socket,
    maxSessionMemory: maxSessionMegabytes,
    settings: { enablePush: false, maxHeaderListSize: maxHeadBytes },
  });
  const connection: Connection = { session, transport, userCount: 0, error: null, isConnected: false };
  session.on('error', (error) => {
    connection.error ??= error;
  });
  session.on('connect', () => {
    connection.isConnected = true;
  });
  return connection;
}

function borrowConnection(target: RequestTarget, options: ExchangeOptions): Connection {
  if (!options.shares) return openConnection(target, options);
  const name = `${target.secure} ${target.authority} ${options.localAddress ?? ''}`;
  const known = shared.get(name);
  const limit = known?.session.remoteSettings?.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
  if (known !== undefined && !known.session.destroyed && !known.session.closed && known.userCount < limit) {
    return known;
  }
  // Those that use a full one keep it.
  const fresh = openConnection(target, options);
  shared.set(name, fresh);
  fresh.session.on('close', () => {
    if (shared.get(name) === fresh) shared.delete(name);
  });
  return fresh;
}

/**
 * One request over HTTP/2 (RFC 9113). Leaving in order cancels the stream, as a browser does that leaves the page, and then, if
 * nobody shares it, closes the connection. Whoever reads nothing fills the stream's window: the connection itself is always read.
 */
export class Http2Exchange implements Exchange {
  readonly #sink: ExchangeSink;
  readonly #options: ExchangeOptions;
  readonly #connection: Connection;
  readonly #stream: ClientHttp2Stream;
  #hasLeft = false;
  #isOver = false;
  #openCount = 2;

  constructor({ target, headers, body }: PreparedRequest, options: ExchangeOptions, sink: ExchangeSink) {
    this.#sink = sink;
    this.#options = options;
    const connection = borrowConnection(target, options);
    connection.userCount += 1;
    this.#connection = connection;
    const { session } = connection;
    const stream = session.request(
      {
        ':method': body === null ? 'GET' : 'POST',
        ':path': target.path,
        ':scheme': target.secure ? 'https' : 'http',
        ':authority': target.authority,
        ...fieldsOf(headers),
      },
      { endStream: body === null },
    );
    this.#stream = stream;
    if (connection.isConnected) queueMicrotask(() => this.#connected());
    else session.once('connect', () => this.#connected());
    // Who never reads sees no answer either, though this process does.
    if (!options.neverReads) stream.on('response', (received) => this.#head(received));
    if (!options.neverReads) stream.on('data', (bytes: Buffer) => this.#received(bytes));
    stream.on('end', () => this.#ended());
    stream.on('error', (error) => this.#over(this.#broken(error)));
    stream.on('close', () => this.#closed());
    // One that is not shared is gone when its connection is.
    if (options.shares) this.#openCount = 1;
    else session.once('close', () => this.#closed());
    if (body !== null) stream.end(body);
    if (options.onSent !== undefined) this.#tellSent(options.onSent);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  write(): void {
    // No protocol over HTTP/2 says more than its request.
  }

  leave(how: 'fin' | 'rst'): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    const { session, transport } = this.#connection;
    if (this.#options.shares) {
      this.#stream.close(constants.NGHTTP2_CANCEL);
    } else if (how === 'rst' && !transport.connecting) {
      transport.resetAndDestroy();
      session.destroy();
    } else if (transport.connecting) {
      session.destroy();
    } else {
      this.#stream.close(constants.NGHTTP2_CANCEL, () => session.destroy());
    }
  }

  #connected(): void {
    if (!this.#hasLeft) this.#sink.onConnected(this.#connection.transport.localPort ?? 0);
  }

  /** HTTP/2 does not tell when a frame is with the kernel; behind the next turn of the loop it is. */
  #tellSent(onSent: () => void): void {
    const tell = () => setImmediate(onSent);
    if (this.#connection.isConnected) tell();
    else this.#connection.session.once('connect', tell);
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
    // Node tells of an end also where the stream was reset before it.
    setImmediate(() => {
      const { rstCode, aborted } = this.#stream;
      if (rstCode !== constants.NGHTTP2_NO_ERROR && rstCode !== undefined)
        this.#over({ how: 'cut', error: `the stream was reset (code ${rstCode})` });
      else this.#over(aborted ? this.#broken(null) : { how: 'complete' });
    });
  }

  #broken(error: Error | null): ExchangeOver {
    const { isConnected, error: connectionError } = this.#connection;
    const because = connectionError ?? error;
    if (!isConnected)
      return {
        how: 'connect-failed',
        error: because === null ? 'no connection' : describeConnectError(because),
      };
    return { how: 'cut', error: because?.message ?? 'the connection was closed' };
  }

  #over(over: ExchangeOver): void {
    if (this.#isOver || this.#hasLeft) return;
    this.#isOver = true;
    this.#sink.onOver(over);
  }

  #closed(): void {
    this.#openCount -= 1;
    if (this.#openCount > 0) {
      const { rstCode } = this.#stream;
      if (this.#stream.destroyed && rstCode)
        this.#over({ how: 'cut', error: `the stream was reset (code ${rstCode})` });
      return;
    }
    this.#over(this.#broken(null));
    this.#connection.userCount -= 1;
    if (this.#options.shares && this.#connection.userCount === 0) this.#connection.session.close();
    this.#sink.onClosed();
  }
}

/** Without what only HTTP/1.x has (RFC 9113 §8.2.2). */
function fieldsOf(headers: [string, string][]): Record<string, string> {
  const left = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'upgrade']);
  return Object.fromEntries(
    headers.map(([name, value]) => [name.toLowerCase(), value] as const).filter(([name]) => !left.has(name)),
  );
}
