import { breathe, listProc, readProcText } from './proc-file.ts';

/** One line of the process table. */
export interface ProcessEntry {
  pid: number;
  parentPid: number;
  groupId: number;
  sessionId: number;
  zombie: boolean;
  /** Own user and system time, and that of the children that it has waited for. */
  cpuMs: number;
  /** Clock ticks since boot at which it started: tells a process from a later one with the same pid. */
  startTicks: number;
}

/** USER_HZ, in which the kernel reports times to user space: 100 on every architecture that Node runs on. */
const MS_PER_TICK = 10;
const BREATH = 200;

/**
 * The process table. All of it, as the shorter way through `/proc/<pid>/task/<tid>/children` needs a kernel option that
 * not every kernel has (CONFIG_PROC_CHILDREN), skips children while others end (proc(5)), and does not know of
 * orphans. Processes that vanish during the scan are left out.
 */
export async function scanProcesses(): Promise<Map<number, ProcessEntry>> {
  const table = new Map<number, ProcessEntry>();
  const listed = listProc('/proc');
  if (listed.state !== 'read') return table;
  let count = 0;
  for (const name of listed.value) {
    const first = name.charCodeAt(0);
    if (first < 48 || first > 57) continue;
    if (++count % BREATH === 0) await breathe();
    const entry = readEntry(Number(name));
    if (entry !== null) table.set(entry.pid, entry);
  }
  return table;
}

/** Null: no such process. */
export function readEntry(pid: number): ProcessEntry | null {
  const stat = readProcText(`/proc/${pid}/stat`);
  return stat.state === 'read' ? parseStat(pid, stat.value) : null;
}

/** Fields as numbered in proc_pid_stat(5), from the third on. */
export function parseStat(pid: number, text: string): ProcessEntry {
  // The second field is the command's name in brackets and may hold spaces and brackets: count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  const state = fields[0];
  return {
    pid,
    parentPid: field(4),
    groupId: field(5),
    sessionId: field(6),
    zombie: state === 'Z' || state === 'X',
    cpuMs: (field(14) + field(15) + field(16) + field(17)) * MS_PER_TICK,
    startTicks: field(22),
  };
}

/**
 * The tree below a process, root first. With `includeGroup` also what is in the root's process group or session, and
 * what descends from that: children whose parent has ended belong to process 1 by then, but keep their group.
 *
 * A zombie counts below a parent of the tree, which should have waited for it, but not by its group alone: then it
 * waits for process 1, which is not the target's doing. A child that left both tree and group (a daemon) is not seen.
 */
export function selectTree(
  table: Map<number, ProcessEntry>,
  rootPid: number,
  options: { includeGroup: boolean },
): ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of table.values()) {
    const siblings = children.get(entry.parentPid);
    if (siblings === undefined) children.set(entry.parentPid, [entry]);
    else siblings.push(entry);
  }
  const tree = new Map<number, ProcessEntry>();
  const add = (entry: ProcessEntry) => {
    if (tree.has(entry.pid)) return;
    tree.set(entry.pid, entry);
    for (const child of children.get(entry.pid) ?? []) add(child);
  };
  const root = table.get(rootPid);
  if (root !== undefined) add(root);
  if (options.includeGroup) {
    for (const entry of table.values()) {
      if ((entry.groupId === rootPid || entry.sessionId === rootPid) && !entry.zombie) add(entry);
    }
  }
  return [...tree.values()];
}
