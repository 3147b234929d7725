import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { findFreePort } from '../../../harness/targets/free-port.ts';
import { CASE_VARIABLE } from '../census.ts';
import type { Fault, LiveScene } from '../fault.ts';
import type { RunKind, TargetName } from '../run-kinds.ts';
import { kill } from './harness.ts';

/** Not all scenarios: the ones after a lost target go on with a new one, for minutes. */
const ONE_SCENARIO: readonly RunKind['name'][] = ['limit', 'timeout', 'tabs', 'hold', 'orphans', 'churn'];
const WITHOUT_PROMISES: readonly RunKind['name'][] = ['tabs', 'hold', 'orphans'];
const ANY_TARGET: readonly TargetName[] = ['reference', 'plain', 'python'];

/** Signals the target's own process, not a shell around it. */
const signalTarget =
  (signal: NodeJS.Signals) =>
  async ({ find }: LiveScene): Promise<boolean> => {
    const target = await find('target');
    return target !== null && kill(target.pid, signal);
  };

const STOP_MS = 1000;
const HEAP_MB = 40;
const MEMORY_BYTES = 150e6;
const READY_TIMEOUT_MS = 3000;

export const targetFaults: readonly Fault[] = [
  {
    name: 'target-sigkill',
    describes: 'kill -9 to the target',
    kinds: ONE_SCENARIO,
    targets: ANY_TARGET,
    anchors: ['journal', 'ready', 'ready', 'clean-up'],
    endings: [1, 3],
    strike: signalTarget('SIGKILL'),
  },
  {
    name: 'target-sigsegv',
    describes: 'the target crashes (SIGSEGV)',
    kinds: ONE_SCENARIO,
    targets: ANY_TARGET,
    anchors: ['journal', 'ready', 'ready', 'clean-up'],
    endings: [1, 3],
    strike: signalTarget('SIGSEGV'),
  },
  {
    name: 'target-sigstop',
    describes: 'the target is stopped and never continued',
    kinds: ONE_SCENARIO,
    targets: ANY_TARGET,
    anchors: ['journal', 'ready', 'ready', 'clean-up'],
    endings: [1, 3],
    strike: signalTarget('SIGSTOP'),
  },
  {
    name: 'target-sigstop-sigcont',
    describes: 'the target is stopped for a second',
    kinds: ['limit', 'timeout', 'tabs', 'hold', 'orphans'],
    targets: ANY_TARGET,
    anchors: ['journal', 'ready', 'ready', 'clean-up'],
    endings: [0, 1, 3],
    async strike({ find, pause }) {
      const target = await find('target');
      if (target === null || !kill(target.pid, 'SIGSTOP')) return false;
      await pause(STOP_MS);
      kill(target.pid, 'SIGCONT');
      return true;
    },
  },
  {
    name: 'target-heap-full',
    describes: `its heap of ${HEAP_MB} MB fills: V8 aborts it`,
    kinds: WITHOUT_PROMISES,
    targets: ['plain'],
    anchors: ['ready'],
    // 0: the run was over before it was full.
    endings: [0, 1, 3],
    async prepare({ launch }) {
      launch.command = `${launch.command.replace("' '", `' --max-old-space-size=${HEAP_MB} '`)} --on-usr2 eat-heap`;
      return () => {};
    },
    strike: signalTarget('SIGUSR2'),
  },
  {
    name: 'target-oom-killed',
    describes: `its memory group of ${MEMORY_BYTES / 1e6} MB is full: the kernel kills it`,
    kinds: WITHOUT_PROMISES,
    targets: ['plain'],
    anchors: ['ready'],
    // 0: the run was over before it was full.
    endings: [0, 1, 3],
    unfit: ({ memoryGroups }) => (memoryGroups === null ? 'no memory group can be made here' : null),
    async prepare({ launch, sandbox }, { memoryGroups }) {
      if (memoryGroups === null) throw new Error('no memory group can be made here');
      const group = join(memoryGroups.folder, `hydrotest-${sandbox.env[CASE_VARIABLE]}`);
      mkdirSync(group);
      writeFileSync(join(group, memoryGroups.limitFile), String(MEMORY_BYTES));
      launch.command = `echo $$ > '${group}/cgroup.procs' && exec ${launch.command} --on-usr2 eat-memory`;
      return () => removeGroup(group);
    },
    strike: signalTarget('SIGUSR2'),
  },
  {
    name: 'target-restarted',
    describes: 'the target is killed, and its supervisor starts it again',
    kinds: WITHOUT_PROMISES,
    targets: ['plain'],
    anchors: ['ready'],
    endings: [1, 3],
    async prepare({ launch }) {
      launch.command = `while :; do ${launch.command}; done`;
      return () => {};
    },
    strike: signalTarget('SIGKILL'),
  },
  {
    name: 'target-late',
    describes: 'the target listens late, but within --ready-timeout',
    kinds: WITHOUT_PROMISES,
    targets: ['plain'],
    anchors: [],
    endings: [0],
    async prepare({ launch, random }) {
      launch.command += ` --listen-after ${Math.round(500 + random() * 2000)}`;
      launch.args.push('--ready-timeout', '20s');
      return () => {};
    },
  },
  {
    name: 'target-too-late',
    describes: `the target listens after --ready-timeout (${READY_TIMEOUT_MS / 1000} s)`,
    kinds: WITHOUT_PROMISES,
    targets: ['plain'],
    anchors: [],
    endings: [3],
    async prepare({ launch, random }) {
      launch.command += ` --listen-after ${Math.round(READY_TIMEOUT_MS + 5000 + random() * 20_000)}`;
      launch.args.push('--ready-timeout', `${READY_TIMEOUT_MS}ms`);
      return () => {};
    },
  },
  {
    name: 'target-exits',
    describes: 'the target ends at once, with an exit code of 0 to 3',
    kinds: WITHOUT_PROMISES,
    targets: ['plain'],
    anchors: [],
    endings: [3],
    async prepare({ launch, random }) {
      launch.command = `echo 'no such database' >&2; exit ${Math.floor(random() * 4)}`;
      return () => {};
    },
  },
  {
    name: 'target-port-taken',
    describes: 'a stranger listens where the target should',
    kinds: WITHOUT_PROMISES,
    targets: ['plain'],
    anchors: [],
    endings: [3],
    async prepare({ launch }) {
      const stranger = createServer((_request, response) => response.end());
      const port = await findFreePort();
      await new Promise<void>((listening, failed) => {
        stranger.once('error', failed).listen(port, '127.0.0.1', listening);
      });
      launch.args = launch.args.map((arg) => arg.replace('{port}', String(port)));
      return () => void stranger.close();
    },
  },
  {
    name: 'target-closes-listener',
    describes: 'the target takes no more connections, and keeps those that it has',
    kinds: WITHOUT_PROMISES,
    targets: ['plain'],
    anchors: ['ready'],
    // 0: everything that was to be measured needed no connection after that.
    endings: [0, 1, 3],
    async prepare({ launch }) {
      launch.command += ' --on-usr2 close-listener';
      return () => {};
    },
    strike: signalTarget('SIGUSR2'),
  },
];

/** The kernel keeps a group until its last process has been reaped. */
async function removeGroup(group: string): Promise<void> {
  for (let tries = 0; tries < 50 && existsSync(group); tries++) {
    try {
      rmdirSync(group);
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  if (existsSync(group)) {
    const members = readFileSync(join(group, 'cgroup.procs'), 'utf8').trim().replaceAll('\n', ' ');
    throw new Error(`the memory group ${group} cannot be removed: process ${members} is in it`);
  }
}
