import type { EndReason } from './end-reason.ts';
import type { EventLog, StartAt } from './event-log/types.ts';
import { type ServerSettings, typicalBatchBytes } from './settings.ts';
import type { Slot } from './stream-registry.ts';
import type { Protocol, Transport } from './transport.ts';

export interface StreamSummary {
  protocol: Protocol;
  reason: EndReason;
  durationMs: number;
  events: number;
  /** Bytes handed to the connection, framing of HTTP not counted. */
  bytes: number;
  /** Of these, what still waited in this process when the stream ended. */
  unsentBytes: number;
}

export interface StreamOptions {
  transport: Transport;
  workflowId: string;
  startAt: StartAt;
  eventLog: EventLog;
  settings: ServerSettings;
  /** Released when the stream ends. */
  slot: Slot;
  /** Called once, when the stream has ended; never before `openStream` has returned. */
  onEnd(summary: StreamSummary): void;
}

export interface Stream {
  readonly protocol: Protocol;
  /** Events sent so far. */
  readonly events: number;
  /** Bytes handed to the connection. */
  readonly bytes: number;
  /** Of these, what waits in this process. */
  readonly queuedBytes: number;
  /** Shows the client and the machines between that the stream is alive. */
  beat(): void;
  /** Idempotent: the first reason counts. */
  end(reason: EndReason): void;
}

export type OpenStream = (options: StreamOptions) => Stream;

/**
 * Sends the events of a workflow over a transport until `end`. Everything set up here is torn down in `end`.
 * Throws what `eventLog.subscribe` throws; the transport has ended then.
 */
export const openStream: OpenStream = (options) => {
  const { transport, settings, slot } = options;
  const openedAtMs = performance.now();
  // Stop one batch early, so that the last one taken still fits into the queue.
  const fullAtBytes = Math.max(0, settings.maxQueueBytes - typicalBatchBytes);
  let queueIsFull = false;
  let ended = false;
  let events = 0;

  transport.open({
    onDrain() {
      if (!queueIsFull) return;
      queueIsFull = false;
      transport.setFull(false);
      subscription.resume();
    },
    onNoProgress: () => end(queueIsFull ? 'slow_consumer' : 'vanished'),
    onLoss: (reason) => end(reason),
  });
  const subscription = subscribe();
  const deadline = setTimeout(() => end('max_duration_exceeded'), settings.maxDurationMs);

  function subscribe() {
    try {
      return options.eventLog.subscribe(options.workflowId, options.startAt, {
        deliver(batch) {
          events += batch.eventCount;
          transport.send(batch);
          queueIsFull = transport.isBlocked && transport.queuedBytes >= fullAtBytes;
          if (queueIsFull) transport.setFull(true);
          return !queueIsFull;
        },
        reset: () => transport.reset(),
      });
    } catch (cause) {
      transport.end('error');
      throw cause;
    }
  }

  function end(reason: EndReason): void {
    if (ended) return;
    ended = true;
    clearTimeout(deadline);
    subscription.close();
    const { protocol, queuedBytes: unsentBytes } = transport;
    transport.end(reason);
    slot.release();
    const durationMs = performance.now() - openedAtMs;
    options.onEnd({ protocol, reason, durationMs, events, bytes: transport.sentBytes, unsentBytes });
  }

  return {
    protocol: transport.protocol,
    get events() {
      return events;
    },
    get bytes() {
      return transport.sentBytes;
    },
    get queuedBytes() {
      return transport.queuedBytes;
    },
    beat: () => transport.beat(),
    end,
  };
};
