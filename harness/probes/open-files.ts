import { readProcText } from './proc-file.ts';
import { type ProcessEntry, readEntry, scanProcesses, selectTree } from './process-tree.ts';
import { findListeners } from './server-processes.ts';

/** How many files a process may have open; null: it is gone, closed to us, or the system does not tell. */
export function openFileLimit(pid: number | 'self'): number | null {
  const limits = readProcText(`/proc/${pid}/limits`);
  const match = limits.state === 'read' ? /^Max open files\s+(\d+|unlimited)/m.exec(limits.value) : null;
  if (match === null) return null;
  return match[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match[1]);
}

/**
 * How many files the processes that listen on the port, and those below them, may have open together: an upper bound of the connections
 * that they can hold, as some of them may hold none. The shell or npm above them holds none for sure. Null where the system
 * does not tell.
 */
export async function openFileLimits(
  rootPid: number,
  options: { port: number; includeGroup: boolean },
): Promise<{ fileCount: number; processCount: number } | null> {
  const whole = selectTree(await scanProcesses(), rootPid, options);
  const table = new Map(whole.map((entry) => [entry.pid, entry]));
  const server = new Map<number, ProcessEntry>();
  for (const { pid } of await findListeners(whole, rootPid, options.port)) {
    for (const entry of selectTree(table, pid, { includeGroup: false })) server.set(entry.pid, entry);
  }
  const tree = server.size > 0 ? [...server.values()] : whole;
  let fileCount = 0;
  for (const { pid } of tree) {
    const limit = openFileLimit(pid);
    if (limit === null && readEntry(pid) === null) continue;
    if (limit === null) return null;
    fileCount += limit;
  }
  return tree.length === 0 ? null : { fileCount, processCount: tree.length };
}
