import { maxTimerMs } from '../settings.ts';
import type { Fault } from './types.ts';

export const noDeadline: Fault = {
  name: 'no-deadline',
  breaks: 'A stream lasts as long as its client wants.',
  caughtBy: { scenario: 'timeout', check: 'timeout-close' },
  apply: (parts) => ({ ...parts, settings: { ...parts.settings, maxDurationMs: maxTimerMs } }),
};
