import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionRoom } from './connection-room.ts';
import { http2StreamOf } from './http2/stream-of.ts';
import type { Tally } from './metrics/tally.ts';
import type { ServerParts } from './parts.ts';
import type { QueueBudget } from './queue-budget.ts';
import { sendJson } from './respond.ts';
import type { Handler, Refuse } from './routes/route.ts';
import { startAt } from './routes/start-at.ts';
import { streamHeaders } from './sse-transport.ts';
import type { Stream } from './stream.ts';
import type { Transport } from './transport.ts';
import { parseWorkflowId, workflowIdRule } from './workflow-id.ts';

export interface AdmissionOptions {
  parts: ServerParts;
  /** Those that were let in, until they end. */
  openStreams: Set<Stream>;
  tally: Tally;
  room: ConnectionRoom;
  queues: QueueBudget;
  refuse: Refuse;
  isClosing(): boolean;
  /** The connection that a request came on, as it was accepted. */
  connectionOf(request: IncomingMessage, response: ServerResponse): Socket;
}

/** Lets streams in, whatever their transport, as far as the limits go. */
export interface Admission {
  /** `GET /api/events/:workflowId/stream` */
  streamEvents: Handler;
  /**
   * Synchronous from the request to the slot, so that the limit is exact. `connect` begins the answer once there is a slot, or
   * returns null when it has refused the request.
   */
  admit(
    request: IncomingMessage,
    response: ServerResponse,
    workflowId: string,
    connect: () => Transport | null,
  ): void;
  /** A stream has begun on a connection, which waits for nothing until `carrier` closes. */
  occupy(request: IncomingMessage, response: ServerResponse, carrier: ServerResponse | Socket): void;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { parts, openStreams, tally, room, queues, refuse, isClosing, connectionOf } = options;
  const { settings, logger, registry, eventLog } = parts;
  const streamCounts = new WeakMap<Socket, number>();

  function streamEvents(request: IncomingMessage, response: ServerResponse, segment: string): void {
    const workflowId = parseWorkflowId(segment);
    if (workflowId === null) {
      sendJson(response, 400, { error: `a workflow id is ${workflowIdRule}` });
    } else if (isClosing()) {
      sendJson(response, 503, { error: 'the server is shutting down' }, { Connection: 'close' });
    } else if (request.method === 'HEAD') {
      tellOfStream(request, response, workflowId);
    } else {
      admit(request, response, workflowId, () => {
        occupy(request, response, response);
        return parts.createSseTransport({ request, response, sse: parts.sse, settings });
      });
    }
  }

  function occupy(
    request: IncomingMessage,
    response: ServerResponse,
    carrier: ServerResponse | Socket,
  ): void {
    const connection = connectionOf(request, response);
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

  function admit(
    request: IncomingMessage,
    response: ServerResponse,
    workflowId: string,
    connect: () => Transport | null,
  ): void {
    const connectionId = randomUUID().slice(0, 8);
    // In HTTP/2 streams stand side by side.
    if (http2StreamOf(response) === null && (streamCounts.get(connectionOf(request, response)) ?? 0) > 0) {
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

  return { streamEvents, admit, occupy };
}
