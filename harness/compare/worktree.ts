import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HydrotestError } from '../errors.ts';
import { type Guardian, startGuardian } from '../targets/guard.ts';
import { endGroup, readIdentity, signalGroup } from '../targets/process-group.ts';

/** Another commit, checked out beside the folder that is being worked in. */
export interface Worktree {
  commit: string;
  /** What corresponds to the current folder. */
  folder: string;
  /**
   * Runs a shell command in it, which is ended with this process, however that ends.
   *
   * @throws HydrotestError `target-start` when it fails, `aborted`.
   */
  setUp(command: string, signal: AbortSignal): Promise<void>;
  /** Removes it. Idempotent; also done when the process ends before, however it ends. */
  remove(): void;
}

/** The commit that a text names in the repository around a folder; null: it names none, or there is no repository. */
export function commitOf(text: string, cwd: string): string | null {
  if (text === '' || /\s/.test(text) || text.startsWith('-')) return null;
  return git(cwd, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${text}^{commit}`);
}

/** Whether a shell may find something to start in this text. Only a single plain word is looked up, as a name that was mistyped is one. */
export function canBeCommand(text: string, cwd: string): boolean {
  if (process.platform === 'win32' || !/^[\w@][\w./@~^+-]*$/.test(text)) return true;
  const { status } = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', text], { cwd, stdio: 'ignore' });
  // Null: the shell itself could not be started, which says nothing of the text.
  return status === null || status === 0;
}

/**
 * Checks a commit out into a folder of its own, without touching the one that is being worked in.
 *
 * @throws HydrotestError `usage` when git cannot.
 */
export async function addWorktree(commit: string, cwd: string): Promise<Worktree> {
  const parent = join(tmpdir(), `hydrotest-baseline-${randomUUID()}`);
  const top = join(parent, 'tree');
  const guardian = startGuardian({ folder: parent, repository: cwd });
  let present = true;
  const remove = () => {
    if (!present) return;
    present = false;
    process.off('exit', remove);
    git(cwd, 'worktree', 'remove', '--force', top);
    rmSync(parent, { recursive: true, force: true, maxRetries: 5 });
    git(cwd, 'worktree', 'prune');
    void guardian.dismiss();
  };
  // A second Ctrl-C ends the process at once: the checkout goes with it.
  process.on('exit', remove);
  try {
    mkdirSync(parent, { mode: 0o700 });
    await checkOut(commit, top, cwd, guardian);
    const prefix = git(cwd, 'rev-parse', '--show-prefix') ?? '';
    const folder = join(top, prefix);
    if (!existsSync(folder)) throw usage(`${commit} has no folder ${prefix}, which is the current one.`);
    return { commit, folder, remove, setUp: (command, signal) => setUp(command, folder, guardian, signal) };
  } catch (cause) {
    remove();
    throw cause;
  }
}

async function checkOut(commit: string, top: string, cwd: string, guardian: Guardian): Promise<void> {
  const child = spawn('git', ['worktree', 'add', '--detach', top, commit], {
    cwd,
    // A group of its own: the guardian ends it, so that nothing writes into what it removes.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (child.pid !== undefined) guardian.watch(child.pid, readIdentity(child.pid)?.startTicks ?? null);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const code = await once(child, 'close').then(
    ([status]) => status as number | null,
    (cause: Error) => {
      errors = cause.message;
      return null;
    },
  );
  if (code !== 0) throw usage(`${commit} could not be checked out: ${errors.trim()}`);
}

function usage(what: string): HydrotestError {
  return new HydrotestError('usage', `--baseline: ${what}`);
}

const STOP_GRACE_MS = 2000;

/** Its output goes to this program's standard error. */
async function setUp(command: string, cwd: string, guardian: Guardian, signal: AbortSignal): Promise<void> {
  const child = spawn(command, { shell: true, cwd, detached: true, stdio: ['ignore', 2, 2] });
  const { pid } = child;
  if (pid !== undefined) guardian.watch(pid, readIdentity(pid)?.startTicks ?? null);
  const stop = () => {
    if (pid !== undefined) void endGroup(pid, STOP_GRACE_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  // A second Ctrl-C ends this process at once: first what runs in the checkout, then the checkout.
  const kill = () => {
    if (pid !== undefined) signalGroup(pid, 'SIGKILL');
  };
  process.prependListener('exit', kill);
  try {
    const [code, name] = await once(child, 'exit');
    if (signal.aborted) throw new HydrotestError('aborted', '--setup was stopped', { cause: signal.reason });
    if (code !== 0) {
      throw new HydrotestError(
        'target-start',
        `--setup "${command}" ended with ${name === null ? `exit code ${code}` : name} in ${cwd}: run it there by hand to see why`,
      );
    }
  } finally {
    signal.removeEventListener('abort', stop);
    process.off('exit', kill);
  }
}

/** What git prints, or null where it fails or is not there. */
function git(cwd: string, ...args: string[]): string | null {
  try {
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
