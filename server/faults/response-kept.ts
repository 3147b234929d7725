import type { ServerResponse } from 'node:http';
import type { Fault } from './types.ts';

export const responseKept: Fault = {
  name: 'response-kept',
  breaks: 'The response of every stream stays in a set that nobody prunes.',
  caughtBy: { scenario: 'churn', check: 'memory-leak' },
  apply(parts) {
    const clients = new Set<ServerResponse>();
    return {
      ...parts,
      openStream(options) {
        clients.add(options.response);
        return parts.openStream(options);
      },
    };
  },
};
