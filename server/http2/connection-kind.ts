import type { Socket } from 'node:net';
import { createServer } from 'node:tls';

/** RFC 9113, section 3.4: what every client of HTTP/2 sends first. No request of HTTP/1.1 begins like it. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface KindListener {
  /** `known` is to be gone on with: the connection itself, or what TLS made of it. None of its bytes is lost. */
  onKnown(socket: Socket, known: Socket, isHttp2: boolean): void;
  /** There was nothing to tell it by in time. */
  onLate(socket: Socket): void;
  /** TLS could not be agreed on; the connection ends. */
  onRefused(socket: Socket, error: Error): void;
}

/** Looks at the first bytes of a connection, as many as it takes, for at most `withinMs`. */
export function sniff(
  socket: Socket,
  withinMs: number,
  { onKnown, onLate }: Omit<KindListener, 'onRefused'>,
): void {
  let seen: Buffer | null = null;
  const onReadable = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = seen === null ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, PREFACE.length);
    const isPreface = PREFACE.compare(seen, 0, length, 0, length) === 0;
    if (!isPreface || length === PREFACE.length) goOn(isPreface);
  };
  const onEnd = () => {
    if (seen === null) socket.destroy();
    else goOn(false);
  };
  const late = setTimeout(() => {
    stop();
    onLate(socket);
  }, withinMs);

  function goOn(isHttp2: boolean): void {
    stop();
    if (seen !== null) socket.unshift(seen);
    onKnown(socket, socket, isHttp2);
  }
  function stop(): void {
    clearTimeout(late);
    socket.off('readable', onReadable).off('end', onEnd).off('close', stop).off('error', ignore);
  }
  socket.on('readable', onReadable).on('end', onEnd).on('close', stop).on('error', ignore);
}

/**
 * Agrees on TLS and, with ALPN (RFC 7301), on what is spoken behind it, each connection for at most `withinMs`. Returns what takes
 * connections.
 */
export function createTls(
  { cert, key }: { cert: string; key: string },
  withinMs: number,
  { onKnown, onRefused }: Omit<KindListener, 'onLate'>,
): (socket: Socket) => void {
  // It listens nowhere: connections are handed to it.
  const server = createServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'], handshakeTimeout: withinMs });
  /** Connections that are not agreed yet: the server does not tell which of them a secured one stands on. */
  const agreeing = new Map<string, Socket>();

  server.on('secureConnection', (secured) => {
    const endpoints = endpointsOf(secured);
    const socket = agreeing.get(endpoints);
    agreeing.delete(endpoints);
    if (socket === undefined) secured.destroy();
    else onKnown(socket, secured, secured.alpnProtocol === 'h2');
  });
  server.on('tlsClientError', (error, secured) => {
    onRefused(secured, error);
    secured.destroy();
  });
  return (socket) => {
    const endpoints = endpointsOf(socket);
    agreeing.set(endpoints, socket);
    socket.once('close', () => agreeing.delete(endpoints));
    server.emit('connection', socket);
  };
}

/** No two connections have them the same at one time. */
function endpointsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function ignore(): void {}
