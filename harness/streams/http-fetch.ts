import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { EventSourceFetchInit, FetchLike, FetchLikeResponse, ReaderLike } from 'eventsource';
import { dial } from './dial.ts';
import { parseTarget, requestHeaders } from './http-request.ts';
import { maxHeadBytes, maxHeaderCount, maxInterimCount } from './http-response-parser.ts';
import { isRedirect, redirection } from './redirect.ts';

/** Is told what goes over the connections of an EventSource. */
export interface FetchObserver {
  onSocket(socket: Socket): void;
  onResponse(status: number, headers: IncomingMessage['headers']): void;
  /** A redirect is not followed, and why. */
  onRefusedRedirect(refusal: string): void;
  onBody(bytes: Buffer): void;
}

/**
 * A `fetch` for the `eventsource` package, over `node:http` and a connection of its own for each request. Node's own
 * fetch would do, but hides its sockets in a pool: nobody could say when they are closed, or what came over them.
 * Redirects are followed as a browser follows them, but only on the same origin, at most 20. Headers given here override those of the package.
 */
export function observedFetch(
  headers: Record<string, string>,
  observer: FetchObserver,
  localAddress?: string,
): FetchLike {
  return async (url, init) => {
    let location = new URL(url);
    for (let redirectCount = 0; ; redirectCount += 1) {
      const response = await send(location, { ...init.headers, ...headers }, init, observer, localAddress);
      const status = response.statusCode ?? 0;
      const next = response.headers.location;
      if (isRedirect(status) && next !== undefined) {
        const led = redirection(status, next, location, redirectCount);
        if ('to' in led) {
          response.destroy();
          location = led.to;
          continue;
        }
        observer.onResponse(status, response.headers);
        observer.onRefusedRedirect(led.refusal);
      } else observer.onResponse(status, response.headers);
      return fetchResponse(response, location, redirectCount > 0, observer);
    }
  };
}

function send(
  url: URL,
  headers: Record<string, string>,
  init: EventSourceFetchInit,
  observer: FetchObserver,
  localAddress: string | undefined,
): Promise<IncomingMessage> {
  const target = parseTarget(url.href);
  const request = (target.secure ? requestHttps : requestHttp)({
    host: target.host,
    port: target.port,
    path: target.path,
    // A list keeps repeated and mixed-case names as they are.
    headers: requestHeaders(target, headers).flat(),
    signal: init.signal as AbortSignal,
    // The bounds of the raw client; by itself Node drops headers above 2,000 without a word.
    maxHeaderSize: maxHeadBytes,
    createConnection: () => {
      const { socket } = dial(target, { localAddress });
      observer.onSocket(socket);
      return socket;
    },
  });
  request.maxHeadersCount = 0;
  return new Promise((resolve, reject) => {
    let interimCount = 0;
    request.on('error', reject);
    request.on('information', () => {
      interimCount += 1;
      if (interimCount > maxInterimCount)
        request.destroy(new Error(`more than ${maxInterimCount} interim responses`));
    });
    request.on('upgrade', (_response, socket: Socket) => {
      socket.destroy();
      reject(new Error('status 101: the server switched protocols'));
    });
    request.on('response', (response) => {
      // It breaks with the connection, also when nobody reads it (a refusal).
      response.on('error', () => {});
      if (response.rawHeaders.length > 2 * maxHeaderCount) {
        request.destroy();
        reject(new Error(`response head of more than ${maxHeaderCount} lines`));
        return;
      }
      resolve(response);
    });
    request.end();
  });
}

function fetchResponse(
  response: IncomingMessage,
  url: URL,
  redirected: boolean,
  observer: FetchObserver,
): FetchLikeResponse {
  return {
    status: response.statusCode ?? 0,
    url: url.href,
    redirected,
    headers: {
      get: (name) => {
        const value = response.headers[name.toLowerCase()];
        return value === undefined ? null : String(value);
      },
    },
    body: { getReader: () => bodyReader(response, observer) },
  };
}

function bodyReader(response: IncomingMessage, observer: FetchObserver): ReaderLike {
  const chunks: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
  return {
    async read() {
      const next = await chunks.next();
      // Behind a complete response node:http closes the connection: there is no agent that would keep it.
      if (next.done === true) return { done: true };
      observer.onBody(next.value);
      return { done: false, value: next.value };
    },
    async cancel() {
      response.destroy();
    },
  };
}
