import { connect, type LookupFunction } from 'node:net';

export interface Endpoint {
  host: string;
  port: number;
  /** How its address is found; default: as the system does. */
  lookup?: LookupFunction;
}

/** Host and port that a URL leads to. */
export function endpointOf(url: string): Endpoint {
  const { hostname, port, protocol } = new URL(url);
  return {
    // A URL writes IPv6 addresses in square brackets, a socket takes them without.
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

/** Whether something accepts connections there. Sends nothing: a request could open a stream or use up a limit. */
export function isPortOpen(endpoint: Endpoint, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(endpoint);
    const finish = (open: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(open);
    };
    const timer = setTimeout(finish, withinMs, false);
    socket.once('connect', () => finish(true));
    socket.on('error', () => finish(false));
  });
}
