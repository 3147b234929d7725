import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';

/** RFC 9113, section 3.4: what every client of HTTP/2 sends first. No request of HTTP/1.1 begins like it. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface KindListener {
  /** The connection to go on with: the one that was given, or what TLS made of it. None of its bytes is lost. */
  onKnown(socket: Socket, isHttp2: boolean): void;
  /** There was nothing to tell it by in time. */
  onLate(socket: Socket): void;
  /** TLS could not be agreed on; the connection has ended. */
  onRefused(socket: Socket, error: Error): void;
}

/** Looks at the first bytes of a connection, as many as it takes, for at most `withinMs`. */
export function sniff(socket: Socket, withinMs: number, { onKnown, onLate }: KindListener): void {
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
    onKnown(socket, isHttp2);
  }
  function stop(): void {
    clearTimeout(late);
    socket.off('readable', onReadable).off('end', onEnd).off('close', stop).off('error', ignore);
  }
  socket.on('readable', onReadable).on('end', onEnd).on('close', stop).on('error', ignore);
}

/** Agrees on TLS and, with ALPN (RFC 7301), on what is spoken behind it. */
export function secure(
  socket: Socket,
  context: SecureContext,
  withinMs: number,
  { onKnown, onRefused }: KindListener,
): void {
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext: context,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  let failure = new Error('no TLS in time');
  const onSecure = () => {
    stop();
    onKnown(secured, secured.alpnProtocol === 'h2');
  };
  const onError = (error: Error) => {
    failure = error;
  };
  const onClose = () => {
    stop();
    onRefused(socket, failure);
  };
  const late = setTimeout(() => secured.destroy(), withinMs);

  function stop(): void {
    clearTimeout(late);
    secured.off('secure', onSecure).off('_tlsError', onError).off('close', onClose).off('error', onError);
  }
  // What fails in the handshake is no `error` of the socket.
  secured.on('secure', onSecure).on('_tlsError', onError).on('close', onClose).on('error', onError);
}

function ignore(): void {}
