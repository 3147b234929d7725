import type { EndReason } from './end-reason.ts';
import type { EventBatch } from './event-log/types.ts';

export const protocols = ['http1', 'http2', 'websocket'] as const;
export type Protocol = (typeof protocols)[number];

/** What a stream is told by its transport; never before `open` has returned, and never after `end`. */
export interface TransportListener {
  /** All that was blocked has gone out. */
  onDrain(): void;
  /** For the time that `setFull` gives, bytes waited and the connection took none. */
  onNoProgress(): void;
  /** The connection has ended, or has to. */
  onLoss(reason: EndReason): void;
}

/** How one stream reaches its client, whatever the protocol. Who opens it ends it. */
export interface Transport {
  readonly protocol: Protocol;
  /** Bytes handed over, framing of HTTP not counted. */
  readonly sentBytes: number;
  /** Of these, what still waits in this process. */
  readonly queuedBytes: number;
  /** The connection takes no more at once: `onDrain` will be called. */
  readonly isBlocked: boolean;
  open(listener: TransportListener): void;
  send(batch: EventBatch): void;
  /** The file was truncated or replaced: the client has to forget what came before. */
  reset(): void;
  /** Shows the client and the machines between that the stream is alive, where nothing is waiting that does. */
  beat(): void;
  /** Whether nothing more is going to be sent until `onDrain`: a connection that takes no byte then stalls. */
  setFull(isFull: boolean): void;
  /** Says why, where the protocol can and somebody listens, and ends. Idempotent. */
  end(reason: EndReason): void;
}
