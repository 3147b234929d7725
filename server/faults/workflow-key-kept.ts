import type { Fault } from './types.ts';

/** The counter that is written down most often: it goes back to 0, and its key stays. */
export const workflowKeyKept: Fault = {
  name: 'workflow-key-kept',
  breaks: 'The map of open streams keeps a key for every workflow that was ever asked for, with the count 0.',
  caughtBy: { scenario: 'churn', check: 'memory-leak' },
  apply(parts) {
    const { limit } = parts.registry;
    const openByWorkflow = new Map<string, number>();
    const add = (workflowId: string, count: number) =>
      openByWorkflow.set(workflowId, (openByWorkflow.get(workflowId) ?? 0) + count);
    return {
      ...parts,
      registry: {
        limit,
        openByWorkflow,
        take(workflowId) {
          if ((openByWorkflow.get(workflowId) ?? 0) >= limit) return null;
          add(workflowId, 1);
          let released = false;
          return {
            release() {
              if (!released) add(workflowId, -1);
              released = true;
            },
          };
        },
      },
    };
  },
};
