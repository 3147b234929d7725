import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { isIP } from 'node:net';
import { endianness } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLoopback } from '../loopback.ts';
import { QUIET_OPTION } from './inspector-env.ts';
import { attempt } from './proc-file.ts';
import { readOpenFiles } from './sockets.ts';
import { listListeners, type TcpListener } from './tcp-table.ts';

export interface InspectorAddress {
  host: string;
  port: number;
  /** Where a debugger connects. */
  webSocketUrl: string;
}

const ANSWER_MS = 1000;
const POLL_MS = 25;
/** The list of a Node process has one entry of some 500 bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** The sockets on which a process listens for TCP connections; none if they cannot be seen. */
export async function listenersOf(pid: number): Promise<TcpListener[]> {
  const files = await readOpenFiles(pid);
  if (files.state !== 'read') return [];
  const inodes = new Set(files.value.socketInodes);
  return (await listListeners(pid)).filter(({ inode }) => inodes.has(inode));
}

/**
 * The inspector among the ports on which a process listens, or null. Each but the target's own port is asked for
 * `/json/list`; the sockets in `known` are not asked.
 */
export async function findInspector(
  pid: number,
  targetPort: number,
  known: ReadonlySet<number> = new Set(),
): Promise<InspectorAddress | null> {
  for (const { inode, localPort, localAddressHex } of await listenersOf(pid)) {
    if (localPort === targetPort || known.has(inode)) continue;
    const found = await askForInspector(hostOf(localAddressHex), localPort);
    if (found !== null) return found;
  }
  return null;
}

/**
 * Waits for the inspector of a process that was asked to open it; null if there is none in time. Asks `expected`, as to look
 * through the sockets takes 10 to 200 ms where thousands are closing; that is done in the end, and at each look
 * where the port is not known beforehand.
 */
export async function awaitInspector(
  pid: number,
  targetPort: number,
  options: {
    expected: Endpoint;
    known: ReadonlySet<number>;
    withinMs: number;
    signal: AbortSignal;
  },
): Promise<InspectorAddress | null> {
  const { expected, known, withinMs, signal } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    const isOver = performance.now() > deadline;
    const found =
      expected.port === 0 || isOver
        ? await findInspector(pid, targetPort, known)
        : await askForInspector(expected.host, expected.port);
    if (found !== null || isOver || signal.aborted) return found;
    await sleep(POLL_MS);
  }
}

export interface Endpoint {
  host: string;
  /** 0: whichever is free. */
  port: number;
}

const DEFAULT_INSPECTOR: Endpoint = { host: '127.0.0.1', port: 9229 };

/** Where a Node process opens its inspector when asked, by its command line and NODE_OPTIONS; what it changes later is not seen. */
export function inspectorEndpointOf(pid: number): Endpoint {
  return parseInspectorEndpoint(optionsOf(pid));
}

/** Whether a Node process was told to open its inspector at its start. */
export function startsInspector(pid: number): boolean {
  return /(?<=^|\s)--inspect(-brk|-wait)?(?=[=\s]|$)/.test(optionsOf(pid));
}

function optionsOf(pid: number): string {
  const command = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  const words = command.state === 'read' ? command.value.replaceAll('\0', ' ') : '';
  return `${nodeOptionsOf(pid)} ${words}`;
}

/** Whether a process got our options, which keep it from saying where its own inspector is. */
export function isSilenced(pid: number): boolean {
  return nodeOptionsOf(pid).includes(QUIET_OPTION);
}

function nodeOptionsOf(pid: number): string {
  const environment = attempt(() => readFileSync(`/proc/${pid}/environ`, 'latin1'));
  if (environment.state !== 'read') return '';
  return /(?:^|\0)NODE_OPTIONS=([^\0]*)/.exec(environment.value)?.[1] ?? '';
}

/** The last option counts, each of host and port on its own: `--inspect=0.0.0.0 --inspect-port=9333`. */
export function parseInspectorEndpoint(options: string): Endpoint {
  let { host, port } = DEFAULT_INSPECTOR;
  for (const [, value = ''] of options.matchAll(
    /(?<=^|\s)--(?:(?:inspect-port|debug-port)[= ]|inspect(?:-brk|-wait)?=)(\S+)/g,
  )) {
    const [, named, number] = /^(?:(.*):)?(\d+)$/.exec(value) ?? [null, value, undefined];
    if (named !== undefined) host = named.replace(/^\[|\]$/g, '');
    if (number !== undefined) port = Number(number);
  }
  // "Any address" is reached by loopback.
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '::' ? '::1' : host, port };
}

/** Resolves when the port no longer answers as an inspector, or when the time is up. */
export async function awaitInspectorGone(address: InspectorAddress, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline && (await askForInspector(address.host, address.port)) !== null) {
    await sleep(POLL_MS);
  }
}

/** The host comes from a command line that somebody else wrote: what is not loopback gets no request. */
async function askForInspector(host: string, port: number): Promise<InspectorAddress | null> {
  for (const address of await loopbackOf(host)) {
    const found = await askAt(address, port);
    if (found !== null) return found;
  }
  return null;
}

/** The addresses of a host, or none if one of them is not loopback. */
export async function loopbackOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return isLoopback(host) ? [host] : [];
  const found = await lookup(host, { all: true }).catch(() => []);
  const addresses = found.map(({ address }) => address);
  return addresses.every(isLoopback) ? addresses : [];
}

async function askAt(host: string, port: number): Promise<InspectorAddress | null> {
  const text = await fetchText(host, port, '/json/list');
  if (text === null) return null;
  try {
    const list: unknown = JSON.parse(text);
    const first: unknown = Array.isArray(list) ? list[0] : null;
    if (typeof first !== 'object' || first === null) return null;
    if (!('type' in first) || first.type !== 'node') return null;
    if (!('webSocketDebuggerUrl' in first) || typeof first.webSocketDebuggerUrl !== 'string') return null;
    const { pathname } = new URL(first.webSocketDebuggerUrl);
    return { host, port, webSocketUrl: `ws://${host.includes(':') ? `[${host}]` : host}:${port}${pathname}` };
  } catch {
    return null; // Some other service of the target.
  }
}

/** Null: no answer, not HTTP, or not 200. Uses no agent: a connection kept open would count as one of the target's. */
function fetchText(host: string, port: number, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get(
      { host, port, path, agent: false, signal: AbortSignal.timeout(ANSWER_MS) },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MAX_ANSWER_BYTES) response.destroy();
        });
        response.on('error', () => resolve(null));
        response.on('close', () => resolve(response.complete && response.statusCode === 200 ? text : null));
      },
    );
    request.on('error', () => resolve(null));
  });
}

/** The address to connect to for a socket that listens on this one; for "any address" it is loopback. */
export function hostOf(addressHex: string): string {
  const words = addressHex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => {
    const inOrder = [...Buffer.from(word, 'hex')];
    return endianness() === 'LE' ? inOrder.reverse() : inOrder;
  });
  const isAny = bytes.every((byte) => byte === 0);
  if (bytes.length === 4) return isAny ? '127.0.0.1' : bytes.join('.');
  if (isAny) return '::1';
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return groups.join(':');
}
