import { maxTimerMs } from '../settings.ts';
import type { Fault } from './types.ts';

export const noBackpressure: Fault = {
  name: 'no-backpressure',
  breaks: 'Events are written whether or not the reader takes them: one that stalls fills the memory.',
  caughtBy: { scenario: 'growth', check: 'memory-leak' },
  apply: (parts) => ({
    ...parts,
    settings: {
      ...parts.settings,
      maxQueueBytes: Number.POSITIVE_INFINITY,
      maxQueuesBytes: Number.POSITIVE_INFINITY,
      stallMs: maxTimerMs,
      vanishedMs: maxTimerMs,
    },
  }),
};
