import { messageOf } from '../errors.ts';
import { type CallLimits, type CdpClient, openCdp } from './cdp-client.ts';
import {
  CLOSE,
  evaluate,
  type HeapSizes,
  MOVE,
  plantExpression,
  readSizes,
  UNPLANT,
} from './heap-commands.ts';
import {
  awaitInspector,
  awaitInspectorGone,
  type Endpoint,
  findInspector,
  type InspectorAddress,
  inspectorEndpointOf,
  listenersOf,
  loopbackOf,
} from './inspector-port.ts';
import { pause, throwIfAborted } from './pause.ts';
import { type ProcessEntry, readEntry } from './process-tree.ts';
import { catchesSigusr1, noHeap } from './server-processes.ts';
import { listListeners } from './tcp-table.ts';

/** The heap of one Node process, over its inspector. */
export interface NodeHeap {
  readonly entry: ProcessEntry;
  /** Where its inspector listens. */
  readonly address: InspectorAddress;
  /** Whether the inspector was opened here; false: it was open already, and is its user's. */
  readonly opened: boolean;
  /** The inspector closed the connection: the process ended, or its program closed the inspector. */
  readonly isDisconnected: boolean;
  /**
   * Collects garbage, then reads.
   * @throws HydrotestError `target-lost`, `aborted`.
   */
  collect(limits: CallLimits): Promise<HeapSizes>;
  /** Throws as `collect` does. */
  plant(bytes: number, limits: CallLimits): Promise<void>;
  unplant(limits: CallLimits): Promise<void>;
  /** Moves an inspector that was opened here to another port, so that another process can open its own on this one. */
  move(signal: AbortSignal): Promise<void>;
  /** Removes what was planted, disconnects, and closes the inspector if it was opened here. Never rejects. Idempotent. */
  close(): Promise<void>;
}

export interface NodeHeapOptions {
  entry: ProcessEntry;
  /** The server's port, which is no inspector's. */
  targetPort: number;
  mayOpen: boolean;
  /** It has served already: then it would catch SIGUSR1 by now. Others are given the time to start. */
  hasStarted: boolean;
  /** An inspector that is open already is its user's, to be left open. */
  belongsToUser: boolean;
  /** Frees the port on which this process opens its inspector, if another heap's inspector holds it. */
  makeRoom(endpoint: Endpoint): Promise<void>;
  /** Called just before the process is signalled: if no heap is returned, `closeLateInspector` is due in the end. */
  onSignal(): void;
  signal: AbortSignal;
}

/** On a quiet server the inspector opens within 30 ms. */
const OPEN_MS = 3000;
const CLOSE_MS = 2000;
/** An inspector that was asked for just before an abort is given this long to open, so that it can be closed. */
const LATE_MS = 500;
const POLL_MS = 25;

/**
 * Opens the inspector of a Node process without its help: by SIGUSR1, unless it is open already. Linux only.
 *
 * A program with a SIGUSR1 handler of its own gets that signal once and opens nothing; that cannot be seen beforehand.
 * Node writes "Debugger attached." to its stderr at each connection, whatever its options are.
 * @throws HydrotestError `target-start` with the reason in words, `aborted`.
 */
export async function openNodeHeap(options: NodeHeapOptions): Promise<NodeHeap> {
  const { entry, targetPort, signal } = options;
  const { pid } = entry;
  const existing = await findInspector(pid, targetPort);
  const opened = existing === null || !options.belongsToUser;
  let address = existing ?? (await askForInspector(options));
  let client = await connect(pid, address, signal);
  const limits = (): CallLimits => ({ withinMs: OPEN_MS, signal });
  try {
    await readSizes(client, limits()); // What cannot be read is better known now.
  } catch (cause) {
    await leave(client, address, opened);
    throwIfAborted(signal);
    throw noHeap(`the heap of process ${pid} cannot be read: ${messageOf(cause)}`, { pid }, cause);
  }
  let planted = false;
  let moving = false;
  let closing: Promise<void> | null = null;

  return {
    entry,
    get address() {
      return address;
    },
    opened,
    get isDisconnected() {
      return client.isClosed;
    },
    async collect(callLimits) {
      await client.call('HeapProfiler.collectGarbage', {}, callLimits);
      return readSizes(client, callLimits);
    },
    async plant(bytes, callLimits) {
      planted = true;
      await evaluate(client, plantExpression(bytes), callLimits);
    },
    async unplant(callLimits) {
      await evaluate(client, UNPLANT, callLimits);
      planted = false;
    },
    async move(moveSignal) {
      const known = new Set((await listenersOf(pid)).map(({ inode }) => inode));
      moving = true;
      await evaluate(client, MOVE, { withinMs: OPEN_MS, signal: moveSignal });
      await client.close();
      const moved = await awaitInspector(pid, targetPort, {
        expected: { host: address.host, port: 0 },
        known,
        withinMs: OPEN_MS,
        signal: moveSignal,
      });
      throwIfAborted(moveSignal);
      if (moved === null)
        throw noHeap(`the inspector of process ${pid} did not open on another port`, { pid });
      address = moved;
      client = await connect(pid, address, moveSignal);
      moving = false;
    },
    close() {
      closing ??= (async () => {
        if (planted) await evaluate(client, UNPLANT, closeLimits()).catch(() => {});
        await leave(client, address, opened);
        // It is on its way to another port, and the connection went with the old one.
        if (moving) await closeLateInspector(entry, targetPort);
      })();
      return closing;
    },
  };
}

/**
 * Closes the inspector of a process that was signalled but not connected to, because it was slow or because of an abort.
 * Never rejects.
 */
export async function closeLateInspector(entry: ProcessEntry, targetPort: number): Promise<void> {
  const { signal } = new AbortController();
  try {
    const address = await awaitInspector(entry.pid, targetPort, {
      expected: inspectorEndpointOf(entry.pid),
      known: new Set(),
      withinMs: LATE_MS,
      signal,
    });
    if (address === null || !isSame(entry)) return;
    await leave(await connect(entry.pid, address, signal), address, true);
  } catch {
    // It is gone, or beyond our reach.
  }
}

async function askForInspector(options: NodeHeapOptions): Promise<InspectorAddress> {
  const { entry, targetPort, signal } = options;
  const { pid } = entry;
  const expected = inspectorEndpointOf(pid);
  if ((await loopbackOf(expected.host)).length === 0) {
    throw noHeap(
      `process ${pid} has its inspector on ${expected.host}, which is not loopback, and is not asked there: leave the host out of its --inspect`,
      { pid },
    );
  }
  if (!options.mayOpen) {
    throw noHeap(
      `process ${pid} was not started by hydrotest, which sends no signal to it: start it with --inspect to have its heap read, or let its inspector be opened by SIGUSR1 with --open-inspector`,
      { pid },
    );
  }
  await awaitHandler(options);
  await options.makeRoom(expected);
  const taken = (await listListeners(pid)).some(
    ({ localPort }) => localPort === expected.port && expected.port !== 0,
  );
  if (taken) {
    throw noHeap(
      `port ${expected.port}, on which process ${pid} opens its inspector, is taken (ss -ltnp tells by whom): free it, or start the server with NODE_OPTIONS=--inspect-port=<a free port>`,
      { pid, port: expected.port },
    );
  }
  const known = new Set((await listenersOf(pid)).map(({ inode }) => inode));
  sendSignal(options);
  const found = await awaitInspector(pid, targetPort, { expected, known, withinMs: OPEN_MS, signal });
  throwIfAborted(signal);
  if (found === null) {
    throw noHeap(
      `process ${pid} opened no inspector within ${OPEN_MS} ms of SIGUSR1: it may handle that signal itself`,
      { pid },
    );
  }
  return found;
}

/** A process that has just been started has no handler yet. */
async function awaitHandler({ entry, hasStarted, signal }: NodeHeapOptions): Promise<void> {
  const deadline = performance.now() + (hasStarted ? 0 : OPEN_MS);
  while (!catchesSigusr1(entry.pid) && performance.now() < deadline && isSame(entry)) {
    await pause(POLL_MS, signal);
  }
}

function sendSignal({ entry, onSignal }: NodeHeapOptions): void {
  const { pid } = entry;
  // Looked at last thing before the signal: it would end a process that does not catch it.
  if (!catchesSigusr1(pid)) {
    throw noHeap(`process ${pid} does not catch SIGUSR1 (--disable-sigusr1?), which would end it`, { pid });
  }
  if (!isSame(entry)) throw noHeap(`process ${pid} has ended`, { pid });
  onSignal();
  try {
    process.kill(pid, 'SIGUSR1');
  } catch (cause) {
    throw noHeap(`process ${pid} may not be signalled: run as its user`, { pid }, cause);
  }
}

export function isSame(entry: ProcessEntry): boolean {
  const now = readEntry(entry.pid);
  return now !== null && !now.zombie && now.startTicks === entry.startTicks;
}

async function connect(pid: number, address: InspectorAddress, signal: AbortSignal): Promise<CdpClient> {
  const { webSocketUrl } = address;
  return openCdp(webSocketUrl, { withinMs: OPEN_MS, signal }).catch((cause: unknown) => {
    throwIfAborted(signal);
    throw noHeap(
      `the inspector of process ${pid} at ${webSocketUrl} could not be used: ${messageOf(cause)}`,
      { pid },
      cause,
    );
  });
}

async function leave(client: CdpClient, address: InspectorAddress, opened: boolean): Promise<void> {
  // A target that is gone or hangs has no inspector to close.
  if (opened) await evaluate(client, CLOSE, closeLimits()).catch(() => {});
  await client.close();
  if (opened) await awaitInspectorGone(address, CLOSE_MS);
}

function closeLimits(): CallLimits {
  return { withinMs: CLOSE_MS, signal: new AbortController().signal };
}
