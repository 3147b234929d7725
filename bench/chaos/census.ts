import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readIdentity } from '../../harness/targets/process-group.ts';

/** What a process is in a case: told by its command line. */
export type Role = 'harness' | 'guardian' | 'worker' | 'target' | 'other';

export interface CaseProcess {
  pid: number;
  sessionId: number;
  role: Role;
  command: string;
}

/** Name of the variable that every process of a case has in its environment. */
export const CASE_VARIABLE = 'HYDROTEST_CHAOS_CASE';

/**
 * Running processes that have this case in their environment, whoever started them: unlike a parent or a group it cannot
 * be left. Zombies have no environment and are left out. Linux only.
 */
export function processesOf(caseId: string, variable = CASE_VARIABLE): CaseProcess[] {
  return allPids().flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      return environment.includes(`${variable}=${caseId}`) ? [describe(pid)] : [];
    } catch {
      // Gone meanwhile, or another user's.
      return [];
    }
  });
}

/** Running processes of these sessions: also one that was started with an environment of its own. */
export function processesOfSessions(sessionIds: ReadonlySet<number>): CaseProcess[] {
  return allPids().flatMap((pid) => {
    const state = readIdentity(pid)?.state;
    if (state === undefined || state === 'Z' || state === 'X') return [];
    try {
      return sessionIds.has(sessionOf(pid)) ? [describe(pid)] : [];
    } catch {
      return [];
    }
  });
}

/** Inodes of the sockets on which these processes listen. */
export function listeningSocketsOf(processes: readonly Pick<CaseProcess, 'pid'>[]): Set<string> {
  const listening = listeningInodes();
  const inodes = processes.flatMap(({ pid }) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => socketInode(`/proc/${pid}/fd/${fd}`));
    } catch {
      return [];
    }
  });
  return new Set(inodes.filter((inode) => listening.has(inode)));
}

/** Whether this process listens anywhere. */
export function holdsListener(pid: number): boolean {
  return listeningSocketsOf([{ pid }]).size > 0;
}

/** Inodes of all TCP sockets of this machine that listen. */
export function listeningInodes(): Set<string> {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => {
    try {
      // Fields: sl, local, remote, state (0A: listen), queues, timer, retransmits, uid, timeout, inode.
      return readFileSync(path, 'latin1')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .flatMap((fields) => (fields[3] === '0A' && fields[9] !== undefined ? [fields[9]] : []));
    } catch {
      return [];
    }
  });
  return new Set(inodes);
}

function socketInode(path: string): string[] {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1];
    return inode === undefined ? [] : [inode];
  } catch {
    return [];
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function describe(pid: number): CaseProcess {
  const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '').split('\0');
  return { pid, sessionId: sessionOf(pid), role: roleOf(args), command: args.join(' ') };
}

function sessionOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[3]);
}

/**
 * By the file that an interpreter runs: the program has the target's command among its own arguments, and so has the shell
 * that starts the target.
 */
function roleOf(args: readonly string[]): Role {
  const file = args.slice(1).find((arg) => !arg.startsWith('-')) ?? '';
  if (/^(ba|da)?sh$/.test(args[0]?.split('/').at(-1) ?? '')) return 'other';
  if (/targets\/guardian\.[jt]s$/.test(file)) return 'guardian';
  if (/load\/worker\.[jt]s$/.test(file)) return 'worker';
  if (/harness\/cli\.[jt]s$/.test(file)) return 'harness';
  return /(server\/main\.[jt]s|\/targets\/[\w-]+\.(mjs|py))$/.test(file) ? 'target' : 'other';
}
