import { attackOnce } from './connection.ts';

/** What a connect takes of Node below its streams. No public API: see `bindingOf`. */
interface TcpBinding {
  TCP: new (type: number) => TcpHandle;
  TCPConnectWrap: new () => { oncomplete: (status: number) => void };
  constants: { SOCKET: number };
}

interface TcpHandle {
  connect(request: object, address: string, port: number): number;
  /** Closes with a reset. */
  reset(onClosed: () => void): number;
  close(onClosed: () => void): void;
}

/**
 * Connects, and resets at once. Outcomes as of `attackOnce`. Without a `net.Socket`, as what is to be brought to its knees is the
 * server and not the attacker: it saves a fifth of the CPU of each.
 */
export function connectAndReset(port: number): Promise<string> {
  if (binding === null) return attackOnce({ port, leavesAfterMs: 0, leaves: 'rst' });
  const { TCP, TCPConnectWrap, constants } = binding;
  return new Promise((resolve) => {
    const handle = new TCP(constants.SOCKET);
    const refused = () => handle.close(() => resolve('refused'));
    const request = new TCPConnectWrap();
    request.oncomplete = (status) => {
      if (status !== 0 || handle.reset(() => resolve('left')) !== 0) refused();
    };
    if (handle.connect(request, '127.0.0.1', port) !== 0) refused();
  });
}

/** Null where this Node has it no longer: then it goes the long way. */
function bindingOf(): TcpBinding | null {
  try {
    return (process as unknown as { binding(name: string): TcpBinding }).binding('tcp_wrap');
  } catch {
    return null;
  }
}

const binding = bindingOf();
