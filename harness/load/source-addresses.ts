import { readFileSync } from 'node:fs';

/** Linux's default, where nothing tells (ip(7), ip_local_port_range). */
const DEFAULT_PORTS = 28_232;

/**
 * Part of the system's own choice of ports up to which it is quick. Linux hands out every second port first; once these are gone it
 * searches for each connection: bare sockets open 10,000 streams at 12,800 a second, and 19,000 at 3,700 (docs/benchmarks.md).
 */
const QUICK_RATIO = 0.4;

/** On an address of our own nobody else has ports: all but the privileged ones and some of the lower. */
const FIRST_PORT = 10_000;
const PORTS_PER_ADDRESS = 50_000;

/** A port is not used again at once: in a space that is never full, all others come first. */
const FILL_RATIO = 0.8;

/** Ephemeral ports of one source address to one destination. */
export function ephemeralPortCount(): number {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    const [low = 0, high = 0] = range.split(/\s+/).map(Number);
    return high > low ? high - low + 1 : DEFAULT_PORTS;
  } catch {
    return DEFAULT_PORTS;
  }
}

/**
 * How many source addresses of its own each worker needs for so many connections to a server on `host`, closed ones in
 * TIME_WAIT included. 0: the system's choice of address and port will do, and a server that counts by address is not misled without need.
 * Null: the ports do not suffice, and there are no further addresses: only on Linux all of 127.0.0.0/8 is this machine.
 */
export function addressesPerWorker(
  host: string,
  connectionCount: number,
  workerCount: number,
): number | null {
  const ports = ephemeralPortCount();
  if (connectionCount <= ports * QUICK_RATIO) return 0;
  if (process.platform === 'linux' && /^127\.\d+\.\d+\.\d+$|^localhost$/.test(host))
    return Math.ceil(connectionCount / workerCount / (PORTS_PER_ADDRESS * FILL_RATIO));
  return connectionCount <= ports * FILL_RATIO ? 0 : null;
}

/** 250 in each of 256 blocks. */
const ADDRESSES_PER_BLOCK = 250;
const ADDRESS_COUNT = 256 * ADDRESSES_PER_BLOCK;

/** Prime to the number of addresses: processes that are started one after the other are so far apart. */
const ADDRESSES_PER_PROCESS = 251;

/** Where the addresses of a run begin: two that load the same server at the same time are not to want the same ports. */
export function firstAddressOf(pid: number): number {
  return (pid * ADDRESSES_PER_PROCESS) % ADDRESS_COUNT;
}

export interface SourcePlace {
  localAddress: string;
  localPort: number;
}

/**
 * Addresses and ports of one worker, each used by one connection at a time. They are named here because the system, asked for any free
 * port of a given address, searches for it, and slower the fewer there are. They are taken in turn, so that a port that is
 * closed has the time of all others to get out of TIME_WAIT.
 */
export class SourcePlaces {
  readonly #count: number;
  readonly #firstAddress: number;
  readonly #used = new Set<number>();
  #next = 0;

  /** Worker numbers count from 0. `firstAddress`: where those of the run begin. */
  constructor(workerIndex: number, addressCount: number, firstAddress = 0) {
    this.#count = addressCount * PORTS_PER_ADDRESS;
    this.#firstAddress = firstAddress + workerIndex * addressCount;
  }

  /** Null: all are in use. */
  take(): SourcePlace | null {
    if (this.#used.size >= this.#count) return null;
    while (this.#used.has(this.#next)) this.#next = (this.#next + 1) % this.#count;
    const place = this.#next;
    this.#used.add(place);
    this.#next = (place + 1) % this.#count;
    return {
      localAddress: addressAt(this.#firstAddress + Math.floor(place / PORTS_PER_ADDRESS)),
      localPort: FIRST_PORT + (place % PORTS_PER_ADDRESS),
    };
  }

  giveBack({ localAddress, localPort }: SourcePlace): void {
    const address =
      (indexOf(localAddress) + ADDRESS_COUNT - (this.#firstAddress % ADDRESS_COUNT)) % ADDRESS_COUNT;
    this.#used.delete(address * PORTS_PER_ADDRESS + localPort - FIRST_PORT);
  }
}

/** 127.77.0.1 … 127.77.0.250, 127.77.1.1 … and round again: away from 127.0.0.0/16, where people have their servers. */
function addressAt(index: number): string {
  const number = index % ADDRESS_COUNT;
  return `127.77.${Math.floor(number / ADDRESSES_PER_BLOCK)}.${(number % ADDRESSES_PER_BLOCK) + 1}`;
}

function indexOf(address: string): number {
  const [, , block = 0, number = 0] = address.split('.').map(Number);
  return block * ADDRESSES_PER_BLOCK + number - 1;
}
