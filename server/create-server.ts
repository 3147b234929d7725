import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdmission } from './admission.ts';
import { createDispatch, createRefuse } from './dispatch.ts';
import { createProtocolSwitch } from './http2/protocol-switch.ts';
import { createMetricsRoute } from './metrics/route.ts';
import { createTally } from './metrics/tally.ts';
import { page, pageHeaders } from './page/page.ts';
import type { ServerParts } from './parts.ts';
import { createQueueBudget } from './queue-budget.ts';
import type { ClientError } from './refuse-connection.ts';
import { sendText } from './respond.ts';
import { createHealthRoute } from './routes/health.ts';
import { createHistoryRoute } from './routes/history.ts';
import { createIngestionRoute } from './routes/ingestion.ts';
import type { Route } from './routes/route.ts';
import { createWorkflowsRoute } from './routes/workflows.ts';
import type { Stream } from './stream.ts';
import { askForUpgrade, createWebSocketRoute, webSocketPath } from './web-socket/route.ts';
import { asksForWebSocket } from './web-socket/upgrade.ts';

/** What the `Keep-Alive` header of a stream promises. */
const keepAliveTimeoutMs = 60_000;
/** How often shutdown looks for connections that have become idle. */
const idleSweepMs = 25;

/** Node's default, said aloud: all headers together, with the request line. */
const maxHeaderBytes = 16 * 1024;
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
  const { settings, logger, eventLog, eventStore } = parts;
  const openStreams = new Set<Stream>();
  const tally = createTally();
  const refuse = createRefuse(logger);
  let closing: Promise<void> | null = null;
  let retention: { stop(): void } | undefined;
  const isClosing = () => closing !== null;

  const room = parts.createRoom({
    maxWaiting: settings.maxWaiting,
    onPushedOut({ remoteAddress }) {
      logger.seldom(
        { remoteAddress, maxWaiting: settings.maxWaiting },
        'connection without a stream ended to make room for the next one',
      );
    },
  });
  const queues = createQueueBudget({
    maxBytes: settings.maxQueuesBytes,
    onGivenUp() {
      const { maxQueuesBytes } = settings;
      logger.seldom({ maxQueuesBytes }, 'slow reader ended: too much waits for all of them together');
    },
  });
  const admission = createAdmission({
    parts,
    openStreams,
    tally,
    room,
    queues,
    refuse,
    isClosing,
    connectionOf: (request, response) => protocolSwitch.connectionOf(request, response),
  });
  const metrics = createMetricsRoute({
    tally,
    openStreams,
    eventLog,
    room,
    get sessionCount() {
      return protocolSwitch.sessionCount;
    },
  });

  const routes: Route[] = [
    { path: /^\/api\/events\/([^/]*)\/stream$/, handle: admission.streamEvents },
    {
      path: /^\/api\/events\/([^/]*)$/,
      handle: createHistoryRoute({ eventStore, settings }),
      take: createIngestionRoute({ eventStore, settings, logger, refuse, isClosing }),
    },
    { path: webSocketPath, handle: askForUpgrade },
    { path: /^\/api\/workflows$/, handle: createWorkflowsRoute(parts) },
    { path: /^\/health$/, handle: createHealthRoute({ parts, tally, openStreams, isClosing }) },
    { path: /^\/metrics$/, handle: metrics.show },
    { path: /^\/$/, handle: (_request, response) => sendText(response, 200, page, pageHeaders) },
  ];
  const dispatch = createDispatch({ routes, refuse, logger });

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
    dispatch,
  );
  // Without this listener Node would ask for the body that is going to be refused.
  httpServer.on('checkContinue', dispatch);
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

  const protocolSwitch = createProtocolSwitch({
    settings,
    http1: httpServer,
    idleMs: keepAliveTimeoutMs,
    maxHeaderBytes,
    onRequest: dispatch,
    onRefused({ remoteAddress }, error) {
      const { code } = error as NodeJS.ErrnoException;
      // As above: a client that goes away is no news.
      if (code !== 'ECONNRESET') logger.seldom({ code, remoteAddress }, 'connection refused');
    },
  });
  httpServer.on('connection', (socket) => room.enter(socket));
  const upgrade = createWebSocketRoute({ parts, isClosing, isBusy: dispatch.isBusy, ...admission });
  httpServer.on('upgrade', upgrade);

  // One timer for all streams. It starts with the server and stops with it.
  let heartbeat: NodeJS.Timeout | undefined;
  function beatAll() {
    for (const stream of openStreams) stream.beat();
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

function urlOf({ address, family, port }: AddressInfo, scheme: string): string {
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
