import { readFileSync } from 'node:fs';

/** One end of a TCP connection as Linux sees it (proc_net_tcp in the kernel's documentation). */
export interface TcpEnd {
  localPort: number;
  /** 01 is ESTABLISHED. */
  state: string;
  /** Bytes received that the process has not read. */
  unreadBytes: number;
  /** How often it has in vain repeated what was not acknowledged, or asked whether a closed window is open again. */
  unansweredCount: number;
}

/** The end of an IPv4 connection in this network namespace that has these ports; undefined: there is none. */
export function tcpEnd(localPort: number, remotePort: number): TcpEnd | undefined {
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local = '', remote = '', state = '', queues = '', , retransmits = '', , probes = ''] = line
      .trim()
      .split(/\s+/);
    if (portOf(local) !== localPort || portOf(remote) !== remotePort) continue;
    return {
      localPort,
      state,
      unreadBytes: Number.parseInt(queues.split(':')[1] ?? '', 16),
      unansweredCount: Number.parseInt(retransmits, 16) + Number.parseInt(probes, 10),
    };
  }
  return undefined;
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}
