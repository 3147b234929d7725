import type { IncomingMessage } from 'node:http';
import type { Fault } from './types.ts';

export const rejectionsKept: Fault = {
  name: 'rejections-kept',
  breaks: 'Every request that was refused with 429 stays in a list.',
  caughtBy: { scenario: 'reject', check: 'memory-leak' },
  apply(parts) {
    const refused: IncomingMessage[] = [];
    return {
      ...parts,
      rejectStream(request, response, rejection) {
        refused.push(request);
        parts.rejectStream(request, response, rejection);
      },
    };
  },
};
