import type { Fault } from './types.ts';

export const eventsKept: Fault = {
  name: 'events-kept',
  breaks: 'The bytes of every event that was sent stay in a list.',
  caughtBy: { scenario: 'growth', check: 'memory-leak' },
  apply(parts) {
    const sent: Buffer[] = [];
    return {
      ...parts,
      eventLog: {
        subscribe: (workflowId, startAt, consumer) =>
          parts.eventLog.subscribe(workflowId, startAt, {
            deliver(batch) {
              sent.push(Buffer.from(batch.bytes)); // a copy: the batch itself may be part of a larger buffer
              return consumer.deliver(batch);
            },
            reset: () => consumer.reset(),
          }),
        get openTailCount() {
          return parts.eventLog.openTailCount;
        },
        tailLagBytes: () => parts.eventLog.tailLagBytes(),
        close: () => parts.eventLog.close(),
      },
    };
  },
};
