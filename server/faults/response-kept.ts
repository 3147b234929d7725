import type { Transport } from '../transport.ts';
import type { Fault } from './types.ts';

export const responseKept: Fault = {
  name: 'response-kept',
  breaks: 'The response of every stream (or its WebSocket) stays in a set that nobody prunes.',
  caughtBy: { scenario: 'churn', check: 'memory-leak' },
  apply(parts) {
    const clients = new Set<Transport>();
    return {
      ...parts,
      openStream(options) {
        clients.add(options.transport);
        return parts.openStream(options);
      },
    };
  },
};
