import type { Fault } from './types.ts';

export const deadlineWithoutCloseEvent: Fault = {
  name: 'deadline-without-close-event',
  breaks:
    'At the deadline the response (or the WebSocket) just ends: the client is not told why, and takes it for a lost connection.',
  caughtBy: { scenario: 'timeout', check: 'timeout-close' },
  apply: (parts) => ({
    ...parts,
    sse: {
      ...parts.sse,
      close: (reason) => (reason === 'max_duration_exceeded' ? '' : parts.sse.close(reason)),
    },
    webSocketEncoder: {
      ...parts.webSocketEncoder,
      close: (reason) => (reason === 'max_duration_exceeded' ? null : parts.webSocketEncoder.close(reason)),
    },
  }),
};
