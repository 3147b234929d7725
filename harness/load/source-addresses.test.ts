import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ephemeralPortCount, sourceAddressesFor } from './source-addresses.ts';

const linux = process.platform === 'linux';

/** What is used of one address. */
const PER_ADDRESS = Math.floor(0.7 * ephemeralPortCount());

describe('the ports of an address', () => {
  it.runIf(linux)('are those of the kernel, both ends included', () => {
    const [low, high] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/);
    expect(ephemeralPortCount()).toBe(Number(high) - Number(low) + 1);
  });
});

describe('source addresses', () => {
  it.each(['127.0.0.1', 'localhost', '192.0.2.1', '[::1]'])(
    'are left to the system while one suffices: %s',
    (host) => {
      expect(sourceAddressesFor(host, 0)).toEqual([]);
      expect(sourceAddressesFor(host, PER_ADDRESS)).toEqual([]);
    },
  );

  it.runIf(linux)('are as few as it takes, from the first on', () => {
    expect(sourceAddressesFor('127.0.0.1', PER_ADDRESS + 1)).toEqual(['127.0.0.1', '127.0.0.2']);
    expect(sourceAddressesFor('localhost', 3 * PER_ADDRESS)).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    expect(sourceAddressesFor('127.5.6.7', 3 * PER_ADDRESS + 1)).toHaveLength(4);
  });

  it.runIf(linux)('are all different, and all of this machine, however many', () => {
    const many = sourceAddressesFor('127.0.0.1', 1000 * PER_ADDRESS) ?? [];
    expect(new Set(many).size).toBe(1000);
    for (const address of many) {
      expect(isIPv4(address)).toBe(true);
      // Neither the network's own address nor its broadcast.
      expect(address).toMatch(/^127\.0\.\d+\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|250)$/);
    }
  });

  it.each(['192.0.2.1', 'example.test', '[::1]', '128.0.0.1', '127.0.0.1.example.test'])(
    'are too few for another host: %s',
    (host) => {
      expect(sourceAddressesFor(host, PER_ADDRESS + 1)).toBe(null);
    },
  );
});
