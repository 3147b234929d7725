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
  /** Shows what is new in all open pages. A page that is slow gets the newest state once it has taken the last. */
  show(state: LiveState): void;
  /** Ends once every page has taken the last state, or `withinMs` has passed. Idempotent. */
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

/** @throws the error of `listen`. */
export async function startLiveServer(first: LiveState): Promise<LiveServer> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const watchers = new Set<Watcher>();
  let state = first;
  let number = 0;
  let closing: Promise<void> | null = null;

  const server = createServer((request, response) => {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const url = allowed(request, token, portOf());
    if (url === null)
      return refuse(response, 403, 'The address of the live view has a token: use it as it was printed.');
    if (request.method !== 'GET') return refuse(response, 405, 'Use GET.');
    if (url.pathname === '/') return sendPage(response);
    if (url.pathname === '/updates') return watch(response);
    refuse(response, 404, 'There is nothing here.');
  });
  const portOf = () => (server.address() as AddressInfo).port;

  function sendPage(response: ServerResponse): void {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.setHeader('Content-Security-Policy', "frame-ancestors 'none'");
    response.end(state.page(livePage));
  }

  function watch(response: ServerResponse): void {
    if (watchers.size >= MAX_WATCHERS) {
      refuse(response, 429, 'Too many pages are open: close some.');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    const watcher: Watcher = { response, seen: state.update };
    watchers.add(watcher);
    response.on('close', () => watchers.delete(watcher));
    response.on('drain', () => bringUpToDate(watcher));
    response.on('error', () => {});
    response.write('retry: 1000\n\n');
    // Whole: what the page was made with may be older.
    write(watcher, state.update);
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
    show(next) {
      state = next;
      number++;
      for (const watcher of watchers) bringUpToDate(watcher);
    },
    close(withinMs) {
      closing ??= (async () => {
        clearInterval(heartbeat);
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        const timer = setTimeout(() => server.closeAllConnections(), withinMs);
        for (const watcher of watchers) {
          const finish = () => {
            bringUpToDate(watcher);
            if (watcher.seen === state.update) watcher.response.end();
          };
          watcher.response.on('drain', finish);
          finish();
        }
        server.closeIdleConnections();
        await closed;
        clearTimeout(timer);
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
  if (host !== `${LOOPBACK}:${port}` && host !== `localhost:${port}`) return null;
  if (!URL.canParse(request.url ?? '', `http://${host}`)) return null;
  const url = new URL(request.url ?? '', `http://${host}`);
  return isSame(url.searchParams.get('token') ?? '', token) ? url : null;
}

/** In a time that tells nothing; hashed, because `timingSafeEqual` wants equal lengths. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}
