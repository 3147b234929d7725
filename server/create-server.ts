import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StartAt } from './event-log/types.ts';
import { page, pageHeaders } from './page/page.ts';
import type { ServerParts } from './parts.ts';
import { sendJson, sendText } from './respond.ts';
import { type EndReason, endReasons, type Stream, streamHeaders } from './stream.ts';
import { parseWorkflowId, workflowIdRule } from './workflow-id.ts';
import { listWorkflows } from './workflow-list.ts';

/** More folders than a person reads through; the list then says that it is not complete. */
const maxListedEntries = 1000;
/** What the `Keep-Alive` header of a stream promises. */
const keepAliveTimeoutMs = 60_000;
/** How often shutdown looks for connections that have become idle. */
const idleSweepMs = 25;

export interface SseServer {
  /** Resolves with the URL once connections are accepted; rejects with the error of `listen`, such as EADDRINUSE. */
  listen(port: number, host: string): Promise<string>;
  /** Ends every stream with `server_shutdown` and resolves when nothing is open any more. Idempotent. */
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse, segment: string) => void | Promise<void>;

export function createServer(parts: ServerParts): SseServer {
  const { settings, logger, registry, eventLog } = parts;
  const startedAtMs = performance.now();
  const openStreams = new Set<Stream>();
  const ended = Object.fromEntries(endReasons.map((reason) => [reason, 0])) as Record<EndReason, number>;
  let rejectedCount = 0;
  let closing: Promise<void> | null = null;

  const routes: { path: RegExp; handle: Handler }[] = [
    { path: /^\/api\/events\/([^/]*)\/stream$/, handle: streamEvents },
    { path: /^\/api\/workflows$/, handle: showWorkflows },
    { path: /^\/health$/, handle: showHealth },
    { path: /^\/$/, handle: (_request, response) => sendText(response, 200, page, pageHeaders) },
  ];

  // Everything else stays as Node sets it: 60 s for the head, 300 s for a request, 16 KiB of headers, and for
  // what is no HTTP a 400, 408 or 431 and the end of the connection.
  const httpServer = createHttpServer(
    { keepAlive: true, keepAliveInitialDelay: settings.heartbeatMs },
    route,
  );
  httpServer.keepAliveTimeout = keepAliveTimeoutMs;

  // One timer for all streams. It starts with the server and stops with it.
  let heartbeat: NodeJS.Timeout | undefined;
  function beatAll() {
    for (const stream of openStreams) stream.beat();
  }

  function route(request: IncomingMessage, response: ServerResponse): void {
    const path = requestPath(request);
    for (const { path: pattern, handle } of routes) {
      const match = pattern.exec(path);
      if (match === null) continue;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        const error = `${request.method} is not possible here: use GET`;
        sendJson(response, 405, { error }, { Allow: 'GET, HEAD' });
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

  function streamEvents(request: IncomingMessage, response: ServerResponse, segment: string): void {
    const workflowId = parseWorkflowId(segment);
    if (workflowId === null) {
      sendJson(response, 400, { error: `a workflow id is ${workflowIdRule}` });
    } else if (closing !== null) {
      sendJson(response, 503, { error: 'the server is shutting down' }, { Connection: 'close' });
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

  /** Synchronous from the request to the slot, so that the limit is exact. */
  function admit(request: IncomingMessage, response: ServerResponse, workflowId: string): void {
    const connectionId = randomUUID().slice(0, 8);
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

  async function showWorkflows(_request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { workflowIds, truncated } = await listWorkflows(settings.dir, maxListedEntries);
    const workflows = workflowIds.map((workflowId) => ({
      workflowId,
      openStreams: registry.openByWorkflow.get(workflowId) ?? 0,
    }));
    // Without a limit (Infinity) JSON has `null`.
    sendJson(response, 200, { workflows, limit: registry.limit, truncated });
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
    });
  }

  async function shutDown(): Promise<void> {
    clearInterval(heartbeat);
    const closed = new Promise<void>((resolve) => httpServer.close(() => resolve()));
    for (const stream of openStreams) stream.end('server_shutdown');
    // `close` ended the connections that were idle; the others become idle when their last bytes are out.
    const sweep = setInterval(() => httpServer.closeIdleConnections(), idleSweepMs);
    const force = setTimeout(() => httpServer.closeAllConnections(), settings.shutdownGraceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(force);
    await eventLog.close();
  }

  return {
    listen(port, host) {
      return new Promise((resolve, reject) => {
        httpServer.once('error', reject);
        httpServer.listen(port, host, () => {
          httpServer.off('error', reject);
          heartbeat = setInterval(beatAll, settings.heartbeatMs);
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

/** The path as it was sent, also from `GET http://host/path` (RFC 9112, section 3.2.2); nothing is resolved. */
function requestPath(request: IncomingMessage): string {
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '');
  const path = target.split('?', 1)[0];
  return path || '/';
}

function requestQuery(request: IncomingMessage): URLSearchParams {
  const [, query = ''] = (request.url ?? '').split('?', 2);
  return new URLSearchParams(query);
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
