import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildOutput, ClientReport, Contender } from './contender.ts';
import { installNpm } from './install.ts';

const version = '2.0.34';
/** Longer than any run. */
const timeoutSeconds = 3_600;

/**
 * Reads the periods and the summary on Artillery's console. It prints a period every ten seconds and at its end, but
 * nothing when it is interrupted: then nothing is told.
 */
export function readArtillery({ stdout }: ChildOutput): ClientReport {
  const hasReported = /^(Metrics for period|Summary report)/m.test(stdout);
  const counts = [...stdout.matchAll(/^http\.codes\.429: \.* (\d+)$/gm)].map(([, text]) => Number(text));
  return {
    eventCount: null,
    refusalCount: hasReported ? Math.max(0, ...counts) : null,
    closeCount: null,
    gapCount: null,
  };
}

export const artillery: Contender = {
  name: 'Artillery',
  describes: 'there is no SSE engine for it on npm: its HTTP engine, one virtual user a stream',
  noticing: { refusal: 'built in', 'silent-close': 'not told', gap: 'not told' },
  async install(peersDir) {
    const folder = await installNpm(peersDir, 'artillery', version);
    return {
      version,
      command: ({ url, streamCount }) => {
        const { origin, pathname } = new URL(url);
        const script = join(folder, 'script.json');
        writeFileSync(
          script,
          JSON.stringify({
            config: {
              target: origin,
              http: { timeout: timeoutSeconds },
              phases: [{ duration: 1, arrivalCount: streamCount }],
            },
            scenarios: [{ flow: [{ get: { url: pathname } }] }],
          }),
        );
        return {
          file: process.execPath,
          args: [join(folder, 'node_modules/artillery/bin/run'), 'run', script],
          env: { ARTILLERY_DISABLE_TELEMETRY: 'true', NO_UPDATE_NOTIFIER: '1' },
          cwd: folder,
        };
      },
      stopSignal: 'SIGINT',
      // Ten seconds between two of its reports.
      reportsWithinMs: 12_000,
      read: readArtillery,
    };
  },
};
