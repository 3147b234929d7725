import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { dial } from './dial.ts';
import type { RequestTarget } from './http-request.ts';
import type { Later } from './later.ts';

/** A server that does not close its side of a connection that the relay has closed gets a second for it. */
const CLOSE_MS = 1_000;

/** The kernel has made the connection by then; this process only has to be told. */
const ACCEPT_MS = 5_000;

/** What one client wants of the relay, and what came of it. */
export interface Passage {
  target: RequestTarget;
  localAddress: string | undefined;
  /** How long the connection to the target is kept once the client has left. */
  keepMs: number;
  /** Settles once both connections are closed. */
  closed: Later<void>;
  /** Why there was no connection to the target; null: there was one, or none was tried. */
  connectError: string | null;
}

/**
 * A proxy in this process, on a free loopback port. Bytes go through as they are, with the pressure of a slow reader;
 * TLS is spoken to the target alone. When a client leaves, by FIN or RST, the connection to the target stays: what comes
 * is read and thrown away for `keepMs`, then it is closed with a FIN. When the target leaves, its client is told at once.
 *
 * A client is known by its port: it books its passage before its first byte.
 */
export class Relay {
  readonly #server: Server;
  readonly #booked = new Map<number, Passage>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (client) => this.#accept(client));
  }

  static async listen(): Promise<Relay> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1', 4096);
    await once(server, 'listening');
    return new Relay(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  book(clientPort: number, passage: Passage): void {
    this.#booked.set(clientPort, passage);
  }

  /** The client with this passage is gone. A process without file descriptors never gets to see that it had come. */
  gone(clientPort: number, passage: Passage): void {
    if (this.#booked.get(clientPort) !== passage) return;
    setTimeout(() => {
      if (this.#booked.get(clientPort) !== passage) return;
      this.#booked.delete(clientPort);
      passage.closed.settle();
    }, ACCEPT_MS);
  }

  /** No more clients. All of them must have left. */
  close(): void {
    this.#server.close();
  }

  #accept(client: Socket): void {
    const port = client.remotePort ?? 0;
    client.on('error', () => {});
    const take = () => {
      const passage = this.#booked.get(port);
      this.#booked.delete(port);
      return passage;
    };
    client.once('readable', () => {
      const passage = client.readableLength > 0 ? take() : undefined;
      if (passage === undefined) client.destroy();
      else relay(client, passage);
    });
    // It left without a byte.
    client.once('close', () => take()?.closed.settle());
  }
}

function relay(client: Socket, passage: Passage): void {
  const { socket: upstream, transport } = dial(passage.target, { localAddress: passage.localAddress });
  let isConnected = false;
  let hasClientLeft = false;
  let timer: NodeJS.Timeout | null = null;
  let openCount = 2;
  const oneClosed = () => {
    openCount -= 1;
    if (openCount === 0) passage.closed.settle();
  };

  const clientLeft = () => {
    if (hasClientLeft) return;
    hasClientLeft = true;
    client.destroy();
    upstream.unpipe(client);
    upstream.resume();
    timer = setTimeout(() => {
      upstream.end();
      timer = setTimeout(() => upstream.destroy(), CLOSE_MS);
    }, passage.keepMs);
  };

  client.pipe(upstream, { end: false });
  upstream.pipe(client, { end: false });
  client.on('end', clientLeft);
  client.on('close', clientLeft);
  client.on('close', oneClosed);
  transport.on('connect', () => {
    isConnected = true;
  });
  if (transport !== upstream) transport.on('error', () => {});
  upstream.on('error', (error) => {
    if (!isConnected) passage.connectError = error.message;
    if (!hasClientLeft) client.resetAndDestroy();
  });
  upstream.on('end', () => {
    if (!hasClientLeft) client.end();
  });
  upstream.on('close', () => {
    if (timer !== null) clearTimeout(timer);
    hasClientLeft = true;
    if (!client.writableEnded) client.destroy();
    oneClosed();
  });
}
