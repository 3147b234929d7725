import { fileURLToPath } from 'node:url';
import { referenceTarget } from '../../harness/config.ts';

export type TargetName = 'reference' | 'plain' | 'python';

/** A program that is tested: its shell command, and what else the run has to know of it. */
export interface ChaosTarget {
  command: string;
  args: readonly string[];
}

/** The address of everything but the reference server. */
const EVENTS_URL = 'http://127.0.0.1:{port}/events';

export const PLAIN_COMMAND = `'${process.execPath}' '${pathOf('targets/plain.mjs')}'`;

/** `python` is the path of an interpreter. */
export function chaosTarget(name: TargetName, python: string, kind: RunKind['name']): ChaosTarget {
  if (name === 'plain') return { command: PLAIN_COMMAND, args: ['--url', EVENTS_URL] };
  if (name === 'python') {
    const server = pathOf('../../test/targets/stream.py');
    return { command: `'${python}' '${server}'`, args: ['--url', EVENTS_URL] };
  }
  const { command, url, page, key, eventsFile, limit, deadline } = referenceTarget();
  return {
    // Without `{deadline}` the scenario timeout waits for one deadline, and does not measure twenty times that.
    command: kind === 'timeout' ? command.replace('{deadline}', String(DEADLINE_S)) : command,
    args: [
      ...['--url', url, '--page', page, '--key', key, '--events-file', eventsFile],
      ...['--limit', String(limit), ...(kind === 'timeout' ? [] : ['--deadline', deadline])],
    ],
  };
}

const DEADLINE_S = 3;

export interface RunKind {
  name: 'limit' | 'timeout' | 'tabs' | 'hold' | 'orphans' | 'churn' | 'all';
  args: readonly string[];
  targets: readonly TargetName[];
  /** Roughly how long it goes on after its target is ready: where in it a fault may come, ms. */
  lastsMs: number;
  /** Short enough to be waited for. */
  short: boolean;
}

const ANY: readonly TargetName[] = ['reference', 'plain', 'python'];

export const RUN_KINDS: readonly RunKind[] = [
  { name: 'limit', args: ['--scenarios', 'limit'], targets: ['reference'], lastsMs: 1700, short: true },
  {
    name: 'timeout',
    args: ['--scenarios', 'timeout', '--deadline', `${DEADLINE_S}s`],
    targets: ['reference'],
    lastsMs: 4500,
    short: true,
  },
  {
    name: 'tabs',
    args: ['--scenarios', 'tabs', '--duration', '1s'],
    targets: ANY,
    lastsMs: 2500,
    short: true,
  },
  {
    name: 'hold',
    // Without a lifetime: on a busy machine one of a second is over before the answer is there, which is no pass.
    args: ['--scenarios', 'hold', '--streams', '20', '--duration', '1s', '--workers', '2'],
    targets: ANY,
    lastsMs: 5000,
    short: true,
  },
  { name: 'orphans', args: ['--scenarios', 'orphans'], targets: ANY, lastsMs: 3500, short: true },
  {
    name: 'churn',
    args: ['--scenarios', 'churn', '--paths', 'abrupt-drop'],
    targets: ['reference', 'plain'],
    lastsMs: 8000,
    short: false,
  },
  { name: 'all', args: [], targets: ['reference', 'plain'], lastsMs: 8000, short: false },
];

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
