import type { Fault } from './types.ts';

/** A `finally` around the handler of a stream runs when the handler returns, which is when the stream begins. */
export const limitReleasedEarly: Fault = {
  name: 'limit-released-early',
  breaks: 'The slot comes back when the handler returns, not when the stream ends: nobody is ever refused.',
  caughtBy: { scenario: 'limit', check: 'connection-limit' },
  apply: (parts) => ({
    ...parts,
    openStream(options) {
      try {
        return parts.openStream(options);
      } finally {
        options.slot.release();
      }
    },
  }),
};
