import { readProcText } from './proc-file.ts';
import { scanProcesses, selectTree } from './process-tree.ts';

/**
 * How many files the processes of a tree may have open together: an upper bound of the connections that they can hold, as some of them
 * may hold none. Null where the system does not tell.
 */
export async function openFileLimits(
  rootPid: number,
  options: { includeGroup: boolean },
): Promise<{ fileCount: number; processCount: number } | null> {
  const tree = selectTree(await scanProcesses(), rootPid, options);
  let fileCount = 0;
  for (const { pid } of tree) {
    const limits = readProcText(`/proc/${pid}/limits`);
    if (limits.state === 'gone') continue;
    const match = limits.state === 'read' ? /^Max open files\s+(\d+|unlimited)/m.exec(limits.value) : null;
    if (match === null) return null;
    fileCount += match[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match[1]);
  }
  return tree.length === 0 ? null : { fileCount, processCount: tree.length };
}
