import type { Anchor, Fault, LiveScene } from '../fault.ts';
import type { RunKind, TargetName } from '../run-kinds.ts';

const ANY_KIND: readonly RunKind['name'][] = ['limit', 'timeout', 'tabs', 'hold', 'orphans', 'churn', 'all'];
const SHORT: readonly RunKind['name'][] = ['limit', 'timeout', 'tabs', 'hold', 'orphans'];
const ANY_TARGET: readonly TargetName[] = ['reference', 'plain', 'python'];
const ANY_TIME: readonly Anchor[] = ['spawn', 'journal', 'ready', 'ready', 'ready', 'clean-up', 'end'];

/**
 * Each kind of signal to the program: it reports what it has and says 3. Before it listens for signals, and when its reports
 * are under way, the signal ends it as any program.
 */
function signalled(name: string, signal: NodeJS.Signals, describes: string): Fault {
  return {
    name,
    describes,
    kinds: ANY_KIND,
    targets: ANY_TARGET,
    anchors: ANY_TIME,
    endings: [3, signal],
    strike: async ({ harness }) => harness.kill(signal),
  };
}

/** The second of two interrupts must come later than what counts as one (200 ms). */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 1200;

async function interruptTwice({ harness, random, pause }: LiveScene): Promise<boolean> {
  if (!harness.kill('SIGINT')) return false;
  await pause(FIRST_PAUSE_MS + random() * (LONGEST_PAUSE_MS - FIRST_PAUSE_MS));
  harness.kill('SIGINT');
  return true;
}

const LEAST_STOP_MS = 500;
const LONGEST_STOP_MS = 3000;

export const harnessFaults: readonly Fault[] = [
  {
    name: 'harness-sigkill',
    describes: 'kill -9',
    kinds: ANY_KIND,
    targets: ANY_TARGET,
    anchors: ANY_TIME,
    endings: ['SIGKILL'],
    strike: async ({ harness }) => harness.kill('SIGKILL'),
  },
  signalled('harness-sigterm', 'SIGTERM', 'SIGTERM, as from a CI job that is cancelled'),
  signalled('harness-sigint', 'SIGINT', 'Ctrl-C'),
  signalled('harness-sighup', 'SIGHUP', 'the terminal is closed'),
  {
    name: 'harness-sigint-twice',
    describes: 'Ctrl-C, and again',
    kinds: ANY_KIND,
    targets: ANY_TARGET,
    anchors: ANY_TIME,
    endings: [3, 'SIGINT'],
    strike: interruptTwice,
  },
  {
    name: 'harness-sigstop',
    describes: 'stopped for 0.5 to 3 s, and continued',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: ANY_TIME,
    // Not 1: the server has nothing to do with it.
    endings: [0, 3],
    async strike({ harness, random, pause }) {
      if (!harness.kill('SIGSTOP')) return false;
      await pause(LEAST_STOP_MS + random() * (LONGEST_STOP_MS - LEAST_STOP_MS));
      harness.kill('SIGCONT');
      return true;
    },
  },
  {
    name: 'guardian-sigkill',
    describes: 'the process that would end the target with a killed harness is killed',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: ['ready'],
    endings: [0, 3],
    async strike({ find }) {
      const guardian = await find('guardian');
      if (guardian === null) return false;
      return kill(guardian.pid, 'SIGKILL');
    },
  },
  {
    name: 'stdout-closed',
    describes: 'nobody reads the output any more (EPIPE)',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: ANY_TIME,
    endings: [0, 3],
    async strike({ harness }) {
      harness.stdout?.destroy();
      return true;
    },
  },
];

/** False: there is no such process. */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
