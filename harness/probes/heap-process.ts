import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { HydrotestError } from '../errors.ts';
import { attempt, readProcText } from './proc-file.ts';
import { type ProcessEntry, scanProcesses, selectTree } from './process-tree.ts';
import { readOpenFiles } from './sockets.ts';
import { listListeners } from './tcp-table.ts';

/**
 * The one process of a tree whose heap stands for the server: the Node process that listens on the target's port.
 *
 * Refuses where one heap would not be the whole truth: if several processes accept on the port, or if the one that does
 * has Node processes below it (a cluster's workers, a forked helper), whose leaks its own heap does not show.
 * Cannot see worker threads: their heaps are their own, and a leak there is missing too.
 * @throws HydrotestError `target-start` with the reason.
 */
export async function findHeapProcess(rootPid: number, port: number): Promise<ProcessEntry> {
  const table = await scanProcesses();
  // Includes the group in any case: where the root leads none, no one else has its number.
  const tree = selectTree(table, rootPid, { includeGroup: true }).filter(({ zombie }) => !zombie);
  const inodes = new Set(
    (await listListeners(rootPid)).filter(({ localPort }) => localPort === port).map(({ inode }) => inode),
  );
  const listeners: ProcessEntry[] = [];
  for (const entry of tree) {
    const files = await readOpenFiles(entry.pid);
    if (files.state === 'read' && files.value.socketInodes.some((inode) => inodes.has(inode)))
      listeners.push(entry);
  }
  const [listener] = listeners;
  if (listener === undefined) {
    throw noProbe(`no process in the tree of ${rootPid} is seen to listen on port ${port}`, {
      rootPid,
      port,
    });
  }
  if (listeners.length > 1) {
    throw noProbe(
      `${listeners.length} processes accept on port ${port}: the heap of one would not show the leaks of the others`,
      { rootPid, port, listenerCount: listeners.length },
    );
  }
  const { pid } = listener;
  if (!isNode(pid)) {
    const name = nameOf(pid) ?? 'closed to us';
    throw noProbe(`process ${pid} on port ${port} is not Node.js: its program is ${name}`, {
      pid,
      port,
      name,
    });
  }
  const below = selectTree(table, pid, { includeGroup: false }).filter(
    (entry) => entry.pid !== pid && isNode(entry.pid),
  );
  if (below.length > 0) {
    throw noProbe(
      `process ${pid} has ${below.length} Node.js processes below it (a cluster?): its heap would not show their leaks`,
      { pid, port, childCount: below.length },
    );
  }
  return listener;
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

function isNode(pid: number): boolean {
  const name = nameOf(pid);
  return name !== null && isNodeName(name);
}

function nameOf(pid: number): string | null {
  const link = attempt(() => readlinkSync(`/proc/${pid}/exe`));
  // The kernel appends this when the file was replaced by an upgrade.
  return link.state === 'read' ? basename(link.value.replace(/ \(deleted\)$/, '')) : null;
}

export function noProbe(
  reason: string,
  observed: Record<string, string | number | boolean | null>,
  cause?: unknown,
): HydrotestError {
  return new HydrotestError('target-start', `no heap probe: ${reason}`, { observed, cause });
}
