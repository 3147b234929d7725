import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Contender } from '../contender.ts';
import { installOnce, runStep } from '../install.ts';
import { readClientReport } from '../node-clients.ts';

const version = '2.47.0';
const locustfile = fileURLToPath(new URL('locustfile.py', import.meta.url));
/** It ends by itself then, should the bench be killed. */
const longestRun = '10m';

export const locust: Contender = {
  name: 'Locust',
  describes: 'one `FastHttpUser` a stream; reading lines, events and ids is code of the locustfile',
  noticing: { refusal: 'built in', 'silent-close': 'own code', gap: 'own code' },
  async install(peersDir) {
    const folder = await installOnce(peersDir, 'locust', version, async (empty) => {
      await runStep({ file: 'python3', args: ['-m', 'venv', '.venv'], cwd: empty });
      const python = join(empty, '.venv/bin/python');
      await runStep({ file: python, args: ['-m', 'pip', 'install', '--quiet', `locust==${version}`] });
    });
    return {
      version,
      command: ({ url, streamCount }) => {
        const { origin, pathname } = new URL(url);
        return {
          file: join(folder, '.venv/bin/locust'),
          args: [
            ...['--locustfile', locustfile, '--headless', '--only-summary', '--host', origin],
            ...['--users', String(streamCount), '--spawn-rate', String(streamCount)],
            ...['--run-time', longestRun],
          ],
          env: { STREAM_PATH: pathname },
          cwd: folder,
        };
      },
      stopSignal: 'SIGTERM',
      reportsWithinMs: 1_000,
      read: readClientReport,
    };
  },
};
