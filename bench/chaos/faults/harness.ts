import { ANY_TIME, type Fault, kill, type LiveScene } from '../fault.ts';
import { ANY_KIND, ANY_TARGET, SHORT } from '../run-kinds.ts';

/** The second of two interrupts must come later than what counts as one (200 ms). */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 1200;

const LEAST_STOP_MS = 500;
const LONGEST_STOP_MS = 3000;

/** To the program itself, at any time in any run. */
function signalled(name: string, signal: NodeJS.Signals, describes: string): Fault {
  return {
    name,
    describes,
    kinds: ANY_KIND,
    targets: ANY_TARGET,
    anchors: ANY_TIME,
    takes: { signal, twice: false },
    strike: async ({ harness }) => harness.kill(signal),
  };
}

export const harnessFaults: readonly Fault[] = [
  signalled('harness-sigkill', 'SIGKILL', 'kill -9'),
  signalled('harness-sigterm', 'SIGTERM', 'SIGTERM, as from a CI job that is cancelled'),
  signalled('harness-sigint', 'SIGINT', 'Ctrl-C'),
  signalled('harness-sighup', 'SIGHUP', 'the terminal is closed'),
  {
    ...signalled('harness-sigint-twice', 'SIGINT', 'Ctrl-C, and again'),
    takes: { signal: 'SIGINT', twice: true },
    async strike({ harness, random, pause, mark }) {
      if (!harness.kill('SIGINT')) return false;
      mark();
      await pause(between(FIRST_PAUSE_MS, LONGEST_PAUSE_MS, random));
      harness.kill('SIGINT');
      return true;
    },
  },
  {
    name: 'harness-sigstop',
    describes: 'stopped for 0.5 to 3 s, and continued',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: ANY_TIME,
    takes: 'time',
    async strike({ harness, random, pause, mark }) {
      if (!harness.kill('SIGSTOP')) return false;
      mark();
      await pause(between(LEAST_STOP_MS, LONGEST_STOP_MS, random));
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
    takes: 'nothing',
    strike: killGuardian,
  },
  {
    name: 'stdout-closed',
    describes: 'nobody reads the output any more (EPIPE)',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: ANY_TIME,
    takes: 'nothing',
    async strike({ harness }) {
      harness.stdout?.destroy();
      return true;
    },
  },
];

/** Where the server is attached to, there is one only beside load workers: until it comes, or the program ends. */
async function killGuardian({ find }: LiveScene): Promise<boolean> {
  const guardian = await find('guardian');
  return guardian !== null && kill(guardian.pid, 'SIGKILL');
}

function between(least: number, most: number, random: () => number): number {
  return least + random() * (most - least);
}
