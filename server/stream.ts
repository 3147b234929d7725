import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { EventLog, StartAt } from './event-log/types.ts';
import type { QueueBudget } from './queue-budget.ts';
import { type ServerSettings, typicalBatchBytes } from './settings.ts';
import type { SseEncoder } from './sse.ts';
import type { Slot } from './stream-registry.ts';

/**
 * - `client_closed`: the client ended the connection, in whichever way.
 * - `max_duration_exceeded`, `server_shutdown`: the server ended it, with `event: close`.
 * - `slow_consumer`: the queue was full and the reader took nothing, or the queues of all streams together were too much.
 * - `vanished`: the network, or silence, says that nobody is there any more.
 * - `error`: the response could not be written.
 */
export const endReasons = [
  'client_closed',
  'max_duration_exceeded',
  'server_shutdown',
  'slow_consumer',
  'vanished',
  'error',
] as const;
export type EndReason = (typeof endReasons)[number];

export interface StreamSummary {
  reason: EndReason;
  durationMs: number;
  events: number;
  /** Bytes handed to the response, framing of HTTP not counted. */
  bytes: number;
  /** Of these, what still waited in this process when the stream ended. */
  unsentBytes: number;
}

export interface StreamOptions {
  request: IncomingMessage;
  response: ServerResponse;
  workflowId: string;
  startAt: StartAt;
  eventLog: EventLog;
  sse: SseEncoder;
  settings: ServerSettings;
  /** Of all streams. */
  queues: QueueBudget;
  /** Released when the stream ends. */
  slot: Slot;
  /** Called once, when the stream has ended; never before `openStream` has returned. */
  onEnd(summary: StreamSummary): void;
}

export interface Stream {
  /** Shows the client and the machines between that the stream is alive. */
  beat(): void;
  /** Idempotent: the first reason counts. */
  end(reason: EndReason): void;
}

export type OpenStream = (options: StreamOptions) => Stream;

/** What the kernel says once nobody has acknowledged anything for long; an RST or FIN is the client's doing. */
const vanishedCodes = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The head of every stream; also the answer to HEAD. */
export function streamHeaders(response: ServerResponse): OutgoingHttpHeaders {
  return {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    'X-Accel-Buffering': 'no', // nginx would hold events back otherwise
    // Only where it is true: a client that asked for `Connection: close` gets what it asked for.
    ...(response.shouldKeepAlive && { Connection: 'keep-alive', 'Keep-Alive': 'timeout=60, max=100' }),
  };
}

/** All of it has been read: a browser's would take 1.2 KiB as long as its stream lasts. */
function forgetHead(request: IncomingMessage): void {
  request.headers = {};
  request.rawHeaders = [];
}

/**
 * Answers a request with the events of a workflow until `end`. Everything set up here is torn down in `end`.
 * Throws what `eventLog.subscribe` throws; nothing is left behind then but the started response.
 */
export const openStream: OpenStream = (options) => {
  const { request, response, settings, sse, queues, slot } = options;
  const { socket } = request;
  const openedAtMs = performance.now();
  // Stop one batch early, so that the last one taken still fits into the queue.
  const maxQueueBytes = Math.min(settings.maxQueueBytes, settings.maxQueuesBytes);
  const fullAtBytes = Math.max(0, maxQueueBytes - typicalBatchBytes);
  let queueIsFull = false;
  let ended = false;
  let events = 0;
  let bytes = 0;

  function send(chunk: string | Buffer): boolean {
    bytes += chunk.length;
    return response.write(chunk);
  }

  const queue = {
    get queuedBytes() {
      return response.writableLength;
    },
    giveUp: () => end('slow_consumer'),
  };

  response.writeHead(200, streamHeaders(response));
  send(sse.retry(settings.retryMs)); // sends the head at once, too

  const subscription = options.eventLog.subscribe(options.workflowId, options.startAt, {
    deliver(batch) {
      events += batch.eventCount;
      const flowing = send(batch.bytes);
      if (flowing) return true;
      queues.note(queue, response.writableLength);
      queueIsFull = queues.isExceeded || response.writableLength >= fullAtBytes;
      if (queueIsFull) response.setTimeout(settings.stallMs);
      return !queueIsFull;
    },
    reset: () => send(sse.reset()),
  });

  const onDrain = () => {
    queues.forget(queue);
    if (!queueIsFull) return;
    queueIsFull = false;
    response.setTimeout(settings.vanishedMs);
    subscription.resume();
  };
  // Node's socket timer counts it as activity when the kernel took some bytes of a write that is not finished yet
  // (net.Socket, _onTimeout), so a slow reader that moves does not get here with something queued.
  const onNoProgress = () => {
    if (response.writableLength > 0) end(queueIsFull ? 'slow_consumer' : 'vanished');
  };
  // The socket and not the response: of two requests pipelined on one socket that is then destroyed, the second
  // response never emits `close` on Node 20.
  const onSocketClose = () => {
    const code = (socket.errored as NodeJS.ErrnoException | null)?.code ?? '';
    end(vanishedCodes.has(code) ? 'vanished' : 'client_closed');
  };
  const onError = () => end('error');

  forgetHead(request);
  request.resume(); // a body that nobody reads would stop the socket from seeing its end
  socket.on('close', onSocketClose);
  response.on('drain', onDrain).on('timeout', onNoProgress).on('error', onError);
  response.setTimeout(settings.vanishedMs);
  const deadline = setTimeout(() => end('max_duration_exceeded'), settings.maxDurationMs);

  function end(reason: EndReason): void {
    if (ended) return;
    ended = true;
    clearTimeout(deadline);
    subscription.close();
    queues.forget(queue);
    socket.off('close', onSocketClose);
    response.off('drain', onDrain);
    const farewell = reason === 'max_duration_exceeded' || reason === 'server_shutdown';
    const unsentBytes = response.writableLength;
    if (farewell) {
      send(sse.close(reason));
      response.end();
      const linger = setTimeout(() => socket.destroy(), settings.lingerMs).unref();
      response.once('close', () => clearTimeout(linger));
    } else {
      socket.destroy();
    }
    slot.release();
    options.onEnd({ reason, durationMs: performance.now() - openedAtMs, events, bytes, unsentBytes });
  }

  return {
    // Where bytes are waiting already, another comment would only make the queue longer.
    beat: () => {
      if (response.writableLength === 0) send(sse.comment('heartbeat'));
    },
    end,
  };
};
