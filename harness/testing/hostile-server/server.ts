import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { certificate } from '../../streams/testing/certificate.ts';
import type { HostileRoute } from './route.ts';

/** Enough for any request of ours; what a client sends behind its first request is not looked at. */
const MOST_REQUEST_BYTES = 64 * 1024;

export interface HostileServer {
  /** Path and query may be anything. */
  url: string;
  openCount(): number;
  /** Connections so far. */
  connectionCount(): number;
  /** On the connections that are open, without what waits here. */
  sentBytes(): number;
  /** Breaks off whatever is open. */
  close(): Promise<void>;
}

/** A server that behaves as one route does, whatever it is asked for. Port 0: one that is free. */
export async function startHostileServer(
  route: Pick<HostileRoute, 'at' | 'tls' | 'act'>,
  port = 0,
): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const accept = (socket: Socket): void => {
    let request = '';
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      if (route.at === 'connect' || request.includes('\r\n\r\n')) return;
      request += bytes.toString('latin1');
      if (request.length > MOST_REQUEST_BYTES) socket.destroy();
      else if (request.includes('\r\n\r\n')) route.act(socket, request, listeningPort());
    });
    if (route.at === 'connect') route.act(socket, '', listeningPort());
  };
  const server =
    route.tls === 'certificate'
      ? createTlsServer({ ...certificate, allowHalfOpen: true }, accept)
      : createServer({ allowHalfOpen: true }, accept);
  const listeningPort = () => (server.address() as AddressInfo).port;
  // The TCP sockets, those that never come to the end of their handshake, too.
  server.on('connection', (socket: Socket) => {
    connectionCount += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${route.tls === undefined ? 'http' : 'https'}://127.0.0.1:${listeningPort()}/events`,
    openCount: () => sockets.size,
    connectionCount: () => connectionCount,
    sentBytes: () =>
      [...sockets].reduce((sum, { bytesWritten, writableLength }) => sum + bytesWritten - writableLength, 0),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
