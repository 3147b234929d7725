import { fileURLToPath } from 'node:url';
import { referenceTarget } from '../../harness/config.ts';

/** The last two are servers that run already: attached to by `--pid`, and by `--port`. */
export type TargetName = 'reference' | 'plain' | 'python' | 'by-pid' | 'by-port';

/** A program that is tested: its shell command, and what else the run has to know of it. */
export interface ChaosTarget {
  command: string;
  args: readonly string[];
}

/** The address of everything but the reference server. `--pid` knows no {port}. */
const EVENTS_URL = 'http://127.0.0.1:{port}/events';

export const PLAIN_SERVER = pathOf('targets/plain.mjs');
const PLAIN_COMMAND = `'${process.execPath}' '${PLAIN_SERVER}'`;

/** `python` is the path of an interpreter. */
export function startedTarget(
  name: Exclude<TargetName, AttachedName>,
  python: string,
  kind: RunKind['name'],
): ChaosTarget {
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

export type AttachedName = 'by-pid' | 'by-port';

export function isAttached(name: TargetName): name is AttachedName {
  return name === 'by-pid' || name === 'by-port';
}

/** What attaches to a server that runs. */
export function attachArgs(name: AttachedName, { pid, port }: { pid: number; port: number }): string[] {
  return name === 'by-pid'
    ? ['--pid', String(pid), '--url', EVENTS_URL.replace('{port}', String(port))]
    : ['--port', String(port), '--url', EVENTS_URL];
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

export const ANY_TARGET: readonly TargetName[] = ['reference', 'plain', 'python', 'by-pid', 'by-port'];
const ANY_NODE = ANY_TARGET.filter((name) => name !== 'python');

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
    targets: ANY_TARGET,
    lastsMs: 2500,
    short: true,
  },
  {
    name: 'hold',
    // Without a lifetime: on a busy machine one of a second is over before the answer is there, which is no pass.
    args: ['--scenarios', 'hold', '--streams', '20', '--duration', '1s', '--workers', '2'],
    targets: ANY_TARGET,
    lastsMs: 5000,
    short: true,
  },
  { name: 'orphans', args: ['--scenarios', 'orphans'], targets: ANY_TARGET, lastsMs: 3500, short: true },
  {
    name: 'churn',
    args: ['--scenarios', 'churn', '--paths', 'abrupt-drop'],
    targets: ANY_NODE,
    lastsMs: 8000,
    short: false,
  },
  { name: 'all', args: [], targets: ANY_NODE, lastsMs: 8000, short: false },
];

export const ANY_KIND = RUN_KINDS.map(({ name }) => name);
export const SHORT = RUN_KINDS.filter(({ short }) => short).map(({ name }) => name);
/** Not all scenarios: the ones after a lost target go on with a new one, for minutes. */
export const ONE_SCENARIO = ANY_KIND.filter((name) => name !== 'all');
/** What can be run on a server that promises nothing. */
export const WITHOUT_PROMISES: readonly RunKind['name'][] = ['tabs', 'hold', 'orphans'];

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
