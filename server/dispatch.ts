import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import type { Socket } from 'node:net';
import type { CalmLog } from './calm-log.ts';
import { http2StreamOf } from './http2/stream-of.ts';
import { requestPath } from './request-path.ts';
import { sendJson } from './respond.ts';
import { hasBody, type Refuse, type Route } from './routes/route.ts';

/** Longer than any path here, with room for the query of a page. */
const maxTargetLength = 4096;
/** Requests on one connection whose answers are not out. A browser sends one at a time. */
const maxInFlight = 16;

const thenClose = { Connection: 'close' };

/** Finds the route of each request, and refuses what none of them takes. */
export interface Dispatch {
  (request: IncomingMessage, response: ServerResponse): void;
  /** Answers to requests on this connection of HTTP/1.1 are not out yet. */
  isBusy(socket: Socket): boolean;
}

export function createDispatch({
  routes,
  refuse,
  logger,
}: {
  routes: readonly Route[];
  refuse: Refuse;
  logger: Pick<CalmLog, 'seldom' | 'error'>;
}): Dispatch {
  const inFlight = new WeakMap<Socket, number>();

  function dispatch(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (socket.destroyed) return; // what came behind the request for which it was ended
    const requestCount = (inFlight.get(socket) ?? 0) + 1;
    inFlight.set(socket, requestCount);
    if (requestCount > maxInFlight) {
      // Answers go out in order: there is none to be given before those that are waited for.
      const { remoteAddress } = socket;
      logger.seldom({ remoteAddress, maxInFlight }, 'connection ended: too many requests at once');
      readNoFurther(socket);
      socket.destroy();
      return;
    }
    response.once('close', () => inFlight.set(socket, (inFlight.get(socket) ?? 1) - 1));
    if ((request.url ?? '').length > maxTargetLength) {
      refuse(request, response, 414, `a request target has at most ${maxTargetLength} bytes`);
      return;
    }
    const path = requestPath(request);
    for (const { path: pattern, handle: answer, take } of routes) {
      const match = pattern.exec(path);
      if (match === null) continue;
      const handle = request.method === 'POST' && take !== undefined ? take : answer;
      if (handle === answer && request.method !== 'GET' && request.method !== 'HEAD') {
        const [remedy, allowed] =
          take === undefined ? ['GET', 'GET, HEAD'] : ['GET or POST', 'GET, HEAD, POST'];
        const error = `${request.method} is not possible here: use ${remedy}`;
        // A body that nobody wants may never end.
        sendJson(response, 405, { error }, { Allow: allowed, ...(hasBody(request, response) && thenClose) });
        return;
      }
      if (handle === answer && hasBody(request, response)) {
        refuse(request, response, 413, 'nothing here takes a body: leave it out');
        return;
      }
      try {
        handle(request, response, match[1] ?? '')?.catch((error: unknown) => fail(response, error));
      } catch (error) {
        fail(response, error);
      }
      return;
    }
    sendJson(response, 404, { error: `there is nothing at ${path.slice(0, 200)}` });
  }

  function fail(response: ServerResponse, error: unknown): void {
    logger.error({ err: error }, 'request failed');
    if (response.headersSent) response.destroy();
    else sendJson(response, 500, { error: 'the server could not answer: its log says why' });
  }

  return Object.assign(dispatch, { isBusy: (socket: Socket) => (inFlight.get(socket) ?? 0) > 0 });
}

/** Makes what answers with an error and ends the connection, too, or the stream of HTTP/2: what else comes on it is of no use. */
export function createRefuse(logger: Pick<CalmLog, 'seldom'>): Refuse {
  return ({ socket }, response, status, error, headers = {}) => {
    const { remoteAddress } = socket;
    logger.seldom({ status, remoteAddress }, 'request refused');
    sendJson(response, status, { error }, { ...headers, ...thenClose });
    // A body of which something was read keeps it open otherwise (RFC 9113, section 8.1).
    const stream = http2StreamOf(response);
    stream?.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  };
}

/**
 * What has come already is read to its end otherwise, up to 64 KiB: a request and a response for each that is in there, then an error
 * for each that is cut off. The parser is no public property, and there is no public way to stop it; without it this does nothing.
 */
function readNoFurther(socket: Socket): void {
  const { parser } = socket as { parser?: { onIncoming: (() => number) | null } };
  if (parser) parser.onIncoming = () => switchProtocols;
}

/** What Node's parser takes for "no HTTP follows". */
const switchProtocols = 2;
