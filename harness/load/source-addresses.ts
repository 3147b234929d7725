import { readFileSync } from 'node:fs';

/** Linux's default, where nothing tells (ip(7), ip_local_port_range). */
const DEFAULT_PORTS = 28_232;

/**
 * Part of an address's ports that is used. Linux hands out every second port first; once these are gone it looks at each of them
 * again for every connection. With one address 14,000 streams opened at 1,900 a second, and from there on at 500.
 */
const FILL_RATIO = 0.4;

/** Ephemeral ports of one source address to one destination. */
export function ephemeralPortCount(): number {
  try {
    const [low = 0, high = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .split(/\s+/)
      .map(Number);
    return high > low ? high - low + 1 : DEFAULT_PORTS;
  } catch {
    return DEFAULT_PORTS;
  }
}

/**
 * Source addresses for as many connections to a server on `host`, closed ones in TIME_WAIT included; empty: the system's choice
 * will do. Spread only where one address does not have the ports: a server that counts by address must not be misled without need.
 *
 * All of 127.0.0.0/8 is this machine on Linux. Null: another host has no further addresses, and the ports do not suffice.
 */
export function sourceAddressesFor(host: string, connectionCount: number): string[] | null {
  const perAddress = Math.floor(ephemeralPortCount() * FILL_RATIO);
  const count = Math.ceil(connectionCount / perAddress);
  if (count <= 1) return [];
  if (process.platform !== 'linux' || !/^127\.\d+\.\d+\.\d+$|^localhost$/.test(host)) return null;
  // From 127.0.0.1 on, so that few addresses are needed; 250 a block.
  return Array.from({ length: count }, (_, i) => `127.0.${Math.floor(i / 250)}.${(i % 250) + 1}`);
}
