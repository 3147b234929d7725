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
  const owners = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => holdsAny(pid, inodes))
    .map((pid) => ({ pid, startTicks: pid === 1 ? Infinity : (readIdentity(pid)?.startTicks ?? Infinity) }))
    .sort((a, b) => a.startTicks - b.startTicks || a.pid - b.pid);
  return owners[0]?.pid ?? null;
}

function holdsAny(pid: number, inodes: Set<string>): boolean {
  let fds: string[];
  try {
    fds = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return false; // Gone, or not ours to see.
  }
  return fds.some((fd) => {
    try {
      const link = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return link.startsWith('socket:[') && inodes.has(link.slice(8, -1));
    } catch {
      return false; // Closed meanwhile.
    }
  });
}

/** What became of the process that listened on a port. */
export interface ListenerLoss {
  was: number;
  /** Its listening socket is closed while it still runs: it takes no more connections, or is just ending. */
  lives: boolean;
  /** Who listens there now, or null. */
  is: number | null;
}

/**
 * Tells whether the process that listens on a port now still does later; null: so it is. A supervisor that restarts a server
 * keeps the tree alive, and all that the server held is given back: nothing that was measured then says anything. A process
 * that was killed gives back its files and memory before it is seen to be gone.
 */
export function watchListener(port: number): () => ListenerLoss | null {
  const was = findOwner(listeningInodes(port));
  const startTicks = was === null ? null : (readIdentity(was)?.startTicks ?? null);
  return () => {
    if (was === null) return null;
    const lives = isProcessAlive(was, startTicks);
    const inodes = listeningInodes(port);
    return lives && inodes.size > 0 ? null : { was, lives, is: findOwner(inodes) };
  };
}
