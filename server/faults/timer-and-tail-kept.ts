import type { EventLog } from '../event-log/types.ts';
import type { Fault } from './types.ts';

/** Subscriptions that are never given back: the tail of the workflow goes on for a stream that is gone. */
function withoutUnsubscribe(eventLog: EventLog): EventLog {
  return {
    subscribe(workflowId, startAt, consumer) {
      let gone = false;
      const subscription = eventLog.subscribe(workflowId, startAt, {
        deliver: (batch) => gone || consumer.deliver(batch),
        reset: () => gone || consumer.reset(),
      });
      return {
        resume: () => subscription.resume(),
        close() {
          gone = true;
        },
      };
    },
    get openTailCount() {
      return eventLog.openTailCount;
    },
    tailLagBytes: () => eventLog.tailLagBytes(),
    close: () => eventLog.close(),
  };
}

export const timerAndTailKept: Fault = {
  name: 'timer-and-tail-kept',
  breaks: 'After the client is gone its deadline timer and its subscription to the tail live on.',
  caughtBy: { scenario: 'churn', check: 'memory-leak' },
  apply: (parts) => ({
    ...parts,
    eventLog: withoutUnsubscribe(parts.eventLog),
    openStream(options) {
      const stream = parts.openStream(options);
      // Never cleared; not in the way of an exit, which is not the defect shown here.
      setTimeout(() => stream.end('max_duration_exceeded'), options.settings.maxDurationMs).unref();
      return stream;
    },
  }),
};
