import { readlinkSync } from 'node:fs';
import type { SocketStates } from '../model.ts';
import { attempt, breathe, listProc, type ProcRead } from './proc-file.ts';
import { visitTcpTable } from './tcp-table.ts';

export interface OpenFiles {
  fdCount: number;
  /** Inodes of the sockets among them, of every kind. */
  socketInodes: number[];
}

/** 256 links take about a millisecond. */
const BREATH = 256;
const SOCKET_PREFIX = 'socket:[';

/** The open files of one process, from `/proc/<pid>/fd`. A file that is closed during the look is counted all the same. */
export async function readOpenFiles(pid: number): Promise<ProcRead<OpenFiles>> {
  const folder = `/proc/${pid}/fd`;
  const listed = listProc(folder);
  if (listed.state !== 'read') return listed;
  const socketInodes: number[] = [];
  let count = 0;
  for (const fd of listed.value) {
    if (++count % BREATH === 0) await breathe();
    const link = attempt(() => readlinkSync(`${folder}/${fd}`));
    if (link.state === 'denied') return link;
    if (link.state === 'read' && link.value.startsWith(SOCKET_PREFIX)) {
      socketInodes.push(Number(link.value.slice(SOCKET_PREFIX.length, -1)));
    }
  }
  return { state: 'read', value: { fdCount: listed.value.length, socketInodes } };
}

/** TCP sockets among the given ones, by state; null if the system's table cannot be read. */
export async function countStates(pid: number, inodes: ReadonlySet<number>): Promise<SocketStates | null> {
  const states: SocketStates = {};
  if (inodes.size === 0) return states;
  const read = await visitTcpTable(pid, (_port, state, inode) => {
    if (inodes.has(inode)) states[state] = (states[state] ?? 0) + 1;
  });
  return read ? states : null;
}

/**
 * TCP sockets at the server's end of a port, by state, whoever holds them: also those that no process holds any more
 * and the kernel is still ending (`fin_wait1`, `fin_wait2`, `last_ack`, `time_wait`). For waiting until they have drained.
 * Null where there is no `/proc`. `pid` names the network namespace (a server in a container); by default our own.
 */
export async function countPortSockets(
  port: number,
  options: { pid?: number } = {},
): Promise<SocketStates | null> {
  const states: SocketStates = {};
  const read = await visitTcpTable(options.pid ?? 'self', (localPort, state) => {
    if (localPort === port) states[state] = (states[state] ?? 0) + 1;
  });
  return read ? states : null;
}
