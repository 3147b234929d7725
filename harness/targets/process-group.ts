import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HydrotestError } from '../errors.ts';

/** What `/proc/<pid>/stat` says of one process. */
export interface ProcessIdentity {
  state: string;
  parentPid: number;
  groupId: number;
  /** Clock ticks since boot at which it started: with the pid it names one process for as long as the system runs. */
  startTicks: number;
}

/** Null: no such process, or no `/proc` here. */
export function readIdentity(pid: number): ProcessIdentity | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The second field is the command's name in brackets and may hold spaces and brackets: count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    parentPid: Number(fields[1]),
    groupId: Number(fields[2]),
    startTicks: Number(fields[19]),
  };
}

/** The words of its command line, with blanks between them; null: it is gone, has none, or there is no `/proc`. */
export function readCommand(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').replaceAll('\0', ' ');
    return text === '' ? null : text;
  } catch {
    return null;
  }
}

/** Whether a process runs. Where there is a `/proc`, a zombie does not, and neither does a stranger with the same pid. */
export function isProcessAlive(pid: number, startTicks: number | null): boolean {
  if (!acceptsSignals(pid)) return false;
  if (process.platform !== 'linux') return true;
  const identity = readIdentity(pid);
  if (identity === null || isDead(identity.state)) return false;
  return startTicks === null || identity.startTicks === startTicks;
}

/** Whether there is a process of which `/proc` does not tell (hidepid): a signal would find it. */
export function isHidden(pid: number): boolean {
  return process.platform === 'linux' && acceptsSignals(pid) && readIdentity(pid) === null;
}

/**
 * Whether any process of the group still runs. `kill(2)` also finds zombies, and in a container whose first process
 * does not reap its orphans they stay for ever: on Linux they are looked up and left out.
 */
export function isGroupAlive(groupId: number): boolean {
  if (process.platform === 'win32') return acceptsSignals(groupId);
  if (!acceptsSignals(-groupId)) return false;
  if (process.platform !== 'linux') return true;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const identity = readIdentity(Number(name));
    if (identity?.groupId === groupId && !isDead(identity.state)) return true;
  }
  return false;
}

/** Sends a signal to every process of a group; a group that is gone is no error. */
export function signalGroup(groupId: number, signal: 'SIGTERM' | 'SIGKILL' | 'SIGCONT'): void {
  if (process.platform === 'win32') {
    // No process groups and no signals there: the tree is ended by force.
    spawnSync('taskkill', ['/pid', String(groupId), '/T', '/F'], { windowsHide: true });
    return;
  }
  try {
    process.kill(-groupId, signal);
  } catch (cause) {
    if (!hasCode(cause, 'ESRCH')) throw cause;
  }
}

const POLL_MS = 20;
/** SIGKILL works at once but for a process in an uninterruptible wait, such as on a dead network file system. */
const KILL_DEADLINE_MS = 10_000;

/**
 * Whether the number of a group that was started here stands for it still. It is not given to another process while the group
 * has members; so a leader with another start time means that the whole group ended and its number was used again.
 * `startTicks` null: nobody could read them, as without a `/proc`.
 */
export function isStillGroup(groupId: number, startTicks: number | null): boolean {
  if (startTicks === null) return true;
  const leader = readIdentity(groupId);
  return leader === null || leader.startTicks === startTicks;
}

/**
 * Ends a group: SIGTERM, `graceMs`, SIGKILL. Resolves when it is gone; `forced` says that SIGKILL was needed. A stranger that has
 * got its number meanwhile is not signalled: `startTicks` are those of the group's first leader.
 * @throws HydrotestError `internal` if it outlives SIGKILL by 10 s.
 */
export async function endGroup(
  groupId: number,
  graceMs: number,
  startTicks: number | null = null,
): Promise<{ forced: boolean }> {
  if (!isStillGroup(groupId, startTicks)) return { forced: false };
  const isOver = () => !isStillGroup(groupId, startTicks) || !isGroupAlive(groupId);
  signalGroup(groupId, 'SIGTERM');
  // A process that is stopped gets no signal but SIGKILL until it goes on.
  if (process.platform !== 'win32') signalGroup(groupId, 'SIGCONT');
  if (await isGroupGone(isOver, graceMs, () => {})) return { forced: false };
  // Again at each look: a process that was being forked during the first SIGKILL has not got it.
  if (await isGroupGone(isOver, KILL_DEADLINE_MS, () => signalGroup(groupId, 'SIGKILL')))
    return { forced: true };
  throw new HydrotestError(
    'internal',
    `process group ${groupId} still runs ${KILL_DEADLINE_MS} ms after SIGKILL: look for a process in state D`,
    { observed: { groupId } },
  );
}

async function isGroupGone(isOver: () => boolean, withinMs: number, poke: () => void): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!isOver()) {
    if (performance.now() > deadline) return false;
    poke();
    await sleep(POLL_MS);
  }
  return true;
}

function isDead(state: string): boolean {
  return state === 'Z' || state === 'X';
}

function acceptsSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it runs, and belongs to someone else.
    return hasCode(cause, 'EPERM');
  }
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}
