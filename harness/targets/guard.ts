import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname, isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HydrotestError } from '../errors.ts';

export interface Guardian {
  /** Of the process that watches now: one that is killed is followed by another. */
  readonly pid: number;
  /** From now on the group is ended with this process. */
  watch(groupId: number, startTicks: number | null): void;
  /** Ends the guardian, which then leaves all alone. Resolves when it is gone. Idempotent. */
  dismiss(): Promise<void>;
}

export interface GuardianOptions {
  /** Absolute path of a folder that goes with this process, or null. It need not be there yet. */
  folder: string | null;
  /** A folder in the git repository of which `folder` holds a checkout, or null. */
  repository?: string | null;
}

/** For a helper process of ours: with `--inspect` or a coverage hook for the harness it would open a port or write files of its own. */
export function helperEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...environment } = process.env;
  return environment;
}

/** Whoever kills guardians again and again means it. */
const MAX_RESTARTS = 20;

/**
 * Starts the helper process that clears up when this process is gone (see guardian.ts): before what it is there for is made, so
 * that there is no moment without it. It does not keep this process alive.
 * @throws HydrotestError `internal` if it cannot be started.
 */
export function startGuardian({ folder, repository = null }: GuardianOptions): Guardian {
  if (folder !== null && !isAbsolute(folder)) {
    throw new HydrotestError('internal', `a guardian needs an absolute folder, not ${folder}`);
  }
  const groups: string[] = [];
  let dismissed = false;
  let restartCount = 0;
  let current = start();

  function start(): { child: ChildProcess; pid: number; gone: Promise<void> } {
    const { child, pid } = spawnGuardian(folder, repository);
    const gone = once(child, 'exit').then(
      () => {},
      () => {},
    );
    void gone.then(() => {
      if (dismissed || restartCount === MAX_RESTARTS) return;
      restartCount += 1;
      try {
        current = start();
      } catch {
        // No process can be started at this moment: the run goes on without, as it would if this process died now.
      }
    });
    child.stdin?.write(groups.join(''));
    return { child, pid, gone };
  }

  return {
    get pid() {
      return current.pid;
    },
    watch(groupId, startTicks) {
      const line = `${groupId} ${startTicks ?? ''}\n`;
      groups.push(line);
      current.child.stdin?.write(line);
    },
    async dismiss() {
      dismissed = true;
      const { child, gone } = current;
      child.ref();
      // SIGKILL, as its other signals are ignored, and as no message could overtake the end of file. It is our own
      // child and not yet waited for, so its pid cannot be a stranger's.
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function spawnGuardian(
  folder: string | null,
  repository: string | null,
): { child: ChildProcess; pid: number } {
  // `.ts` when Node runs the sources, `.js` in the compiled package.
  const entry = fileURLToPath(new URL(`./guardian${extname(import.meta.url)}`, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [entry, folder ?? '', repository ?? ''], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: helperEnvironment(),
    // Not in a folder that somebody may want to remove or unmount.
    cwd: '/',
    windowsHide: true,
  });
  const { pid } = child;
  if (pid === undefined) {
    child.once('error', () => {});
    throw new HydrotestError(
      'internal',
      `the guardian ${entry} could not be started with ${process.execPath}`,
    );
  }
  child.stdin?.on('error', () => {});
  child.unref();
  if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function') {
    child.stdin.unref();
  }
  return { child, pid };
}
