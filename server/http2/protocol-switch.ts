import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, type Http2Session, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { ServerSettings } from '../settings.ts';
import { createTls, type KindListener, sniff } from './connection-kind.ts';
import { http2StreamOf } from './stream-of.ts';

/** Streams on one connection: those of a browser's tabs, and of a page's short requests beside them. */
const maxConcurrentStreams = 100;
/** What the session holds for headers, frames and chunks on their way; streams are refused beyond it. */
const maxSessionMemoryMiB = 10;
/** CVE-2023-44487: so many streams may be reset at once, and then so many a second; beyond it the session ends. A tab that goes away resets one. */
const streamResetBurst = 200;
const streamResetRate = 33;
/** Frames that are not valid, and streams that were refused, until the session ends. */
const maxMisdeeds = 100;

export interface ProtocolSwitchOptions {
  settings: ServerSettings;
  /** Owns the port. Its connections are given to it only once they are known to speak HTTP/1.1. */
  http1: Server;
  /** How long a connection without a stream is kept. */
  idleMs: number;
  /** The most that the headers of a request may take together. */
  maxHeaderBytes: number;
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  /** A connection got no further than its beginning, or broke the protocol. */
  onRefused(socket: Socket, error: Error): void;
}

/** HTTP/1.1 and HTTP/2 on one port: by ALPN with TLS, and by the client's preface (prior knowledge) without. */
export interface ProtocolSwitch {
  /** Sessions of HTTP/2. */
  readonly sessionCount: number;
  /** The connection that a request came on, as it was accepted: without its TLS, and one for all streams of a session. */
  connectionOf(request: IncomingMessage, response: ServerResponse): Socket;
  /** Sends GOAWAY: streams may end, none may begin. Ends connections that have not said anything yet. Idempotent. */
  close(): void;
  /** Ends every connection, whatever it is at. */
  destroyAll(): void;
}

export function createProtocolSwitch(options: ProtocolSwitchOptions): ProtocolSwitch {
  const { settings, http1, onRequest } = options;
  const open = new Set<Socket>();
  const unknown = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  /** What TLS or HTTP/2 made of a connection → the connection. */
  const below = new WeakMap<object, Socket>();

  const http2 = createServer(
    {
      maxSessionMemory: maxSessionMemoryMiB,
      maxSessionInvalidFrames: maxMisdeeds,
      maxSessionRejectedStreams: maxMisdeeds,
      streamResetBurst,
      streamResetRate,
      settings: { maxConcurrentStreams, maxHeaderListSize: options.maxHeaderBytes, enablePush: false },
    },
    (request, response) => onRequest(asHttp1(request), asHttp1(response)),
  );
  http2.on('checkContinue', (request, response) => onRequest(asHttp1(request), asHttp1(response)));
  http2.on('sessionError', (error: Error, session: Http2Session) => {
    const socket = below.get(session);
    if (socket !== undefined) options.onRefused(socket, error);
  });

  const listener: KindListener = {
    onKnown(socket, known, isHttp2) {
      unknown.delete(socket);
      if (known !== socket) below.set(known, socket);
      if (isHttp2) beginSession(known, socket);
      else for (const serve of serveHttp1) serve.call(http1, known);
    },
    onLate(socket) {
      const code = 'ERR_HTTP_REQUEST_TIMEOUT';
      http1.emit('clientError', Object.assign(new Error('nothing was sent'), { code }), socket);
    },
    onRefused: options.onRefused,
  };
  const beginTls = settings.tls && createTls(settings.tls, settings.headTimeoutMs, listener);

  // `connection` is documented as the way to hand a connection to a server; whoever listens to it serves it.
  const serveHttp1 = http1.listeners('connection');
  http1.removeAllListeners('connection');
  http1.on('connection', take);

  function take(socket: Socket): void {
    open.add(socket);
    unknown.add(socket);
    socket.on('close', forget);
    if (beginTls === null) sniff(socket, settings.headTimeoutMs, listener);
    else beginTls(socket);
  }

  function forget(this: Socket): void {
    open.delete(this);
    unknown.delete(this);
  }

  function beginSession(socket: Socket, connection: Socket): void {
    // A server of HTTP/1.1 answers clients that have said all they had to; a session is over when its client is.
    socket.allowHalfOpen = false;
    http2.once('session', (session) => {
      below.set(session, connection);
      keep(session);
    });
    http2.emit('connection', socket);
  }

  /**
   * A session without a stream is kept for `idleMs`. The timer is not the session's own: Node 24 never clears that of one that has been
   * destroyed (`setTimeout(0)` does nothing then), and everything that belongs to it would stay until it fires.
   */
  function keep(session: ServerHttp2Session): void {
    let streamCount = 0;
    let timer = waitForStream();
    sessions.add(session);
    session.on('stream', (stream) => {
      clearTimeout(timer);
      streamCount += 1;
      stream.once('close', () => {
        streamCount -= 1;
        if (streamCount === 0 && sessions.has(session)) timer = waitForStream();
      });
    });
    session.once('close', () => {
      sessions.delete(session);
      clearTimeout(timer);
    });

    function waitForStream(): NodeJS.Timeout {
      return setTimeout(() => {
        session.close();
        timer = setTimeout(() => session.destroy(), settings.lingerMs).unref();
      }, options.idleMs).unref();
    }
  }

  return {
    get sessionCount() {
      return sessions.size;
    },
    connectionOf(request, response) {
      const carrier = http2StreamOf(response)?.session ?? request.socket;
      return below.get(carrier) ?? request.socket;
    },
    close() {
      for (const socket of unknown) socket.destroy();
      for (const session of sessions) session.close();
    },
    destroyAll() {
      for (const session of sessions) session.destroy();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Node's compatibility API of HTTP/2 has what the handlers use of requests and responses, and differs in types. */
function asHttp1<Kind extends IncomingMessage | ServerResponse>(message: object): Kind {
  return message as Kind;
}
