import { randomUUID } from 'node:crypto';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createDiskGauge } from './disk-gauge.ts';
import type { StartAt } from './event-log/types.ts';
import { page, pageHeaders } from './page/page.ts';
import type { ServerParts } from './parts.ts';
import type { ClientError } from './refuse-connection.ts';
import { requestPath } from './request-path.ts';
import { sendJson, sendText } from './respond.ts';
import { createHistoryRoute } from './routes/history.ts';
import { createIngestionRoute } from './routes/ingestion.ts';
import { type Route, requestQuery } from './routes/route.ts';
import { createWorkflowsRoute } from './routes/workflows.ts';
import { type EndReason, endReasons, type Stream, streamHeaders } from './stream.ts';
import { parseWorkflowId, workflowIdRule } from './workflow-id.ts';

/** What the `Keep-Alive` header of a stream promises. */
const keepAliveTimeoutMs = 60_000;
/** How often shutdown looks for connections that have become idle. */
const idleSweepMs = 25;

/** Node's default, said aloud: all headers together, with the request line. */
const maxHeaderBytes = 16 * 1024;
/** Longer than any path here, with room for the query of a page. */
const maxTargetLength = 4096;
/** Requests on one connection whose answers are not out. A browser sends one at a time. */
const maxInFlight = 16;
/** Connections that may wait in the kernel while this process is busy; Linux caps it at net.core.somaxconn. */
const backlog = 4096;
/** How often clients are looked for that take too long: a fourth of what they get, and once a second at least. */
const checksPerTimeout = 4;
const slowestCheckMs = 1000;

export interface SseServer {
  /** Resolves with the URL once connections are accepted; rejects with the error of `listen`, such as EADDRINUSE. */
  listen(port: number, host: string): Promise<string>;
  /** Ends every stream with `server_shutdown` and resolves when nothing is open any more. Idempotent. */
  close(): Promise<void>;
}

export function createServer(parts: ServerParts): SseServer {
  const { settings, logger, registry, eventLog, eventStore } = parts;
  const startedAtMs = performance.now();
  const openStreams = new Set<Stream>();
  const ended = Object.fromEntries(endReasons.map((reason) => [reason, 0])) as Record<EndReason, number>;
  let rejectedCount = 0;
  let closing: Promise<void> | null = null;
  let retention: { stop(): void } | undefined;
  const diskGauge = createDiskGauge(eventStore, logger);

  const routes: Route[] = [
    { path: /^\/api\/events\/([^/]*)\/stream$/, handle: streamEvents },
    {
      path: /^\/api\/events\/([^/]*)$/,
      handle: createHistoryRoute({ eventStore, settings }),
      take: createIngestionRoute({ eventStore, settings, logger, refuse, isClosing: () => closing !== null }),
    },
    { path: /^\/api\/workflows$/, handle: createWorkflowsRoute(parts) },
    { path: /^\/health$/, handle: showHealth },
    { path: /^\/$/, handle: (_request, response) => sendText(response, 200, page, pageHeaders) },
  ];

  const httpServer = createHttpServer(
    {
      keepAlive: true,
      keepAliveInitialDelay: settings.heartbeatMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: settings.headTimeoutMs,
      // A request is over with its head: one that has a body is refused without reading it. The route that takes one ends it itself.
      requestTimeout: settings.headTimeoutMs + 2 * settings.bodyTimeoutMs,
      connectionsCheckingInterval: Math.min(slowestCheckMs, settings.headTimeoutMs / checksPerTimeout),
    },
    route,
  );
  // Without this listener Node would ask for the body that is going to be refused.
  httpServer.on('checkContinue', route);
  httpServer.on('connection', (socket) => room.enter(socket));
  httpServer.on('clientError', (error: ClientError, socket) => {
    const { remoteAddress } = socket as Socket;
    const status = parts.refuseConnection(error, socket as Socket);
    // A client that goes away in the middle of a request is no news.
    if (status !== null) logger.seldom({ status, code: error.code, remoteAddress }, 'connection refused');
  });
  // Accepting failed, for want of descriptors: it goes on when there are some. Without a listener it would end the process.
  httpServer.on('error', (error) => {
    if (httpServer.listening) logger.seldom({ err: error }, 'cannot accept connections');
  });

  const room = parts.createRoom({
    maxWaiting: settings.maxWaiting,
    onPushedOut({ remoteAddress }) {
      logger.seldom(
        { remoteAddress, maxWaiting: settings.maxWaiting },
        'connection without a stream ended to make room for the next one',
      );
    },
  });
  const inFlight = new WeakMap<Socket, number>();
  const streaming = new WeakSet<Socket>();

  // One timer for all streams. It starts with the server and stops with it.
  let heartbeat: NodeJS.Timeout | undefined;
  function beatAll() {
    for (const stream of openStreams) stream.beat();
  }

  function route(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (socket.destroyed) return; // what came behind the request for which it was ended
    const requestCount = (inFlight.get(socket) ?? 0) + 1;
    inFlight.set(socket, requestCount);
    if (requestCount > maxInFlight) {
      // Answers go out in order: there is none to be given before those that are waited for.
      const { remoteAddress } = socket;
      logger.seldom({ remoteAddress, maxInFlight }, 'connection ended: too many requests at once');
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
        sendJson(response, 405, { error }, { Allow: allowed, ...(hasBody(request) && thenClose) });
        return;
      }
      if (handle === answer && hasBody(request)) {
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

  /** Ends the connection, too: what else comes on it is of no use. */
  function refuse(
    { socket }: IncomingMessage,
    response: ServerResponse,
    status: number,
    error: string,
    headers: OutgoingHttpHeaders = {},
  ): void {
    const { remoteAddress } = socket;
    logger.seldom({ status, remoteAddress }, 'request refused');
    sendJson(response, status, { error }, { ...headers, ...thenClose });
  }

  function fail(response: ServerResponse, error: unknown): void {
    logger.error({ err: error }, 'request failed');
    if (response.headersSent) response.destroy();
    else sendJson(response, 500, { error: 'the server could not answer: its log says why' });
  }

  function streamEvents(request: IncomingMessage, response: ServerResponse, segment: string): void {
    const workflowId = parseWorkflowId(segment);
    if (workflowId === null) {
      sendJson(response, 400, { error: `a workflow id is ${workflowIdRule}` });
    } else if (closing !== null) {
      sendJson(response, 503, { error: 'the server is shutting down' }, thenClose);
    } else if (request.method === 'HEAD') {
      tellOfStream(request, response, workflowId);
    } else {
      admit(request, response, workflowId);
    }
  }

  /**
   * The head that a GET would get at this moment. It takes no slot and does not count as rejected: a browser's
   * EventSource does not tell why it was refused, so a page has to ask.
   */
  function tellOfStream(request: IncomingMessage, response: ServerResponse, workflowId: string): void {
    const { limit, openByWorkflow } = registry;
    if ((openByWorkflow.get(workflowId) ?? 0) < limit) {
      response.writeHead(200, streamHeaders(response)).end();
    } else {
      parts.rejectStream(request, response, { workflowId, limit, retryMs: settings.retryMs });
    }
  }

  /** Whether there are descriptors for another stream and for the file that it may be the first to follow. Of history each reader has one. */
  function hasRoom(): boolean {
    const taken = room.connectionCount - room.waitingCount + eventLog.openTailCount;
    return taken + 2 <= settings.maxDescriptors - settings.maxWaiting - settings.maxHistoryReaders;
  }

  /** Synchronous from the request to the slot, so that the limit is exact. */
  function admit(request: IncomingMessage, response: ServerResponse, workflowId: string): void {
    const connectionId = randomUUID().slice(0, 8);
    const { socket } = request;
    if (streaming.has(socket)) {
      // Its answer comes behind a stream that may last for an hour, and would pile up until then.
      refuse(request, response, 409, 'a stream is open on this connection: ask for another one on another');
      return;
    }
    if (!hasRoom()) {
      rejectedCount += 1;
      logger.seldom(
        { workflowId, maxDescriptors: settings.maxDescriptors },
        'stream rejected: server is full',
      );
      const retryAfter = { 'Retry-After': Math.max(1, Math.ceil(settings.retryMs / 1000)) };
      sendJson(response, 503, { error: 'too many open streams', scope: 'server' }, retryAfter);
      return;
    }
    const slot = registry.take(workflowId);
    if (slot === null) {
      rejectedCount += 1;
      const { limit } = registry;
      logger.info({ connectionId, workflowId, limit }, 'stream rejected');
      parts.rejectStream(request, response, { workflowId, limit, retryMs: settings.retryMs });
      return;
    }
    try {
      const stream = parts.openStream({
        request,
        response,
        workflowId,
        startAt: startAt(request),
        eventLog,
        sse: parts.sse,
        settings,
        slot,
        onEnd(summary) {
          openStreams.delete(stream);
          ended[summary.reason] += 1;
          const durationMs = Math.round(summary.durationMs);
          logger.info({ connectionId, workflowId, ...summary, durationMs }, 'stream closed');
        },
      });
      openStreams.add(stream);
      streaming.add(socket);
      room.leave(socket);
      response.once('close', () => {
        streaming.delete(socket);
        room.comeBack(socket);
      });
    } catch (error) {
      slot.release();
      throw error;
    }
    logger.info({ connectionId, workflowId }, 'stream opened');
  }

  /**
   * From the event behind the last one (its id is an offset in the file), or with the most recent events. A browser
   * sends `Last-Event-ID` only when it reconnects by itself; a new EventSource has nothing but its URL to say it with.
   * The header wins, as it is the newer of the two: the URL stays the same through all reconnects.
   */
  function startAt(request: IncomingMessage): StartAt {
    const lastEventId = request.headers['last-event-id'] ?? requestQuery(request).get('lastEventId');
    if (typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId)) {
      return { offset: Number(lastEventId) };
    }
    return { recentEvents: settings.recentEvents };
  }

  function showHealth(_request: IncomingMessage, response: ServerResponse): void {
    const { rss, heapUsed, external } = process.memoryUsage();
    sendJson(response, 200, {
      status: closing === null ? 'ok' : 'closing',
      uptimeSeconds: Math.round(performance.now() - startedAtMs) / 1000,
      openStreams: openStreams.size,
      openStreamsByWorkflow: Object.fromEntries(registry.openByWorkflow),
      openTails: eventLog.openTailCount,
      ended,
      rejected: rejectedCount,
      memory: { rssBytes: rss, heapUsedBytes: heapUsed, externalBytes: external },
      disk: diskGauge.read(),
    });
  }

  async function shutDown(): Promise<void> {
    clearInterval(heartbeat);
    retention?.stop();
    const closed = new Promise<void>((resolve) => httpServer.close(() => resolve()));
    for (const stream of openStreams) stream.end('server_shutdown');
    // `close` ended the connections that were idle; the others become idle when their last bytes are out.
    const sweep = setInterval(() => httpServer.closeIdleConnections(), idleSweepMs);
    const force = setTimeout(() => httpServer.closeAllConnections(), settings.shutdownGraceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(force);
    await eventLog.close();
    await eventStore.close();
    logger.close();
  }

  return {
    listen(port, host) {
      return new Promise((resolve, reject) => {
        httpServer.once('error', reject);
        httpServer.listen({ port, host, backlog }, () => {
          httpServer.off('error', reject);
          heartbeat = setInterval(beatAll, settings.heartbeatMs);
          const { retainDays } = settings;
          if (retainDays !== null) retention = parts.startRetention({ eventStore, retainDays, logger });
          resolve(urlOf(httpServer.address() as AddressInfo));
        });
      });
    },
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

const thenClose = { Connection: 'close' };

/** RFC 9112, section 6.3: without one of these headers a request has no body. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
