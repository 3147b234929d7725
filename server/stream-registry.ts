/** The right to one stream of a workflow. */
export interface Slot {
  /** Idempotent: a slot comes back once, however often and from wherever it is released. */
  release(): void;
}

/** How many streams each workflow has, and how many it may have. */
export interface StreamRegistry {
  readonly limit: number;
  /** Workflow → open streams. A workflow without streams has no key. */
  readonly openByWorkflow: ReadonlyMap<string, number>;
  /** Takes a slot at once, or returns null and keeps nothing when all of them are taken. */
  take(workflowId: string): Slot | null;
}

/**
 * `limit`: streams a workflow. Counting and taking are one synchronous step, so a burst cannot slip between them,
 * and the slot belongs to the stream, not to the handler that returns long before the stream ends.
 */
export function createStreamRegistry({ limit }: { limit: number }): StreamRegistry {
  const openByWorkflow = new Map<string, number>();

  return {
    limit,
    openByWorkflow,
    take(workflowId) {
      const openCount = openByWorkflow.get(workflowId) ?? 0;
      if (openCount >= limit) return null;
      openByWorkflow.set(workflowId, openCount + 1);

      let released = false;
      return {
        release() {
          if (released) return;
          released = true;
          const remaining = (openByWorkflow.get(workflowId) ?? 0) - 1;
          if (remaining > 0) openByWorkflow.set(workflowId, remaining);
          else openByWorkflow.delete(workflowId);
        },
      };
    },
  };
}
