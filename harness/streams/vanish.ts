import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { messageOf } from '../errors.ts';
import { parseTarget } from './http-request.ts';

/** Half of 127.128.0.0/9, away from what people use; a process begins at a place of its own. */
const FIRST_ADDRESS = 0x7f_80_00_01;
const ADDRESS_COUNT = 2 ** 22;
const ADDRESSES_PER_PROCESS = 1024;

/** `ip` took 47 ms to remove 2,000 routes in one batch. */
const IP_TIMEOUT_MS = 5_000;
const CAP_NET_ADMIN = 12n;
const HOW = 'run hydrotest and the server it starts under `unshare --net sh -c "ip link set lo up && …"`';

/** Says in the environment that this network namespace may be changed: a container's, where nothing else shows it. */
export const ownNetworkVariable = 'HYDROTEST_OWN_NETWORK';

const runIp = promisify(execFile);
let nextAddress = (process.pid * ADDRESSES_PER_PROCESS) % ADDRESS_COUNT;
const vanished = new Set<string>();
let lastRun: Promise<unknown> = Promise.resolve();
let batch: { addresses: string[]; done: Promise<void> } | null = null;
let machineUnavailable: string | null | undefined;

/** A loopback source address that no other stream of this process has. */
export function sourceAddress(): string {
  const address = FIRST_ADDRESS + nextAddress;
  nextAddress = (nextAddress + 1) % ADDRESS_COUNT;
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/**
 * Why no client can vanish from the server at `url`, in a sentence that says what to do; null: one can. Asked once a
 * process, it tries a route of its own.
 */
export async function vanishingUnavailable(url: string): Promise<string | null> {
  return whyUnavailable(url);
}

/** The same at once, for who cannot wait: it starts `ip` and waits for it, the first time. */
export function whyUnavailable(url: string): string | null {
  const { host } = parseTarget(url);
  if (host !== 'localhost' && !/^127(\.\d+){3}$/.test(host)) {
    return `a client can vanish only from a server at an IPv4 loopback address, which ${host} is not: let the server listen on 127.0.0.1`;
  }
  machineUnavailable ??= whyMachineUnavailable();
  return machineUnavailable === '' ? null : machineUnavailable;
}

/** The empty string: nothing stands against it. */
function whyMachineUnavailable(): string {
  if (process.platform !== 'linux') return 'a client can vanish only on Linux, by a route of its own';
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  if (((BigInt(`0x${capabilities ?? '0'}`) >> CAP_NET_ADMIN) & 1n) === 0n) {
    return `a client can vanish only with the right to change routes (CAP_NET_ADMIN): ${HOW}, or with --user --map-root-user added`;
  }
  if (!isOwnNetwork()) {
    return `routes are changed only in a network namespace of hydrotest's own, and this may be the machine's: ${HOW}, or say ${ownNetworkVariable}=1 in a container`;
  }
  const trial = sourceAddress();
  try {
    ipSync([`route replace ${routeOf(trial)}`, `route del ${routeOf(trial)}`]);
  } catch (cause) {
    return `a client can vanish only by a route, and \`ip\` (iproute2) could not add one: ${describe(cause)}`;
  }
  return '';
}

/**
 * Whether what is done to this network namespace is done to nobody else. True if the environment says so, if CAP_NET_ADMIN
 * is that of a user namespace (it then reaches no network but those made inside), or if a process above this one
 * lives in another network. In a container without either, nothing that can be read tells.
 */
function isOwnNetwork(): boolean {
  if (process.env[ownNetworkVariable] === '1') return true;
  if (isInUserNamespace()) return true;
  const own = networkOf('self');
  const ofFirst = networkOf('1');
  if (ofFirst !== null) return ofFirst !== own;
  for (let pid = parentOf('self'); pid !== null && pid !== '0'; pid = parentOf(pid)) {
    const network = networkOf(pid);
    if (network !== null && network !== own) return true;
  }
  return false;
}

function isInUserNamespace(): boolean {
  try {
    // The first one maps every id to itself; a kernel without them has no such file.
    return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
  } catch {
    return false;
  }
}

function networkOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return null;
  }
}

function parentOf(pid: string): string | null {
  try {
    return /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? null;
  } catch {
    return null;
  }
}

/**
 * From here on no packet comes from the address or reaches it: what the server sends is lost on its way, unanswered, so
 * it repeats it as it would over a dead line, and not even the RST of a socket that is closed now gets out. Those who
 * vanish in one turn of the event loop share one run of `ip`. Rejects if `ip` fails.
 */
export function vanish(address: string): Promise<void> {
  if (batch === null) {
    const addresses: string[] = [];
    const done = new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        batch = null;
        for (const one of addresses) vanished.add(one);
        process.off('exit', returnAtExit);
        process.on('exit', returnAtExit);
        ip(addresses.map((one) => `route replace ${routeOf(one)}`)).then(resolve, reject);
      });
    });
    batch = { addresses, done };
  }
  batch.addresses.push(address);
  return batch.done;
}

/**
 * Brings back the addresses of all who have vanished; whoever opened such streams calls it once the server has had its
 * time. What the server sends to them from here on is answered with a RST. Without it the routes stay until the
 * process exits. Rejects, within 10 s, if `ip` fails.
 */
export async function returnVanished(): Promise<void> {
  await batch?.done.catch(() => {});
  const addresses = [...vanished];
  if (addresses.length === 0) return;
  await ip(addresses.map((address) => `route del ${routeOf(address)}`));
  for (const address of addresses) vanished.delete(address);
  if (vanished.size === 0) process.off('exit', returnAtExit);
}

/** Addresses with a route that is in place or on its way. */
export function vanishedCount(): number {
  return vanished.size;
}

function returnAtExit(): void {
  try {
    ipSync([...vanished].map((address) => `route del ${routeOf(address)}`));
  } catch {
    // Nobody is left to be told; the routes go with the namespace.
  }
}

/**
 * A route in the local table, which is asked before all others, takes one address out of 127.0.0.0/8 there. It leads
 * over the loopback device as if the address were a neighbour's. Packets to it leave, come back, and are for nobody here:
 * Linux discards them. And nobody may send from it, because it is no address of this machine any more.
 *
 * A `blackhole` route would keep the peer's packets from leaving at all. Then Linux 6.18 took them for never sent: the
 * server's socket showed no retransmission in six seconds, only probes of a closed window, which end otherwise.
 */
function routeOf(address: string): string {
  return `unicast ${address}/32 dev lo scope link table local`;
}

/** One after the other: a route is never taken away before it is there. */
function ip(commands: string[]): Promise<void> {
  const run = lastRun.then(() => ipOnce(commands));
  lastRun = run.catch(() => {});
  return run;
}

async function ipOnce(commands: string[]): Promise<void> {
  // Forced: a route that is not there any more must not keep the others from going.
  const running = runIp('ip', ['-force', '-batch', '-'], { timeout: IP_TIMEOUT_MS });
  running.child.stdin?.on('error', () => {});
  running.child.stdin?.end(`${commands.join('\n')}\n`);
  await running;
}

function ipSync(commands: string[]): void {
  execFileSync('ip', ['-force', '-batch', '-'], {
    input: `${commands.join('\n')}\n`,
    timeout: IP_TIMEOUT_MS,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
}

function describe(error: unknown): string {
  if (error instanceof Error && 'stderr' in error && String(error.stderr).trim() !== '') {
    return String(error.stderr).trim().split('\n')[0] ?? '';
  }
  return messageOf(error);
}
