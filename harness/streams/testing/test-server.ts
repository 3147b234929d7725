import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { routes } from './routes.ts';

/** What arrived at the server over one connection. */
export interface ServerConnection {
  /** Everything that the client sent. */
  request: string;
  path: string;
  /** How the client left: it closed (FIN), it broke off (RST), or it has not left; `server`: we left first. */
  end: 'fin' | 'rst' | 'server' | null;
  /** Bytes handed to the kernel, once the connection is closed. */
  sentBytes: number | null;
  /**
   * With `allowHalfOpen`, what became of what was sent behind the client's FIN: `rst` came back, because the client had
   * closed both directions. Null: it was taken, so far, or there was no FIN.
   */
  afterFin: 'rst' | null;
  /** Bytes that the client's kernel has taken or this one holds for it, so far. */
  readonly takenBytes: number;
  clientAddress: string;
  clientPort: number;
}

export interface TestServer {
  url(path: string): string;
  connections: ServerConnection[];
  /** The only connection that there has been to this path. */
  only(path: string): ServerConnection;
  openCount(): Promise<number>;
  /** Closes whatever is open, and goes on listening. */
  hangUp(): Promise<void>;
  /** Breaks off whatever is open. */
  close(): Promise<void>;
}

/** A server on a free port whose paths misbehave as `routes.ts` says. Written on sockets: node:http will not misbehave. */
export async function startTestServer(
  options: { host?: string; tls?: { key: string; cert: string }; allowHalfOpen?: boolean } = {},
): Promise<TestServer> {
  const connections: ServerConnection[] = [];
  const sockets = new Set<Socket>();

  function accept(socket: Socket): void {
    const connection: ServerConnection = {
      request: '',
      path: '',
      end: null,
      sentBytes: null,
      afterFin: null,
      get takenBytes() {
        return socket.bytesWritten - socket.writableLength;
      },
      clientAddress: socket.remoteAddress ?? '',
      clientPort: socket.remotePort ?? 0,
    };
    connections.push(connection);
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      connection.request += bytes.toString('latin1');
      if (connection.path !== '' || !connection.request.includes('\r\n\r\n')) return;
      connection.path = /^GET (\S+)/.exec(connection.request)?.[1] ?? 'not a GET';
      const route = routes[connection.path];
      if (route === undefined) throw new Error(`the test server has no route ${connection.path}`);
      route(socket, connection.request);
    });
    socket.on('end', () => {
      connection.end ??= 'fin';
    });
    socket.on('error', () => {
      if (connection.end === 'fin') connection.afterFin = 'rst';
      connection.end ??= 'rst';
    });
    socket.on('close', () => {
      connection.end ??= 'server';
      connection.sentBytes = socket.bytesWritten;
      sockets.delete(socket);
    });
  }

  const { tls, allowHalfOpen = false } = options;
  const server: Server =
    tls === undefined
      ? createServer({ allowHalfOpen }, accept)
      : createTlsServer({ ...tls, allowHalfOpen }, accept);
  // A client that leaves in the middle of its handshake.
  server.on('tlsClientError', () => {});
  const host = options.host ?? '127.0.0.1';
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `${options.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;

  return {
    url: (path) => origin + path,
    connections,
    only(path) {
      const found = connections.filter((connection) => connection.path === path);
      if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} × ${path}`);
      return found[0];
    },
    openCount: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
    async hangUp() {
      const closing = [...sockets].map((socket) => once(socket, 'close'));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closing);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
