import { setTimeout as sleep } from 'node:timers/promises';
import { HydrotestError } from '../errors.ts';
import { type CallLimits, type CdpClient, openCdp } from './cdp-client.ts';
import { catchesSigusr1, findHeapProcess, noProbe } from './heap-process.ts';
import { awaitInspector, awaitInspectorGone, findInspector, listenersOf } from './inspector-port.ts';
import { readEntry } from './process-tree.ts';

export { inspectorEnv } from './inspector-env.ts';

export interface HeapProbe {
  /** The process whose heap is read. */
  readonly pid: number;
  /**
   * Collects garbage until the heap has settled. `heapBytes`: live bytes of V8's heap of the main thread and of the
   * backing stores of its array buffers. `settled` false: still falling after the last collection.
   * @throws HydrotestError `target-lost` if the target does not answer within a minute, `aborted`.
   */
  readSettled(options: { signal: AbortSignal }): Promise<HeapReading>;
  /** Disconnects, and closes the inspector again if it was opened here. Never rejects. Idempotent. */
  close(): Promise<void>;
}

export interface HeapReading {
  heapBytes: number;
  settled: boolean;
}

/** On a quiet server the inspector opens within 30 ms. */
const OPEN_MS = 3000;
const CLOSE_MS = 2000;
/** A collection takes about 2.3 s a GB (388 ms at 169 MB, measured), and there are up to six. */
const READ_MS = 60_000;

const MAX_COLLECTIONS = 6;
/** Lets finalizers, timers and closing sockets run, which release what the next collection then frees. */
const TICK_MS = 30;
const SETTLED_RATIO = 0.01;
/**
 * What still counts as "not falling". A quiet server reads the same byte count again and again (60 of 60 collections
 * within 4 KB, both on Node 20 and 24); spread over the thousand connections of a cycle 4 KiB are 4 bytes each.
 */
const FALL_BYTES = 4096;
const FALL_RATIO = 0.0005;

/**
 * Opens the inspector of the Node process that listens on `port`, without its help: by SIGUSR1, unless it is open already.
 * Linux only. See findHeapProcess for what is refused and for what one heap cannot tell.
 *
 * A program with a SIGUSR1 handler of its own gets that signal once and opens nothing; that cannot be seen beforehand.
 * @throws HydrotestError `target-start` with the reason in words, `aborted`.
 */
export async function openHeapProbe(options: {
  rootPid: number;
  port: number;
  /** False: use an inspector that is open already, and never send a signal: the process is not ours. */
  mayOpen?: boolean;
  signal?: AbortSignal;
}): Promise<HeapProbe> {
  const { rootPid, port, mayOpen = true, signal = new AbortController().signal } = options;
  if (process.platform !== 'linux') {
    throw noProbe(`finding the process behind a port needs Linux's /proc`, { platform: process.platform });
  }
  const { pid, startTicks } = await findHeapProcess(rootPid, port);
  let address = await findInspector(pid, port);
  const opened = address === null;
  if (address === null && !mayOpen) {
    throw noProbe(
      `process ${pid} was not started here, so it is not signalled: start it with --inspect=0 to have its heap read`,
      { pid, port },
    );
  }
  if (address === null) {
    const known = new Set((await listenersOf(pid)).map(({ inode }) => inode));
    askForInspector(pid, startTicks);
    address = await awaitInspector(pid, port, { withinMs: OPEN_MS, signal, known });
    if (signal.aborted) throw new HydrotestError('aborted', 'opening the heap probe was aborted');
  }
  if (address === null) {
    throw noProbe(
      `process ${pid} opened no inspector within ${OPEN_MS} ms of SIGUSR1: it may handle that signal itself, or its inspector's port is taken (give it another by --inspect-port)`,
      { pid, port },
    );
  }
  const { webSocketUrl } = address;
  const client = await openCdp(webSocketUrl, { withinMs: OPEN_MS, signal }).catch((cause: unknown) => {
    throw noProbe(
      `the inspector of process ${pid} at ${webSocketUrl} could not be used: ${cause}`,
      { pid, port },
      cause,
    );
  });
  const found = address;

  let closing: Promise<void> | null = null;
  async function close(): Promise<void> {
    if (opened) await scheduleInspectorClose(client);
    await client.close();
    if (opened) await awaitInspectorGone(found, CLOSE_MS);
  }
  return {
    pid,
    readSettled: (reading) => readSettled(client, reading.signal),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function askForInspector(pid: number, startTicks: number): void {
  // Looked at last thing before the signal: it would end a process that does not catch it.
  if (!catchesSigusr1(pid)) {
    throw noProbe(`process ${pid} does not catch SIGUSR1 (--disable-sigusr1?), which would end it`, { pid });
  }
  if (readEntry(pid)?.startTicks !== startTicks) throw noProbe(`process ${pid} has ended`, { pid });
  try {
    process.kill(pid, 'SIGUSR1');
  } catch (cause) {
    throw noProbe(`process ${pid} may not be signalled: run as its user`, { pid }, cause);
  }
}

async function readSettled(client: CdpClient, signal: AbortSignal): Promise<HeapReading> {
  const deadline = performance.now() + READ_MS;
  const limits = (): CallLimits => ({ withinMs: Math.max(0, deadline - performance.now()), signal });
  let previous: number | null = null;
  for (let collection = 1; ; collection++) {
    await client.call('HeapProfiler.collectGarbage', {}, limits());
    const heapBytes = await readHeap(client, limits());
    if (previous !== null && hasSettled(previous, heapBytes)) return { heapBytes, settled: true };
    if (collection === MAX_COLLECTIONS) return { heapBytes, settled: false };
    previous = heapBytes;
    try {
      await sleep(TICK_MS, undefined, { signal });
    } catch (cause) {
      throw new HydrotestError('aborted', 'reading the heap was aborted', { cause });
    }
  }
}

/** Whether two readings in a row differ by at most 1 % and have stopped falling. */
export function hasSettled(previousBytes: number, bytes: number): boolean {
  const fallBytes = previousBytes - bytes;
  return (
    Math.abs(fallBytes) <= SETTLED_RATIO * previousBytes &&
    fallBytes <= Math.max(FALL_BYTES, FALL_RATIO * previousBytes)
  );
}

async function readHeap(client: CdpClient, limits: CallLimits): Promise<number> {
  const usage = await client.call('Runtime.getHeapUsage', {}, limits);
  const usedBytes = numberIn(usage, 'usedSize');
  if (usedBytes === null) throw unreadable('usedSize', usage);
  // Node 20's V8 does not tell this one, and Node itself knows nearly the same.
  const backingBytes = numberIn(usage, 'backingStorageSize') ?? (await readArrayBuffers(client, limits));
  return usedBytes + backingBytes;
}

async function readArrayBuffers(client: CdpClient, limits: CallLimits): Promise<number> {
  const answer = await evaluate(client, 'process.memoryUsage().arrayBuffers', limits);
  const bytes = numberIn(objectIn(answer, 'result'), 'value');
  if (bytes === null) throw unreadable('arrayBuffers', answer);
  return bytes;
}

/**
 * Closes the inspector from within, so that its thread, its port and its 8 descriptors are gone as if it had never been. Only a moment
 * later: `inspector.close()` waits for its sessions to end, and this call comes through one. Measured on Node 20 and
 * 24: descriptors and threads are back to the number before, and SIGUSR1 opens it again.
 */
async function scheduleInspectorClose(client: CdpClient): Promise<void> {
  const expression = `setTimeout(() => process.getBuiltinModule('inspector').close(), 50).unref(), 0`;
  const limits = { withinMs: CLOSE_MS, signal: new AbortController().signal };
  // A target that is gone or hangs has no inspector to close.
  await evaluate(client, expression, limits).catch(() => {});
}

function evaluate(client: CdpClient, expression: string, limits: CallLimits): Promise<unknown> {
  return client.call('Runtime.evaluate', { expression, returnByValue: true, silent: true }, limits);
}

function objectIn(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : null;
}

function numberIn(value: unknown, key: string): number | null {
  const number = objectIn(value, key);
  return typeof number === 'number' ? number : null;
}

function unreadable(field: string, answer: unknown): HydrotestError {
  return new HydrotestError('target-lost', `the inspector told no ${field}: ${JSON.stringify(answer)}`);
}
