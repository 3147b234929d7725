import { type ClientHttp2Session, connect } from 'node:http2';
import type { Socket } from 'node:net';
import { dial } from './dial.ts';
import type { ExchangeOptions } from './exchange.ts';
import type { RequestTarget } from './http-request.ts';
import { maxHeadBytes } from './http-response-parser.ts';

/** What a session may take is bounded by Node in MB: room for the windows of its streams. */
const maxSessionMegabytes = 16;

/** A peer that does not close its side of a connection that was closed gets so long. */
const LINGER_MS = 1000;

/** A stream of a connection, or one that waits for its turn on it. */
export interface Http2User {
  /** Whoever shares: its turn has come, the connection stands and has room. */
  onRoom(connection: Http2Connection): void;
  /** There was none: it waits for its turn on another one. */
  onMoved(connection: Http2Connection): void;
  onConnected(): void;
  /** The connection is gone. */
  onGone(): void;
}

type ConnectionOptions = Pick<ExchangeOptions, 'via' | 'localAddress' | 'localPort'>;

/** A connection for streams of HTTP/2. It is closed when its last user has left. */
export class Http2Connection {
  readonly session: ClientHttp2Session;
  /** The TCP socket: only it can be reset. */
  readonly transport: Socket;
  /** Why it could not be made, or broke; null: it has not. */
  error: Error | null = null;
  isConnected = false;
  readonly #users = new Set<Http2User>();
  #isGone = false;
  readonly #onGone: (() => void)[] = [];

  constructor(target: RequestTarget, { via, localAddress, localPort }: ConnectionOptions) {
    const { socket, transport } = dial(via ?? target, { localAddress, localPort, alpn: 'h2' });
    this.transport = transport;
    this.session = connect(`${target.secure ? 'https' : 'http'}://${target.authority}`, {
      createConnection: () => socket,
      maxSessionMemory: maxSessionMegabytes,
      settings: { enablePush: false, maxHeaderListSize: maxHeadBytes },
    });
    this.session.on('error', (error) => {
      this.error ??= error;
    });
    this.session.on('connect', () => {
      this.isConnected = true;
      for (const user of [...this.#users]) user.onConnected();
    });
    this.session.on('close', () => this.#gone());
  }

  get userCount(): number {
    return this.#users.size;
  }

  /** Whether it still takes streams: behind a GOAWAY it takes none (RFC 9113 §6.8). */
  get isOpen(): boolean {
    return !this.session.destroyed && !this.session.closed && !this.transport.destroyed;
  }

  add(user: Http2User): void {
    this.#users.add(user);
  }

  /** It goes to another connection, and this one stays. Returns whether it was a user of it. */
  release(user: Http2User): boolean {
    return this.#users.delete(user);
  }

  /** Calls back once nothing is left of what this user had: the last one takes the connection along. */
  remove(user: Http2User, done: () => void): void {
    this.#users.delete(user);
    if (this.#isGone || this.#users.size > 0) {
      queueMicrotask(done);
      return;
    }
    const timer = setTimeout(() => this.transport.destroy(), LINGER_MS);
    this.#onGone.push(() => {
      clearTimeout(timer);
      done();
    });
    this.session.destroy();
  }

  #gone(): void {
    this.#isGone = true;
    for (const user of [...this.#users]) user.onGone();
    for (const done of this.#onGone.splice(0)) done();
  }
}

/** A connection that streams share, with those that wait for their turn on it. */
interface Shared {
  connection: Http2Connection;
  /** How many streams the server allows at a time; null: its SETTINGS have not come. */
  mostCount: number | null;
  waiting: Http2User[];
}

/** By where they lead. */
const shared = new Map<string, Shared>();

/**
 * A connection that others use, too, as the tabs of a browser do. The stream is asked for once the server has said how many it allows:
 * one more than that would wait without an end for another to close. Those for whom there is no room go to another connection.
 */
export function shareConnection(
  target: RequestTarget,
  options: ConnectionOptions,
  user: Http2User,
): Http2Connection {
  const name = `${target.secure} ${target.authority} ${options.localAddress ?? ''}`;
  const known = shared.get(name);
  const one = known !== undefined && hasRoom(known) ? known : openShared(name, target, options);
  one.connection.add(user);
  if (one.mostCount === null) one.waiting.push(user);
  // Not before whoever asked for it has got it.
  else queueMicrotask(() => user.onRoom(one.connection));
  return one.connection;
}

function hasRoom({ connection, mostCount }: Shared): boolean {
  return connection.isOpen && connection.userCount < (mostCount ?? Number.POSITIVE_INFINITY);
}

function openShared(name: string, target: RequestTarget, options: ConnectionOptions): Shared {
  const connection = new Http2Connection(target, options);
  const one: Shared = { connection, mostCount: null, waiting: [] };
  // Those that use a full one keep it.
  shared.set(name, one);
  connection.session.on('close', () => {
    if (shared.get(name) === one) shared.delete(name);
  });
  connection.session.on('remoteSettings', ({ maxConcurrentStreams = Number.POSITIVE_INFINITY }) => {
    // A server that allows none has its streams wait.
    one.mostCount = Math.max(1, maxConcurrentStreams);
    for (const user of one.waiting.splice(0)) {
      if (!connection.release(user)) continue;
      if (connection.userCount < one.mostCount) {
        connection.add(user);
        user.onRoom(connection);
      } else user.onMoved(shareConnection(target, options, user));
    }
  });
  return one;
}
