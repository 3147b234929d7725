import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname, isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HydrotestError } from '../errors.ts';

export interface Guardian {
  readonly pid: number;
  /** Ends the guardian, which then leaves the target alone. Resolves when it is gone. Idempotent. */
  dismiss(): Promise<void>;
}

/** For a helper process of ours: with `--inspect` or a coverage hook for the harness it would open a port or write files of its own. */
export function helperEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...environment } = process.env;
  return environment;
}

/**
 * Starts the helper process that ends the group when this process is gone (see guardian.ts).
 * It does not keep this process alive.
 * @throws HydrotestError `internal` if it cannot be started.
 */
export function startGuardian(options: {
  groupId: number;
  startTicks: number | null;
  /** Absolute path of a folder that belongs to the target and dies with it, or null. */
  folder: string | null;
}): Guardian {
  if (options.folder !== null && !isAbsolute(options.folder)) {
    throw new HydrotestError('internal', `a guardian needs an absolute folder, not ${options.folder}`);
  }
  // `.ts` when Node runs the sources, `.js` in the compiled package.
  const entry = fileURLToPath(new URL(`./guardian${extname(import.meta.url)}`, import.meta.url));
  const child: ChildProcess = spawn(
    process.execPath,
    [entry, String(options.groupId), String(options.startTicks ?? ''), options.folder ?? ''],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: helperEnvironment(), windowsHide: true },
  );
  const gone = once(child, 'exit').then(
    () => {},
    () => {},
  );
  const { pid } = child;
  if (pid === undefined) {
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
  return {
    pid,
    async dismiss() {
      child.ref();
      // SIGKILL, as its other signals are ignored, and as no message could overtake the end of file. It is our own
      // child and not yet waited for, so its pid cannot be a stranger's.
      child.kill('SIGKILL');
      await gone;
    },
  };
}
