import { createStreamRegistry } from '../stream-registry.ts';
import type { Fault } from './types.ts';

export const noLimit: Fault = {
  name: 'no-limit',
  breaks: 'A workflow may have any number of streams.',
  caughtBy: { scenario: 'limit', check: 'connection-limit' },
  apply: (parts) => ({ ...parts, registry: createStreamRegistry({ limit: Number.POSITIVE_INFINITY }) }),
};
