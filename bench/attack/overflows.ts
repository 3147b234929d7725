import { readFileSync } from 'node:fs';

/**
 * How often the kernel has dropped a segment of a connect because the queue of the server it was for was full, on this machine since it
 * started; one connect can count several times. Null where Linux does not tell it.
 */
export function readOverflows(): number | null {
  try {
    const [names = [], values = []] = readFileSync('/proc/net/netstat', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('TcpExt:'))
      .map((line) => line.split(' '));
    const value = Number(values[names.indexOf('ListenOverflows')]);
    return Number.isFinite(value) ? value : null;
  } catch {
    return null;
  }
}
