import { get } from 'node:http';
import { endianness } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
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
 * `/json/list`; the sockets in `known` are not asked again.
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

/** Looks until an inspector is there; null if there is none in time. */
export async function awaitInspector(
  pid: number,
  targetPort: number,
  limits: { withinMs: number; signal: AbortSignal; known: ReadonlySet<number> },
): Promise<InspectorAddress | null> {
  const deadline = performance.now() + limits.withinMs;
  for (;;) {
    const found = await findInspector(pid, targetPort, limits.known);
    if (found !== null || performance.now() > deadline || limits.signal.aborted) return found;
    await sleep(POLL_MS);
  }
}

/** Resolves when the port no longer answers as an inspector, or when the time is up. */
export async function awaitInspectorGone(address: InspectorAddress, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline && (await askForInspector(address.host, address.port)) !== null) {
    await sleep(POLL_MS);
  }
}

async function askForInspector(host: string, port: number): Promise<InspectorAddress | null> {
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
