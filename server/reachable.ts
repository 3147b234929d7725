import { BlockList, isIPv6 } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether other machines may reach a server that listens at this URL, whose host is an address. */
export function isReachable(url: string): boolean {
  const address = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return !loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
