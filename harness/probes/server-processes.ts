import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { HydrotestError } from '../errors.ts';
import { attempt, readProcText } from './proc-file.ts';
import { type ProcessEntry, selectTree } from './process-tree.ts';
import { readOpenFiles } from './sockets.ts';
import { listListeners } from './tcp-table.ts';

export interface ServerProcesses {
  /** Node processes whose heaps together are the server's, in the order in which they started. Never empty. */
  nodes: ProcessEntry[];
  /** Other processes of the tree, but for those above the server: what they hold is in no heap. */
  others: { pid: number; name: string }[];
}

/**
 * The processes of a tree whose heaps stand for the server: the Node processes that listen on its port, and all Node processes
 * below them (the workers of a cluster, which need not listen themselves, and forked helpers). What lies above, such as
 * npm, tsx or a shell, started the server and is not it.
 *
 * Cannot see worker threads: their heaps are their own, and a leak there is missing.
 * @throws HydrotestError `target-start` with the reason where no Node process listens on the port.
 */
export async function findServerProcesses(
  tree: readonly ProcessEntry[],
  rootPid: number,
  port: number,
): Promise<ServerProcesses> {
  const listeners = await findListeners(tree, rootPid, port);
  if (listeners.length === 0) {
    throw noHeap(
      `no process in the tree of ${rootPid} is seen to listen on port ${port} (is it another user's, or in a container?)`,
      { rootPid, port },
    );
  }
  const table = new Map(tree.map((entry) => [entry.pid, entry]));
  const nodes = new Map<number, ProcessEntry>();
  for (const listener of listeners) {
    if (!isNode(listener.pid)) continue;
    for (const entry of selectTree(table, listener.pid, { includeGroup: false })) {
      if (isNode(entry.pid)) nodes.set(entry.pid, entry);
    }
  }
  const [first] = listeners;
  if (nodes.size === 0 && first !== undefined) {
    const name = programOf(first.pid) ?? 'closed to us';
    throw noHeap(`process ${first.pid} on port ${port} is not Node.js: its program is ${name}`, {
      pid: first.pid,
      port,
      name,
    });
  }
  const above = new Set<number>();
  for (const { pid } of nodes.values()) {
    for (
      let at = table.get(pid);
      at !== undefined && !above.has(at.parentPid);
      at = table.get(at.parentPid)
    ) {
      above.add(at.parentPid);
    }
  }
  return {
    nodes: [...nodes.values()].sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid),
    others: tree
      .filter(({ pid }) => !nodes.has(pid) && !above.has(pid))
      .map(({ pid }) => ({ pid, name: programOf(pid) ?? 'closed to us' })),
  };
}

export async function findListeners(
  tree: readonly ProcessEntry[],
  rootPid: number,
  port: number,
): Promise<ProcessEntry[]> {
  const listening = (await listListeners(rootPid)).filter(({ localPort }) => localPort === port);
  const inodes = new Set(listening.map(({ inode }) => inode));
  const listeners: ProcessEntry[] = [];
  for (const entry of tree) {
    const files = await readOpenFiles(entry.pid);
    if (files.state === 'read' && files.value.socketInodes.some((inode) => inodes.has(inode)))
      listeners.push(entry);
  }
  return listeners;
}

/** SIGUSR1 is signal 10 on x86, ARM and RISC-V, where Node runs on Linux; the mask's lowest bit is signal 1. */
const SIGUSR1_BIT = 1n << 9n;

/**
 * Whether a process has a handler for SIGUSR1. Without one the signal would end it. Node installs its own at the start (unless
 * told `--disable-sigusr1`); whether the program has replaced that by its own cannot be seen from outside.
 */
export function catchesSigusr1(pid: number): boolean {
  const status = readProcText(`/proc/${pid}/status`);
  if (status.state !== 'read') return false;
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status.value)?.[1];
  return mask !== undefined && (BigInt(`0x${mask}`) & SIGUSR1_BIT) !== 0n;
}

/**
 * By the name of the executable, exactly: `node`, `nodejs`, `node24`, `node-v24.1.0`. A program named alike (the Go
 * program `node_exporter`) would die of SIGUSR1 although it has a handler.
 */
export function isNodeName(name: string): boolean {
  return /^node(js)?(-?v?\d[\d.]*)?$/.test(name);
}

export function isNode(pid: number): boolean {
  const name = programOf(pid);
  return name !== null && isNodeName(name);
}

/** Name of the executable, or null: gone, or another user's. */
function programOf(pid: number): string | null {
  const link = attempt(() => readlinkSync(`/proc/${pid}/exe`));
  // The kernel appends this when the file was replaced by an upgrade.
  return link.state === 'read' ? basename(link.value.replace(/ \(deleted\)$/, '')) : null;
}

export function noHeap(
  reason: string,
  observed: Record<string, string | number | boolean | null>,
  cause?: unknown,
): HydrotestError {
  return new HydrotestError('target-start', `no heap probe: ${reason}`, { observed, cause });
}
