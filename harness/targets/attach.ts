import { HydrotestError } from '../errors.ts';
import { findOwner, listeningInodes } from './listener.ts';
import { isHidden, isProcessAlive, readCommand, readIdentity } from './process-group.ts';
import type { Target, TargetExit } from './target.ts';

/** Another process's child sends us no signal when it ends: we look. */
const POLL_MS = 200;

/**
 * Watches a process that runs already and never signals it.
 * @throws HydrotestError `target-start` if there is no such process.
 */
export function attachByPid(pid: number): Target {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isProcessAlive(pid, null)) {
    const what = isHidden(pid)
      ? `process ${pid} runs and cannot be seen: it is another user's, and /proc hides those here (hidepid). Run as its user`
      : `no process ${pid} runs: check the pid (ps, pgrep)`;
    throw new HydrotestError('target-start', what, { observed: { pid } });
  }
  const startTicks = readIdentity(pid)?.startTicks ?? null;
  const isAlive = () => isProcessAlive(pid, startTicks);
  let watch: NodeJS.Timeout | undefined;
  const exited = new Promise<TargetExit>((resolve) => {
    watch = setInterval(() => {
      if (isAlive()) return;
      clearInterval(watch);
      resolve({ code: null, signal: null });
    }, POLL_MS);
    watch.unref();
  });
  return {
    kind: 'attached',
    pid,
    command: readCommand(pid),
    listener: null,
    listens: null,
    exited,
    isAlive,
    lastOutput: () => '',
    async stop() {
      clearInterval(watch);
      return { code: null, signal: null, forced: false };
    },
  };
}

/**
 * Watches the process that listens on a TCP port of this machine. Linux only.
 * @throws HydrotestError `target-start` if nothing listens there, or its process cannot be seen.
 */
export function attachByPort(port: number): Target {
  const observed = { port, platform: process.platform };
  if (process.platform !== 'linux') {
    throw new HydrotestError(
      'target-start',
      `finding the process behind port ${port} needs Linux's /proc: give its pid instead`,
      { observed },
    );
  }
  const inodes = listeningInodes(port);
  if (inodes.size === 0) {
    throw new HydrotestError(
      'target-start',
      `nothing listens on TCP port ${port} of this machine: start the server, or check the port (ss -ltnp)`,
      { observed },
    );
  }
  const pid = findOwner(inodes);
  if (pid === null) {
    throw new HydrotestError(
      'target-start',
      `port ${port} is open but its process cannot be seen: run as the server's user, or give its pid (a container's server shows only inside the container)`,
      { observed },
    );
  }
  return attachByPid(pid);
}
