import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { changes, type LiveState, type LiveUpdate } from './live-state.ts';
import { livePage } from './page-script.ts';

/** Serves the page of a run while it goes on, to whoever knows the token, on this machine. */
export interface LiveServer {
  /** With the token in it. */
  readonly url: string;
  /** Pages that follow the run now. */
  readonly watcherCount: number;
  /** Shows what is new in all open pages. A page that is slow gets the newest state once it has taken the last. */
  show(state: LiveState): void;
  /**
   * Ends once every page has taken the last state, those included that were loaded just now and do not follow yet, or
   * `withinMs` has passed. Idempotent.
   */
  close(withinMs: number): Promise<void>;
}

interface Watcher {
  response: ServerResponse;
  /** The last state that was written to it whole or by its changes. */
  seen: LiveUpdate;
}

const TOKEN_BYTES = 24;
const HEARTBEAT_MS = 10_000;

/** More than anybody opens; each costs a socket and the bytes of one state. */
const MAX_WATCHERS = 50;
const LOOPBACK = '127.0.0.1';

/** A page that was loaded begins to follow within this time, and one that lost its connection comes back, or never. */
const COMING_MS = 2000;
const RETRY_MS = 500;
const POLL_MS = 20;

/** For every answer. The page's own policy, with the hashes of its scripts, stands in the page; both hold. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Other users of this machine can reach the port, and so can web pages in its browsers: without the token, and under any
 * other name of this host, as a rebound DNS name would be, they learn nothing.
 *
 * @param fresh The state for a page that comes now.
 * @throws the error of `listen`.
 */
export async function startLiveServer(fresh: () => LiveState): Promise<LiveServer> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const watchers = new Set<Watcher>();
  /** When pages were loaded that do not follow yet, or lost their connection. */
  let coming: number[] = [];
  let state = fresh();
  let number = 0;
  let closing: Promise<void> | null = null;

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const url = allowed(request, token, portOf());
    if (url === null) return void response.writeHead(403).end();
    if (request.method !== 'GET') return refuse(response, 405, 'Use GET.');
    if (url.pathname === '/') return sendPage(response);
    if (url.pathname === '/updates') return watch(response);
    refuse(response, 404, 'There is nothing here.');
  });
  const portOf = () => (server.address() as AddressInfo).port;

  function sendPage(response: ServerResponse): void {
    coming = [...stillComing(), performance.now()];
    take(closing === null ? fresh() : state);
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(state.page(livePage));
  }

  const stillComing = () => coming.filter((at) => performance.now() - at < COMING_MS);

  function take(next: LiveState): void {
    if (next === state) return;
    state = next;
    number++;
    for (const watcher of watchers) bringUpToDate(watcher);
  }

  function watch(response: ServerResponse): void {
    if (watchers.size >= MAX_WATCHERS) {
      refuse(response, 429, 'Too many pages are open: close some.');
      return;
    }
    coming.shift();
    if (closing === null) take(fresh());
    // Whoever has left is not kept alive: the process waits for its end.
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', Connection: 'close' });
    const watcher: Watcher = { response, seen: state.update };
    watchers.add(watcher);
    response.on('close', () => {
      watchers.delete(watcher);
      if (!response.writableEnded) coming = [...stillComing(), performance.now()];
    });
    response.on('drain', () => (closing === null ? bringUpToDate(watcher) : finish(watcher)));
    response.on('error', () => {});
    response.write(`retry: ${RETRY_MS}\n\n`);
    // Whole: what the page was made with may be older.
    write(watcher, state.update);
    if (closing !== null) finish(watcher);
  }

  /** The last state, and then the end of the stream. */
  function finish(watcher: Watcher): void {
    bringUpToDate(watcher);
    if (watcher.seen === state.update) watcher.response.end();
  }

  function write(watcher: Watcher, update: LiveUpdate): void {
    watcher.seen = state.update;
    watcher.response.write(`id: ${number}\ndata: ${JSON.stringify(update)}\n\n`);
  }

  function bringUpToDate(watcher: Watcher): void {
    if (watcher.seen === state.update || watcher.response.writableNeedDrain) return;
    write(watcher, changes(watcher.seen, state.update));
  }

  const heartbeat = setInterval(() => {
    for (const { response } of watchers) if (!response.writableNeedDrain) response.write(': alive\n\n');
  }, HEARTBEAT_MS);

  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    url: `http://${LOOPBACK}:${portOf()}/?token=${token}`,
    get watcherCount() {
      return watchers.size;
    },
    show: take,
    close(withinMs) {
      closing ??= (async () => {
        clearInterval(heartbeat);
        const deadline = performance.now() + withinMs;
        for (const watcher of watchers) finish(watcher);
        while ((watchers.size > 0 || stillComing().length > 0) && performance.now() < deadline)
          await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        await closed;
      })();
      return closing;
    },
  };
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/** The URL of a request that may be answered, or null. The host's name guards against pages that rebind theirs to loopback. */
function allowed(request: IncomingMessage, token: string, port: number): URL | null {
  const { host = '' } = request.headers;
  if (host !== `${LOOPBACK}:${port}`) return null;
  if (!URL.canParse(request.url ?? '', `http://${host}`)) return null;
  const url = new URL(request.url ?? '', `http://${host}`);
  return isSame(url.searchParams.get('token') ?? '', token) ? url : null;
}

/** In a time that tells nothing; hashed, because `timingSafeEqual` wants equal lengths. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}
