import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer, isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { addressesPerWorker, ephemeralPortCount, firstAddressOf, SourcePlaces } from './source-addresses.ts';

const linux = process.platform === 'linux';
const PORTS = ephemeralPortCount();

/** Connections for which the system's choice of ports is quick, and for which it just suffices. */
const QUICK = Math.floor(PORTS * 0.4);
const FULL = Math.floor(PORTS * 0.8);

describe('the ports of an address', () => {
  it.runIf(linux)('are those of the kernel, both ends included', () => {
    const [low, high] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/);
    expect(ephemeralPortCount()).toBe(Number(high) - Number(low) + 1);
  });
});

describe('the addresses that a worker needs', () => {
  it.each(['127.0.0.1', 'localhost', '192.0.2.1', '[::1]'])(
    'are left to the system while its choice is quick: %s',
    (host) => {
      expect(addressesPerWorker(host, 0, 1)).toBe(0);
      expect(addressesPerWorker(host, QUICK, 1)).toBe(0);
    },
  );

  // Of 50,000 ports four fifths.
  it.runIf(linux).each([
    ['127.0.0.1', QUICK + 1, 1, 1],
    ['127.0.0.1', 40_000, 1, 1],
    ['127.0.0.1', 40_001, 1, 2],
    ['localhost', 40_001, 2, 1],
    ['127.5.6.7', 1_000_000, 5, 5],
    ['127.5.6.7', 1_000_001, 5, 6],
  ])('on %s for %d connections of %d workers: %d', (host, connectionCount, workerCount, count) => {
    expect(addressesPerWorker(host, connectionCount, workerCount)).toBe(count);
  });

  it.each(['192.0.2.1', 'example.test', '[::1]', '128.0.0.1', '127.0.0.1.example.test'])(
    'are the one of the system for another host, which is slow, and then too few: %s',
    (host) => {
      expect(addressesPerWorker(host, QUICK + 1, 1)).toBe(0);
      expect(addressesPerWorker(host, FULL, 1)).toBe(0);
      expect(addressesPerWorker(host, FULL + 1, 1)).toBe(null);
      // More workers have no more ports together.
      expect(addressesPerWorker(host, FULL + 1, 100)).toBe(null);
    },
  );
});

describe('the places of a worker', () => {
  const nameOf = (place: { localAddress: string; localPort: number } | null) =>
    place === null ? null : `${place.localAddress}:${place.localPort}`;

  it('are all different, unprivileged, and end', () => {
    const places = new SourcePlaces(0, 2);
    const seen = new Set<string | null>();
    const addresses = new Set<string>();
    for (let i = 0; i < 100_000; i += 1) {
      const place = places.take();
      if (place === null) throw new Error(`there are only ${i}`);
      expect(place.localPort >= 10_000 && place.localPort < 60_000).toBe(true);
      seen.add(nameOf(place));
      addresses.add(place.localAddress);
    }
    expect(seen.size).toBe(100_000);
    expect([...addresses]).toEqual(['127.77.0.1', '127.77.0.2']);
    expect(places.take()).toBe(null);
    places.giveBack({ localAddress: '127.77.0.2', localPort: 12_345 });
    expect(places.take()).toEqual({ localAddress: '127.77.0.2', localPort: 12_345 });
    expect(places.take()).toBe(null);
  });

  it('are not those of another worker, however many there are', () => {
    const owners = new Map<string, number>();
    for (let worker = 0; worker < 256; worker += 1) {
      const places = new SourcePlaces(worker, 2);
      for (let i = 0; i < 60_000; i += 20_000) {
        let place = places.take();
        for (let skipped = 0; skipped < 20_000; skipped += 1) place = places.take();
        const address = place?.localAddress ?? '';
        expect(isIPv4(address)).toBe(true);
        // Neither the network's own address nor its broadcast.
        expect(address).toMatch(/^127\.77\.\d+\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|250)$/);
        expect(owners.get(address) ?? worker).toBe(worker);
        owners.set(address, worker);
      }
    }
    expect(owners.size).toBe(512);
  });

  it('are not those of another run', () => {
    const owners = new Map<string, number>();
    for (let pid = 1; pid <= 200; pid += 1) {
      for (let worker = 0; worker < 3; worker += 1) {
        const places = new SourcePlaces(worker, 1, firstAddressOf(4_000_000 + pid));
        const place = places.take();
        if (place === null) throw new Error('there is none');
        expect(isIPv4(place.localAddress)).toBe(true);
        expect(owners.has(place.localAddress)).toBe(false);
        owners.set(place.localAddress, pid);
      }
    }
  });

  it('go on at the beginning, where a run begins at the last of all addresses', () => {
    const places = new SourcePlaces(0, 2, 256 * 250 - 1);
    const all = Array.from({ length: 100_000 }, () => places.take());
    expect(new Set(all.map((place) => place?.localAddress))).toEqual(
      new Set(['127.77.255.250', '127.77.0.1']),
    );
    expect(places.take()).toBe(null);
    places.giveBack({ localAddress: '127.77.0.1', localPort: 12_345 });
    expect(places.take()).toEqual({ localAddress: '127.77.0.1', localPort: 12_345 });
  });

  it('come round again after all others', () => {
    const places = new SourcePlaces(3, 1);
    const first = places.take();
    if (first === null) throw new Error('there are none');
    places.giveBack(first);
    for (let i = 1; i < 50_000; i += 1) {
      const place = places.take();
      expect(nameOf(place)).not.toBe(nameOf(first));
      if (place !== null) places.giveBack(place);
    }
    expect(nameOf(places.take())).toBe(nameOf(first));
  });

  it('are never given to two at a time, in whatever order they come back', () => {
    const places = new SourcePlaces(7, 1);
    const random = createRandom(2);
    const held: NonNullable<ReturnType<SourcePlaces['take']>>[] = [];
    const names = new Set<string | null>();
    for (let i = 0; i < 200_000; i += 1) {
      if (held.length > 0 && (random() < 0.5 || held.length > 45_000)) {
        const index = Math.floor(random() * held.length);
        const place = held[index] as (typeof held)[number];
        held[index] = held.at(-1) as typeof place;
        held.pop();
        names.delete(nameOf(place));
        places.giveBack(place);
      } else {
        const place = places.take();
        if (place === null) throw new Error('there are none left');
        if (names.has(nameOf(place))) throw new Error(`${nameOf(place)} was given twice`);
        names.add(nameOf(place));
        held.push(place);
      }
    }
  });

  it.runIf(linux)('can be connected from, to a server on 127.0.0.1', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // The last worker that there can be: nobody else is there while this runs.
    const place = new SourcePlaces(255, 1).take();
    if (place === null) throw new Error('there is none');
    const socket = connect({ host: '127.0.0.1', port, ...place });
    await once(socket, 'connect');
    expect([socket.localAddress, socket.localPort]).toEqual([place.localAddress, place.localPort]);
    socket.resetAndDestroy();
    await once(socket, 'close');
    server.close();
    await once(server, 'close');
  });
});
