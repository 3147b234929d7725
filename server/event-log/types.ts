/** A run of events that were read together and are sent together. Encoded once, shared by all streams that get it. */
export interface EventBatch {
  /** The events as they go out on the wire: `id: …\ndata: …\n\n` for each. */
  bytes: Buffer;
  eventCount: number;
  /** Byte offset in the file behind the last line of the batch: the `id:` of its last event. */
  endOffset: number;
}

/** The receiving end of a subscription: one stream. */
export interface EventConsumer {
  /**
   * Takes a batch. Returns false when its queue is full: the subscription then hands over nothing more until
   * `resume()` is called. The batch itself has been taken.
   */
  deliver(batch: EventBatch): boolean;
  /** The file was truncated or replaced, or the resume offset does not fit it: what follows starts anew at offset 0. */
  reset(): void;
}

export interface Subscription {
  /** The consumer has room again. Where the shared tail has moved on meanwhile, it is caught up from the file. */
  resume(): void;
  /** Idempotent. After it, the consumer is never called again and the log keeps nothing of it. */
  close(): void;
}

/** Where a stream starts: with the last N events, or right behind a byte offset (from `Last-Event-ID`). */
export type StartAt = { recentEvents: number } | { offset: number };

/** Follows `<dir>/<workflowId>/events.jsonl` for any number of streams with one tail a workflow. */
export interface EventLog {
  subscribe(workflowId: string, startAt: StartAt, consumer: EventConsumer): Subscription;
  /** Tails that are open now: one a workflow with at least one subscription, and none without. */
  readonly openTailCount: number;
  /** Bytes that a tail knows of and no stream has been given yet: those of the tail with the most. */
  tailLagBytes(): number;
  close(): Promise<void>;
}
