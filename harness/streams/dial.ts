import { connect, isIP, type OnReadOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { DuplexOptions } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { RequestTarget } from './http-request.ts';
import { wayTo } from './reach.ts';

export interface Connection {
  /** What is read and written: the TLS socket for https, otherwise the TCP socket itself. */
  socket: Socket;
  /** The TCP socket: only it can be reset. */
  transport: Socket;
}

/** What only some clients want of their connection. */
export interface DialOptions {
  /** Source address to bind; the target is then looked up in its family alone. */
  localAddress?: string | undefined;
  /** Its port; default: one that the system chooses. */
  localPort?: number | undefined;
  /** The socket does not close its own side when the server closes the other. */
  allowHalfOpen?: boolean;
  /** Takes the bytes instead of 'data', in pieces of its buffer's size; TLS, which needs the bytes itself, ignores it. */
  onread?: OnReadOpts | undefined;
  /** The protocol that TLS agrees on; default `http/1.1`. */
  alpn?: 'h2';
}

/** A paused socket takes one more read into memory and not 64 KiB; a flowing one is as fast as with the default. */
const readableHighWaterMark = 1;

/**
 * Opens a connection to the target: to loopback, or to where this run may go, and then in its turn (reach.ts, pace.ts). There is no other way
 * out for a client. Certificates are verified; NODE_EXTRA_CA_CERTS adds your own.
 * The caller attaches its error listener before it gives way to the event loop.
 */
export function dial(target: RequestTarget, wanted: DialOptions = {}): Connection {
  const { host, port } = target;
  const options: TcpNetConnectOpts & DuplexOptions = { ...wayTo(host), port, readableHighWaterMark };
  if (wanted.localAddress !== undefined) {
    options.localAddress = wanted.localAddress;
    if (wanted.localPort !== undefined) options.localPort = wanted.localPort;
    // Otherwise the first address of `localhost`, ::1, would be dialled without the source address.
    options.family = isIP(wanted.localAddress);
  }
  if (wanted.allowHalfOpen) options.allowHalfOpen = true;
  if (wanted.onread !== undefined && !target.secure) options.onread = wanted.onread;
  const transport = connect(options);
  if (!target.secure) return { socket: transport, transport };
  // TLS over a socket of ours instead of one of tls.connect's own: Node's resetAndDestroy throws on a TLS handle.
  const socket = connectTls({
    socket: transport,
    ALPNProtocols: [wanted.alpn ?? 'http/1.1'],
    // RFC 6066 §3: an address is no server name.
    ...(isIP(host) === 0 ? { servername: host } : { host }),
  });
  // An error of the TCP socket reaches the TLS socket too; here it must only not be uncaught.
  transport.on('error', () => {});
  return { socket, transport };
}
