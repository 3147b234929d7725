import { EventEmitter } from 'node:events';
import type { Fault } from './types.ts';

export const listenerKept: Fault = {
  name: 'listener-kept',
  breaks: 'Every stream adds a listener to an emitter that all share, and never takes it away.',
  caughtBy: { scenario: 'churn', check: 'memory-leak' },
  apply(parts) {
    // Without the warning that Node gives at the eleventh listener, as people do who are tired of it.
    const announcements = new EventEmitter().setMaxListeners(0);
    return {
      ...parts,
      openStream(options) {
        announcements.on('announcement', () => options.transport.beat());
        return parts.openStream(options);
      },
    };
  },
};
