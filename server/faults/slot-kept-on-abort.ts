import type { Fault } from './types.ts';

export const slotKeptOnAbort: Fault = {
  name: 'slot-kept-on-abort',
  breaks: 'A client that goes away keeps its slot for ever; only streams that the server ends give it back.',
  caughtBy: { scenario: 'limit', check: 'slots-released' },
  apply: (parts) => ({
    ...parts,
    openStream: (options) =>
      parts.openStream({
        ...options,
        slot: { release() {} },
        onEnd(summary) {
          if (summary.reason !== 'client_closed') options.slot.release();
          options.onEnd(summary);
        },
      }),
  }),
};
