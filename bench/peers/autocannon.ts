import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { ChildOutput, ClientReport, Contender } from './contender.ts';
import { ownVersion } from './node-clients.ts';

const program = fileURLToPath(new URL('../../node_modules/autocannon/autocannon.js', import.meta.url));
/** Longer than any run: a stream that goes on is no time-out. */
const timeoutSeconds = 3_600;

const resultSchema = z.object({ statusCodeStats: z.record(z.string(), z.object({ count: z.int() })) });

/** Reads what `autocannon --json` prints. @throws Error when it is no result. */
export function readAutocannon({ code, stdout, stderr }: ChildOutput): ClientReport {
  if (!stdout.trimStart().startsWith('{')) throw new Error(`no result, exit code ${code}: ${stderr.trim()}`);
  const { statusCodeStats } = resultSchema.parse(JSON.parse(stdout));
  return {
    eventCount: null,
    refusalCount: statusCodeStats['429']?.count ?? 0,
    closeCount: null,
    gapCount: null,
  };
}

export const autocannon: Contender = {
  name: 'autocannon',
  describes: 'a connection a stream, one request a second each at most; a response that does not end is none',
  noticing: { refusal: 'built in', 'silent-close': 'not told', gap: 'not told' },
  install: async () => ({
    version: ownVersion('autocannon'),
    command: ({ url, streamCount, holdSeconds }) => ({
      file: process.execPath,
      args: [
        program,
        ...['--connections', String(streamCount), '--connectionRate', '1'],
        ...['--duration', String(holdSeconds), '--timeout', String(timeoutSeconds)],
        ...['--json', '--no-progress', url],
      ],
    }),
    // At SIGINT it ends without a result.
    stopSignal: null,
    reportsWithinMs: 1_000,
    read: readAutocannon,
  }),
};
