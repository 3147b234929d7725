import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { findFreePort } from '../../../harness/targets/free-port.ts';
import { isProcessAlive } from '../../../harness/targets/process-group.ts';
import { CASE_VARIABLE, holdsListener } from '../census.ts';
import {
  type Anchor,
  type Fault,
  FROM_THE_BEGINNING,
  kill,
  type LiveScene,
  WHILE_MEASURED,
} from '../fault.ts';
import { ANY_TARGET, ONE_SCENARIO, SHORT, WITHOUT_PROMISES } from '../run-kinds.ts';

const STOP_MS = 1000;
const HEAP_MB = 40;
const MEMORY_BYTES = 150e6;
const READY_TIMEOUT_MS = 3000;

/** The target's own process, not a shell around it. */
async function signalTarget(
  { findTarget, server }: LiveScene,
  signal: NodeJS.Signals,
): Promise<number | null> {
  const pid = await findTarget();
  if (pid === null) return null;
  // The driver's own server has to know which signals are the driver's.
  const isSent = server === null ? kill(pid, signal) : server.kill(signal);
  return isSent ? pid : null;
}

/** A signal that has its effect at once. */
const struckBy =
  (signal: NodeJS.Signals) =>
  async (scene: LiveScene): Promise<boolean> =>
    (await signalTarget(scene, signal)) !== null;

/** The server does at SIGUSR2 what it was started for, and it takes a while until `pid` is as it should be: that is when it strikes. */
const triggered =
  (hasCome: (pid: number) => boolean) =>
  async (scene: LiveScene): Promise<boolean> => {
    const pid = await signalTarget(scene, 'SIGUSR2');
    if (pid !== null) await scene.until(() => hasCome(pid));
    return pid !== null;
  };

const isGone = (pid: number) => !isProcessAlive(pid, null);

/** What a server without promises is started with, in a run that goes on until something can be measured. */
const PLAIN = { kinds: WITHOUT_PROMISES, targets: ['plain'] } as const;
const IN_USE: readonly Anchor[] = ['ready'];

export const targetFaults: readonly Fault[] = [
  {
    name: 'target-sigkill',
    describes: 'kill -9 to the target',
    kinds: ONE_SCENARIO,
    targets: ANY_TARGET,
    anchors: WHILE_MEASURED,
    takes: 'target',
    strike: struckBy('SIGKILL'),
  },
  {
    name: 'target-sigsegv',
    describes: 'the target crashes (SIGSEGV)',
    kinds: ONE_SCENARIO,
    targets: ANY_TARGET,
    anchors: WHILE_MEASURED,
    takes: 'target',
    strike: struckBy('SIGSEGV'),
  },
  {
    name: 'target-sigstop',
    describes: 'the target is stopped and never continued',
    kinds: ONE_SCENARIO,
    targets: ANY_TARGET,
    anchors: WHILE_MEASURED,
    takes: 'target-moment',
    strike: struckBy('SIGSTOP'),
  },
  {
    name: 'target-sigstop-sigcont',
    describes: 'the target is stopped for a second',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: WHILE_MEASURED,
    takes: 'target-moment',
    async strike(scene) {
      const pid = await signalTarget(scene, 'SIGSTOP');
      if (pid === null) return false;
      scene.mark();
      await scene.pause(STOP_MS);
      kill(pid, 'SIGCONT');
      return true;
    },
  },
  {
    name: 'target-heap-full',
    describes: `its heap of ${HEAP_MB} MB fills: V8 aborts it`,
    ...PLAIN,
    anchors: IN_USE,
    takes: 'target',
    async prepare({ launch }) {
      launch.command = `${launch.command.replace("' '", `' --max-old-space-size=${HEAP_MB} '`)} --on-usr2 eat-heap`;
      return undefined;
    },
    strike: triggered(isGone),
  },
  {
    name: 'target-oom-killed',
    describes: `its memory group of ${MEMORY_BYTES / 1e6} MB is full: the kernel kills it`,
    ...PLAIN,
    anchors: IN_USE,
    takes: 'target',
    unfit: ({ memoryGroups }) => (memoryGroups === null ? 'no memory group can be made here' : null),
    async prepare({ launch, sandbox }, { memoryGroups }) {
      if (memoryGroups === null) throw new Error('no memory group can be made here');
      const group = join(memoryGroups.folder, `hydrotest-${sandbox.env[CASE_VARIABLE]}`);
      mkdirSync(group);
      writeFileSync(join(group, memoryGroups.limitFile), String(MEMORY_BYTES));
      launch.command = `echo $$ > '${group}/cgroup.procs' && exec ${launch.command} --on-usr2 eat-memory`;
      return () => removeGroup(group);
    },
    strike: triggered(isGone),
  },
  {
    name: 'target-restarted',
    describes: 'the target is killed, and its supervisor starts it again, on the same port',
    kinds: WITHOUT_PROMISES,
    targets: ['plain', 'by-pid', 'by-port'],
    anchors: IN_USE,
    takes: 'target',
    async prepare({ launch, server }) {
      if (server === null) launch.command = `while :; do ${launch.command}; done`;
      return undefined;
    },
    async strike(scene) {
      if (scene.server === null) return (await signalTarget(scene, 'SIGKILL')) !== null;
      const ended = scene.server.restart();
      scene.mark();
      await ended;
      return true;
    },
  },
  {
    name: 'target-late',
    describes: 'the target listens late, but within --ready-timeout',
    ...PLAIN,
    anchors: FROM_THE_BEGINNING,
    takes: 'nothing',
    async prepare({ launch, random }) {
      launch.command += ` --listen-after ${Math.round(500 + random() * 2000)}`;
      launch.args.push('--ready-timeout', '20s');
      return undefined;
    },
  },
  {
    name: 'target-too-late',
    describes: `the target listens after --ready-timeout (${READY_TIMEOUT_MS / 1000} s)`,
    ...PLAIN,
    anchors: FROM_THE_BEGINNING,
    takes: 'start',
    async prepare({ launch, random }) {
      launch.command += ` --listen-after ${Math.round(READY_TIMEOUT_MS + 5000 + random() * 20_000)}`;
      launch.args.push('--ready-timeout', `${READY_TIMEOUT_MS}ms`);
      return undefined;
    },
  },
  {
    name: 'target-exits',
    describes: 'the target ends at once, with an exit code of 0 to 3',
    ...PLAIN,
    anchors: FROM_THE_BEGINNING,
    takes: 'start',
    async prepare({ launch, random }) {
      launch.command = `echo 'no such database' >&2; exit ${Math.floor(random() * 4)}`;
      return undefined;
    },
  },
  {
    name: 'target-gone',
    describes: 'the server to attach to ended just before',
    kinds: WITHOUT_PROMISES,
    targets: ['by-pid', 'by-port'],
    anchors: FROM_THE_BEGINNING,
    takes: 'start',
    async prepare({ server }) {
      await server?.close();
      return undefined;
    },
  },
  {
    name: 'target-port-taken',
    describes: 'a stranger listens where the target should',
    ...PLAIN,
    anchors: FROM_THE_BEGINNING,
    takes: 'start',
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
    ...PLAIN,
    anchors: IN_USE,
    takes: 'target',
    async prepare({ launch }) {
      launch.command += ' --on-usr2 close-listener';
      return undefined;
    },
    strike: triggered((pid) => !holdsListener(pid)),
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
