import { open } from 'node:fs';
import { devNull } from 'node:os';
import type { Fault } from './types.ts';

export const fdKept: Fault = {
  name: 'fd-kept',
  breaks: 'Every stream opens a file and never closes it; memory stays flat.',
  caughtBy: { scenario: 'orphans', check: 'cleanup' },
  apply: (parts) => ({
    ...parts,
    openStream(options) {
      open(devNull, 'r', () => {}); // the bare descriptor: a FileHandle would be closed when it is collected
      return parts.openStream(options);
    },
  }),
};
