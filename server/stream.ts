import type { EndReason } from './end-reason.ts';
import type { EventBatch, EventLog, StartAt, Subscription } from './event-log/types.ts';
import type { QueueBudget, Queued } from './queue-budget.ts';
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
  /** Of all streams. */
  queues: QueueBudget;
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

class TransportStream implements Stream, Queued {
  events = 0;
  readonly #options: StreamOptions;
  readonly #openedAtMs = performance.now();
  readonly #subscription: Subscription;
  readonly #deadline: NodeJS.Timeout;
  #queueIsFull = false;
  #ended = false;

  constructor(options: StreamOptions) {
    const { transport, settings, eventLog, workflowId, startAt } = options;
    this.#options = options;
    transport.open({
      onDrain: () => this.#onDrain(),
      onNoProgress: () => this.end(this.#queueIsFull ? 'slow_consumer' : 'vanished'),
      onLoss: (reason) => this.end(reason),
    });
    try {
      this.#subscription = eventLog.subscribe(workflowId, startAt, {
        deliver: (batch) => this.#deliver(batch),
        reset: () => transport.reset(),
      });
    } catch (cause) {
      transport.end('error');
      throw cause;
    }
    this.#deadline = setTimeout(() => this.end('max_duration_exceeded'), settings.maxDurationMs);
  }

  get protocol(): Protocol {
    return this.#options.transport.protocol;
  }

  get bytes(): number {
    return this.#options.transport.sentBytes;
  }

  get queuedBytes(): number {
    return this.#options.transport.queuedBytes;
  }

  giveUp(): void {
    this.end('slow_consumer');
  }

  beat(): void {
    this.#options.transport.beat();
  }

  end(reason: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    const { transport, queues, slot, onEnd } = this.#options;
    clearTimeout(this.#deadline);
    this.#subscription.close();
    queues.forget(this);
    const unsentBytes = transport.queuedBytes;
    transport.end(reason);
    slot.release();
    const durationMs = performance.now() - this.#openedAtMs;
    const { protocol, events, bytes } = this;
    onEnd({ protocol, reason, durationMs, events, bytes, unsentBytes });
  }

  /** False: the queue is full. */
  #deliver(batch: EventBatch): boolean {
    const { transport, settings, queues } = this.#options;
    this.events += batch.eventCount;
    transport.send(batch);
    if (!transport.isBlocked) return true;
    queues.note(this, transport.queuedBytes);
    // Stop one batch early, so that the last one taken still fits into the queue.
    const maxQueueBytes = Math.min(settings.maxQueueBytes, settings.maxQueuesBytes);
    const isLong = transport.queuedBytes >= Math.max(0, maxQueueBytes - typicalBatchBytes);
    this.#queueIsFull = queues.isExceeded || isLong;
    if (this.#queueIsFull) transport.setFull(true);
    return !this.#queueIsFull;
  }

  #onDrain(): void {
    this.#options.queues.forget(this);
    if (!this.#queueIsFull) return;
    this.#queueIsFull = false;
    this.#options.transport.setFull(false);
    this.#subscription.resume();
  }
}

/**
 * Sends the events of a workflow over a transport until `end`. Everything set up at its beginning is torn down in `end`.
 * Throws what `eventLog.subscribe` throws; the transport has ended then.
 */
export const openStream: OpenStream = (options) => new TransportStream(options);
