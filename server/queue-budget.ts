/** What the budget knows of a stream. */
export interface Queued {
  /** Bytes that wait in this process for its reader, now. */
  readonly queuedBytes: number;
  /** Ends it, because it takes too little. */
  giveUp(): void;
}

/**
 * Bounds what waits for all slow readers together. Over it no queue gets longer, and streams are given up until the others fit: the one
 * whose queue has lasted longest, of those with at least the average. What is short is no memory worth having, and of what is long a
 * reader that moves gets rid.
 *
 * Bytes that streams of a workflow share count for each of them. Queues below Node's high-water mark (64 KiB) are not counted, and cost
 * nothing here.
 */
export interface QueueBudget {
  /** Nothing more should be queued. */
  readonly isExceeded: boolean;
  /** The stream has so many bytes waiting now. Never gives one up before it returns. */
  note(stream: Queued, bytes: number): void;
  /** Its queue is empty, or it has ended. */
  forget(stream: Queued): void;
}

export interface QueueBudgetOptions {
  maxBytes: number;
  /** Told of each stream before it is given up. */
  onGivenUp(): void;
  /** Nobody is given up whose queue is younger: an event for all of them is a queue for each, for a moment. Default 250. */
  graceMs?: number;
}

export function createQueueBudget({ maxBytes, onGivenUp, graceMs = 250 }: QueueBudgetOptions): QueueBudget {
  /** In the order in which the queues began. */
  const queues = new Map<Queued, { bytes: number; sinceMs: number }>();
  let totalBytes = 0;
  let willLook = false;

  function note(stream: Queued, bytes: number): void {
    let queue = queues.get(stream);
    if (queue === undefined) {
      queue = { bytes: 0, sinceMs: performance.now() };
      queues.set(stream, queue);
    }
    totalBytes += bytes - queue.bytes;
    queue.bytes = bytes;
    if (totalBytes > maxBytes) lookSoon();
  }

  function forget(stream: Queued): void {
    totalBytes -= queues.get(stream)?.bytes ?? 0;
    queues.delete(stream);
  }

  function lookSoon(): void {
    // After a long turn timers come first: what the sockets have taken meanwhile shows behind them.
    if (!willLook) setTimeout(() => setImmediate(makeRoom), graceMs).unref();
    willLook = true;
  }

  function makeRoom(): void {
    willLook = false;
    // Where it is still too much, this asks for the next look, too.
    for (const stream of queues.keys()) note(stream, stream.queuedBytes);
    const oldEnoughMs = performance.now() - graceMs;
    const averageBytes = totalBytes / queues.size;
    for (const [stream, { bytes, sinceMs }] of queues) {
      if (totalBytes <= maxBytes || sinceMs > oldEnoughMs) return;
      if (bytes < averageBytes) continue;
      forget(stream);
      onGivenUp();
      stream.giveUp();
    }
  }

  return {
    get isExceeded() {
      return totalBytes > maxBytes;
    },
    note,
    forget,
  };
}
