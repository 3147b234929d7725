import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { WORKER_FLAGS } from '../../harness/load/crew.ts';
import type { ChildOutput, ClientReport, Contender, InstalledContender } from './contender.ts';
import { installNpm } from './install.ts';

const undiciVersion = '8.13.1';

const count = z.int().nonnegative().nullable();
const reportSchema = z.object({
  eventCount: count,
  refusalCount: count,
  closeCount: count,
  gapCount: count,
});

/** Reads the line of JSON that `clients/client.ts` prints. @throws Error when there is none. */
export function readClientReport({ code, stdout, stderr }: ChildOutput): ClientReport {
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) {
    throw new Error(`no report, exit code ${code}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  }
  return reportSchema.parse(JSON.parse(line));
}

interface NodeOptions {
  env?: Record<string, string>;
  flags?: readonly string[];
}

function nodeClient(
  name: string,
  version: string,
  { env = {}, flags = [] }: NodeOptions = {},
): InstalledContender {
  const file = fileURLToPath(new URL(`clients/${name}.ts`, import.meta.url));
  return {
    version,
    command: ({ url, streamCount }) => ({
      file: process.execPath,
      args: [...flags, file, url, String(streamCount)],
      env,
    }),
    stopSignal: 'SIGTERM',
    reportsWithinMs: 1_000,
    read: readClientReport,
  };
}

/** The version in the `package.json` of a package that the project itself depends on. */
export function ownVersion(packageName: string): string {
  const file = new URL(`../../node_modules/${packageName}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

const nodeVersion = `Node ${process.versions.node}`;

export const ours: Contender = {
  name: 'hydrotest',
  describes:
    'its raw stream client as its workers run it, behaviour `graceful-close`: parses every event, checks the order of the ids',
  noticing: { refusal: 'built in', 'silent-close': 'built in', gap: 'built in' },
  install: async () => nodeClient('ours', nodeVersion, { flags: WORKER_FLAGS }),
};

export const bareSockets: Contender = {
  name: 'bare sockets',
  describes: '`node:net`: sends the request and throws away what comes',
  noticing: { refusal: 'not told', 'silent-close': 'not told', gap: 'not told' },
  install: async () => nodeClient('bare-sockets', nodeVersion),
};

export const nodeHttp: Contender = {
  name: '`node:http`',
  describes: '`http.get`; reads the body and throws it away',
  noticing: { refusal: 'own code', 'silent-close': 'own code', gap: 'not told' },
  install: async () => nodeClient('node-http', nodeVersion),
};

export const undici: Contender = {
  name: 'undici',
  describes: '`undici.request`; reads the body and throws it away',
  noticing: { refusal: 'own code', 'silent-close': 'own code', gap: 'not told' },
  async install(peersDir) {
    const folder = await installNpm(peersDir, 'undici', undiciVersion);
    return nodeClient('undici', undiciVersion, {
      env: { UNDICI: join(folder, 'node_modules/undici/index.js') },
    });
  },
};

export const eventsource: Contender = {
  name: '`eventsource`',
  describes: 'one `EventSource` a stream; the script compares `lastEventId`',
  noticing: { refusal: 'built in', 'silent-close': 'built in', gap: 'own code' },
  install: async () => nodeClient('eventsource', ownVersion('eventsource')),
};
