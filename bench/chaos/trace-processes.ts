import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CaseProcess,
  listeningInodes,
  listeningSocketsOf,
  processesOf,
  processesOfSessions,
} from './census.ts';
import { kill } from './fault.ts';

const LOOK_MS = 250;
const POLL_MS = 40;

/** Follows the processes of a case, so that those are found in the end which do not look like it any more. */
export function traceProcesses(caseId: string) {
  const sessions = new Set<number>();
  const sockets = new Set<string>();
  const look = () => {
    const processes = processesOf(caseId);
    for (const { sessionId } of processes) sessions.add(sessionId);
    for (const inode of listeningSocketsOf(processes)) sockets.add(inode);
  };
  const timer = setInterval(look, LOOK_MS);
  const remaining = (): CaseProcess[] => {
    const all = [...processesOf(caseId), ...processesOfSessions(sessions)];
    return [...new Map(all.map((found) => [found.pid, found])).values()];
  };
  return {
    /** The session of a process that leads its own. */
    follow: (sessionId: number) => void sessions.add(sessionId),
    /** Those that ran on for so long after now. They are killed. */
    async orphans(withinMs: number): Promise<string[]> {
      const deadline = performance.now() + withinMs;
      while (remaining().length > 0 && performance.now() < deadline) await sleep(POLL_MS);
      const left = remaining();
      for (const { pid } of left) kill(pid, 'SIGKILL');
      return left.map(({ role, command }) => `${role}: ${command.slice(0, 200)}`);
    },
    openSockets(): string[] {
      const listening = listeningInodes();
      return [...sockets]
        .filter((inode) => listening.has(inode))
        .map((inode) => `a listening socket (${inode})`);
    },
    close() {
      clearInterval(timer);
      for (const { pid } of remaining()) kill(pid, 'SIGKILL');
    },
  };
}
