import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isProcessAlive, readIdentity } from './process-group.ts';

/** State LISTEN in `/proc/net/tcp` (include/net/tcp_states.h). */
const LISTEN = '0A';

/** Inodes of the sockets that listen on a port, on any address. Linux only. */
export function listeningInodes(port: number): Set<string> {
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(table, 'latin1');
    } catch {
      continue; // No IPv6 in this kernel.
    }
    for (const line of text.split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state !== LISTEN || local === undefined || inode === undefined) continue;
      if (Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) === port) inodes.add(inode);
    }
  }
  return inodes;
}

/**
 * The process that holds one of these sockets, or null if none can be seen. Of several (a server that forks workers
 * after it has listened) it is the one that started first, since the others descend from it; process 1 comes last, as an
 * init system may hold the socket of a server that it activates.
 */
export function findOwner(inodes: Set<string>): number | null {
  return findOwners(inodes)[0] ?? null;
}

function findOwners(inodes: Set<string>): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => heldBy(pid, inodes) !== null)
    .map((pid) => ({ pid, startTicks: pid === 1 ? Infinity : (readIdentity(pid)?.startTicks ?? Infinity) }))
    .sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid)
    .map(({ pid }) => pid);
}

function heldBy(pid: number, inodes: Set<string>): Pick<Listener, 'link' | 'socket'> | null {
  let fds: string[];
  try {
    fds = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return null; // Gone, or not ours to see.
  }
  for (const fd of fds) {
    const link = `/proc/${pid}/fd/${fd}`;
    const socket = readLink(link);
    if (socket?.startsWith('socket:[') && inodes.has(socket.slice(8, -1))) return { link, socket };
  }
  return null;
}

function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null; // Closed meanwhile.
  }
}

/** A listening socket as one process holds it. */
export interface Listener {
  pid: number;
  startTicks: number | null;
  /** `/proc/<pid>/fd/<fd>`, and where it leads. */
  link: string;
  socket: string;
}

/**
 * The process that listens on a port now, see `findOwner`; null: nobody does, or nobody that can be seen. Where several do, as on
 * 127.0.0.1 and on ::1, one of the target with this root process.
 */
export function findListener(port: number, rootPid: number): Listener | null {
  const inodes = listeningInodes(port);
  const owners = inodes.size === 0 ? [] : findOwners(inodes);
  const pid = owners.find((owner) => belongsTo(owner, rootPid)) ?? owners[0];
  if (pid === undefined) return null;
  const held = heldBy(pid, inodes);
  return held === null ? null : { pid, startTicks: readIdentity(pid)?.startTicks ?? null, ...held };
}

/** Whether a process is in the process group that another one leads, or descends from it. */
export function belongsTo(pid: number, rootPid: number): boolean {
  if (readIdentity(pid)?.groupId === rootPid) return true;
  for (let at = pid; at > 1; at = readIdentity(at)?.parentPid ?? 0) {
    if (at === rootPid) return true;
  }
  return false;
}

/** Looks at one link and not at the table of all sockets, which is long while thousands of streams are open. */
export function stillListens({ pid, startTicks, link, socket }: Listener): boolean {
  return isProcessAlive(pid, startTicks) && readLink(link) === socket;
}
