import type { Fault } from './types.ts';

interface Counters {
  open: number;
  rejected: number;
}

/** The bookkeeping that is written down most often: the count goes back to 0, and its key stays. */
export const workflowKeyKept: Fault = {
  name: 'workflow-key-kept',
  breaks: 'The map of open streams keeps a key for every workflow that was ever asked for, with the count 0.',
  caughtBy: { scenario: 'churn', check: 'memory-leak' },
  apply(parts) {
    const { limit } = parts.registry;
    const countersByWorkflow = new Map<string, Counters>();
    return {
      ...parts,
      registry: {
        limit,
        get openByWorkflow() {
          return new Map([...countersByWorkflow].map(([workflowId, { open }]) => [workflowId, open]));
        },
        take(workflowId) {
          const counters = countersByWorkflow.get(workflowId) ?? { open: 0, rejected: 0 };
          countersByWorkflow.set(workflowId, counters);
          if (counters.open >= limit) {
            counters.rejected += 1;
            return null;
          }
          counters.open += 1;
          let released = false;
          return {
            release() {
              if (!released) counters.open -= 1;
              released = true;
            },
          };
        },
      },
    };
  },
};
