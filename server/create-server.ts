import { randomUUID } from 'node:crypto';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createDiskGauge } from './disk-gauge.ts';
import { createProtocolSwitch } from './http2/protocol-switch.ts';
import { http2StreamOf } from './http2/stream-of.ts';
import { createMetricsRoute } from './metrics/route.ts';
import { createTally } from './metrics/tally.ts';
import { page, pageHeaders } from './page/page.ts';
import type { ServerParts } from './parts.ts';
import { createQueueBudget } from './queue-budget.ts';
import type { ClientError } from './refuse-connection.ts';
import { requestPath } from './request-path.ts';
import { sendJson, sendText } from './respond.ts';
import { createHistoryRoute } from './routes/history.ts';
import { createIngestionRoute } from './routes/ingestion.ts';
import { hasBody, type Route } from './routes/route.ts';
import { startAt } from './routes/start-at.ts';
import { createWorkflowsRoute } from './routes/workflows.ts';
import { streamHeaders } from './sse-transport.ts';
import type { Stream } from './stream.ts';
import type { Transport } from './transport.ts';
import { askForUpgrade, createWebSocketRoute, webSocketPath } from './web-socket/route.ts';
import { asksForWebSocket } from './web-socket/upgrade.ts';
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
  const tally = createTally();
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
    { path: webSocketPath, handle: askForUpgrade },
    { path: /^\/api\/workflows$/, handle: createWorkflowsRoute(parts) },
    { path: /^\/health$/, handle: showHealth },
    { path: /^\/metrics$/, handle: (request, response) => metrics.show(request, response) },
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
      // What asks for another protocol (curl --http2) gets its answer without it (RFC 9110, section 7.8).
      shouldUpgradeCallback: asksForWebSocket,
    },
    route,
  );
  // Without this listener Node would ask for the body that is going to be refused.
  httpServer.on('checkContinue', route);
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
  const protocolSwitch = createProtocolSwitch({
    settings,
    http1: httpServer,
    idleMs: keepAliveTimeoutMs,
    maxHeaderBytes,
    onRequest: route,
    onRefused({ remoteAddress }, error) {
      const { code } = error as NodeJS.ErrnoException;
      logger.seldom({ code, remoteAddress }, 'connection refused');
    },
  });
  httpServer.on('connection', (socket) => room.enter(socket));
  const queues = createQueueBudget({
    maxBytes: settings.maxQueuesBytes,
    onGivenUp() {
      const { maxQueuesBytes } = settings;
      logger.seldom({ maxQueuesBytes }, 'slow reader ended: too much waits for all of them together');
    },
  });
  const inFlight = new WeakMap<Socket, number>();
  const streamCounts = new WeakMap<Socket, number>();

  const upgrade = createWebSocketRoute({
    parts,
    isClosing: () => closing !== null,
    isBusy: (socket) => (inFlight.get(socket) ?? 0) > 0,
    admit,
    occupy,
  });
  httpServer.on('upgrade', upgrade);

  const metrics = createMetricsRoute({
    tally,
    openStreams,
    eventLog,
    room,
    get sessionCount() {
      return protocolSwitch.sessionCount;
    },
  });

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
      admit(request, response, workflowId, () => {
        occupy(request, response, response);
        return parts.createSseTransport({ request, response, sse: parts.sse, settings });
      });
    }
  }

  /** A stream has begun on a connection, which waits for nothing until `carrier` closes. */
  function occupy(
    request: IncomingMessage,
    response: ServerResponse,
    carrier: ServerResponse | Socket,
  ): void {
    const connection = protocolSwitch.connectionOf(request, response);
    if (countStreams(connection, 1) === 1) room.leave(connection);
    carrier.on('close', () => {
      if (countStreams(connection, -1) === 0) room.comeBack(connection);
    });
  }

  function countStreams(connection: Socket, change: 1 | -1): number {
    const count = (streamCounts.get(connection) ?? 0) + change;
    streamCounts.set(connection, count);
    return count;
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

  /**
   * Synchronous from the request to the slot, so that the limit is exact. `connect` begins the answer once there is a slot, or
   * returns null when it has refused the request.
   */
  function admit(
    request: IncomingMessage,
    response: ServerResponse,
    workflowId: string,
    connect: () => Transport | null,
  ): void {
    const connectionId = randomUUID().slice(0, 8);
    // In HTTP/2 streams stand side by side.
    if (
      http2StreamOf(response) === null &&
      (streamCounts.get(protocolSwitch.connectionOf(request, response)) ?? 0) > 0
    ) {
      // Its answer comes behind a stream that may last for an hour, and would pile up until then.
      refuse(request, response, 409, 'a stream is open on this connection: ask for another one on another');
      return;
    }
    if (!hasRoom()) {
      tally.rejected.server += 1;
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
      tally.rejected.workflow += 1;
      const { limit } = registry;
      logger.info({ connectionId, workflowId, limit }, 'stream rejected');
      parts.rejectStream(request, response, { workflowId, limit, retryMs: settings.retryMs });
      return;
    }
    try {
      const transport = connect();
      if (transport === null) {
        slot.release();
        return;
      }
      const stream = parts.openStream({
        transport,
        workflowId,
        startAt: startAt(request, settings.recentEvents),
        eventLog,
        settings,
        queues,
        slot,
        onEnd(summary) {
          openStreams.delete(stream);
          tally.add(summary);
          const durationMs = Math.round(summary.durationMs);
          logger.info({ connectionId, workflowId, ...summary, durationMs }, 'stream closed');
        },
      });
      openStreams.add(stream);
      logger.info({ connectionId, workflowId, protocol: stream.protocol }, 'stream opened');
    } catch (error) {
      slot.release();
      throw error;
    }
  }

  function showHealth(_request: IncomingMessage, response: ServerResponse): void {
    const { rss, heapUsed, external } = process.memoryUsage();
    sendJson(response, 200, {
      status: closing === null ? 'ok' : 'closing',
      uptimeSeconds: Math.round(performance.now() - startedAtMs) / 1000,
      openStreams: openStreams.size,
      openStreamsByWorkflow: Object.fromEntries(registry.openByWorkflow),
      openTails: eventLog.openTailCount,
      ended: tally.ended,
      rejected: tally.rejected.workflow + tally.rejected.server,
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
    protocolSwitch.close();
    const sweep = setInterval(() => httpServer.closeIdleConnections(), idleSweepMs);
    const force = setTimeout(() => protocolSwitch.destroyAll(), settings.shutdownGraceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(force);
    await metrics.close();
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
          resolve(urlOf(httpServer.address() as AddressInfo, settings.tls === null ? 'http' : 'https'));
        });
      });
    },
    close() {
      closing ??= shutDown();
      return closing;
    },
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

const thenClose = { Connection: 'close' };

function urlOf({ address, family, port }: AddressInfo, scheme: string): string {
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
