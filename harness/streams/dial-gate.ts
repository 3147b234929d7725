import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dial } from './dial.ts';
import type { RequestTarget } from './http-request.ts';

export interface DialGate {
  /** Where a client connects that cannot be told how to dial. */
  socketPath: string;
  /** Ends what is left. Idempotent. */
  close(): Promise<void>;
}

/**
 * A local socket, each connection of which is one to the target, dialled by `dial`: for a client that dials by itself, so that it keeps to
 * the addresses and the rate of this run, too. TLS is spoken here, and certificates are verified.
 */
export async function openDialGate(target: RequestTarget): Promise<DialGate> {
  const folder = process.platform === 'win32' ? null : await mkdtemp(join(tmpdir(), 'hydrotest-gate-'));
  const socketPath =
    folder === null ? `\\\\.\\pipe\\hydrotest-gate-${process.pid}-${Date.now()}` : join(folder, 'gate.sock');
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const { socket: upstream, transport } = dial(target);
    keep(client);
    keep(upstream);
    client.pipe(upstream);
    upstream.pipe(client);
    client.on('error', () => {});
    // To the client it is a connection that ends without an answer. A local socket has no reset: resetAndDestroy throws on it.
    upstream.on('error', () => client.destroy());
    if (transport !== upstream) transport.on('error', () => {});
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(socketPath);
  await once(server, 'listening');
  let closing: Promise<void> | null = null;
  return {
    socketPath,
    close() {
      closing ??= (async () => {
        server.close();
        for (const socket of sockets) socket.destroy();
        if (server.listening || sockets.size > 0) await once(server, 'close');
        if (folder !== null) await rm(folder, { recursive: true, force: true });
      })();
      return closing;
    },
  };
}
