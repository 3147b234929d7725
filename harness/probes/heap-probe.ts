import { HydrotestError } from '../errors.ts';
import type { HeapReading } from '../model.ts';
import type { CallLimits } from './cdp-client.ts';
import { findInspector, isSilenced, startsInspector } from './inspector-port.ts';
import { closeLateInspector, isSame, type NodeHeap, openNodeHeap } from './node-heap.ts';
import { pause, throwIfAborted } from './pause.ts';
import type { ProcessEntry } from './process-tree.ts';
import { findServerProcesses, isNode, type ServerProcesses } from './server-processes.ts';

/** The heaps of all Node processes of a server, as one. */
export interface HeapProbe {
  /** Processes whose heaps are read, in the order in which they started. */
  processes(): ProcessEntry[];
  /** What the reader should know of these heaps, in words; null: nothing. */
  note(): string | null;
  /**
   * Opens the heaps of processes that came, and lets go of those that went.
   * Returns why not every heap of the server can be read, or null: every one can.
   * @throws HydrotestError `aborted`.
   */
  follow(tree: readonly ProcessEntry[], signal: AbortSignal): Promise<string | null>;
  /**
   * Collects garbage until the sum of the heaps has settled. `between` runs in each pause between two collections.
   * Null: a process ended, closed its inspector or did not answer within a minute, so that there is no sum: follow, and read again.
   * @throws HydrotestError `target-lost` if the target has ended, `aborted`.
   */
  readSettled(signal: AbortSignal, between: () => Promise<void>): Promise<SettledHeap | null>;
  /** Throw `target-lost`, `aborted`. */
  plant(bytes: number, signal: AbortSignal): Promise<void>;
  unplant(signal: AbortSignal): Promise<void>;
  /** Never rejects. Idempotent. */
  close(): Promise<void>;
}

export interface SettledHeap extends HeapReading {
  /** False: still falling after the last collection. */
  settled: boolean;
}

/** A collection takes about 2.3 s a GB (388 ms at 169 MB, measured), and there are up to six. */
const READ_MS = 60_000;
const PLANT_MS = 5000;
const MAX_COLLECTIONS = 6;
/**
 * Lets finalizers, timers and closing sockets run, which release what the next collection then frees. After 300 dropped streams the
 * second reading stood within 700 bytes of one taken 150 ms later, whether 5, 10, 20 or 30 ms lay between (15 cycles each).
 */
const TICK_MS = 10;
const SETTLED_RATIO = 0.01;
/**
 * What still counts as "not falling". A quiet server reads the same byte count again and again (60 of 60 collections
 * within 4 KB, both on Node 20 and 24); spread over the thousand connections of a cycle 4 KiB are 4 bytes each.
 */
const FALL_BYTES = 4096;
const FALL_RATIO = 0.0005;
/**
 * A process between fork and exec still looks like its parent, but would die of SIGUSR1: Node becomes another program
 * within 10 ms. So each is looked at twice before it is asked.
 */
const YOUNG_MS = 100;

/**
 * Opens the heaps of the server's Node processes (see findServerProcesses).
 * @throws HydrotestError `target-start` with the reason where not all of them can be read, `aborted`.
 */
export async function openHeapProbe(options: {
  tree: readonly ProcessEntry[];
  rootPid: number;
  port: number;
  mayOpen: boolean;
  /** For one reading, all of its collections included. Default: a minute. */
  readMs?: number;
  signal: AbortSignal;
}): Promise<HeapProbe> {
  const probe = createHeapProbe(options);
  try {
    const missing = await probe.follow(options.tree, options.signal);
    if (missing !== null) throw new HydrotestError('target-start', missing);
    return probe;
  } catch (error) {
    await probe.close();
    throw error;
  }
}

function createHeapProbe(options: {
  rootPid: number;
  port: number;
  mayOpen: boolean;
  readMs?: number;
}): HeapProbe {
  const { rootPid, port, mayOpen, readMs = READ_MS } = options;
  let heaps: NodeHeap[] = [];
  let others: ServerProcesses['others'] = [];
  /** Why a process cannot be read; none is asked twice, as it may take SIGUSR1 for something else. */
  const refused = new Map<string, string>();
  /** Processes whose inspectors were open before we opened any. */
  const inspected = new Set<string>();
  /** Signalled, and no heap came of it: their inspectors may open yet. */
  const asked = new Map<string, ProcessEntry>();
  let followed = '';
  let begun = false;
  let missing: string | null = null;
  let closing: Promise<void> | null = null;
  let following: Promise<unknown> = Promise.resolve();
  const ending = new AbortController();

  async function openHeap(entry: ProcessEntry, hasStarted: boolean, signal: AbortSignal): Promise<void> {
    try {
      const heap = await openNodeHeap({
        entry,
        targetPort: port,
        mayOpen,
        hasStarted,
        // The primary of a cluster opens the inspectors of its workers when its own is opened: those are our doing.
        // Where none may be opened, none is ours.
        belongsToUser: !mayOpen || inspected.has(nameOf(entry)) || startsInspector(entry.pid),
        async makeRoom(endpoint) {
          await heaps.find((other) => other.opened && other.address.port === endpoint.port)?.move(signal);
        },
        onSignal: () => void asked.set(nameOf(entry), entry),
        signal,
      });
      heaps.push(heap);
      asked.delete(nameOf(entry));
    } catch (error) {
      throwIfAborted(signal);
      if (!(error instanceof HydrotestError)) throw error;
      if (isSame(entry)) refused.set(nameOf(entry), error.message);
    }
  }

  async function follow(tree: readonly ProcessEntry[], signal: AbortSignal): Promise<string | null> {
    const now = tree.map(nameOf).sort().join();
    if (now === followed && missing === null) return null;
    const isFirst = !begun;
    let found: ServerProcesses;
    try {
      found = await findServerProcesses(tree, rootPid, port);
    } catch (error) {
      if (!(error instanceof HydrotestError)) throw error;
      missing = error.message;
      return missing;
    }
    const wanted = new Set(found.nodes.map(nameOf));
    const left = heaps.filter(({ entry }) => !wanted.has(nameOf(entry)));
    heaps = heaps.filter((heap) => !left.includes(heap));
    await Promise.all(left.map((heap) => heap.close()));

    const held = new Set(heaps.map(({ entry }) => nameOf(entry)));
    const fresh = found.nodes.filter((entry) => !held.has(nameOf(entry)) && !refused.has(nameOf(entry)));
    if (fresh.length > 0) await pause(YOUNG_MS, signal);
    begun = true;
    for (const entry of isFirst ? fresh : []) {
      if ((await findInspector(entry.pid, port)) !== null) inspected.add(nameOf(entry));
    }
    // One after the other: two that open their inspectors on the same port must not do so at once.
    for (const entry of fresh) {
      if (isSame(entry) && isNode(entry.pid))
        await openHeap(entry, isFirst && entry === found.nodes[0], signal);
    }
    heaps.sort((a, b) => a.entry.startTicks - b.entry.startTicks || a.entry.pid - b.entry.pid);
    ({ others } = found);
    followed = now;
    const reasons = found.nodes.flatMap((entry) => refused.get(nameOf(entry)) ?? []);
    if (heaps.length === 0 && reasons.length === 0)
      reasons.push('no heap probe: the server ended while it was looked at');
    missing = reasons.length > 0 ? reasons.join('; ') : null;
    return missing;
  }

  /**
   * Whether a heap that could not be read is no loss of the target: then it is looked for anew. An inspector that hangs or talks
   * nonsense is no hanging server: whether that answers is for others to see.
   */
  async function letGo(heap: NodeHeap, cause: unknown, signal: AbortSignal): Promise<boolean> {
    const { entry, isDisconnected } = heap;
    if (signal.aborted || !(cause instanceof HydrotestError)) return false;
    // The connection goes a moment before the process does.
    await pause(YOUNG_MS, signal);
    followed = '';
    heaps = heaps.filter((other) => other !== heap);
    await heap.close();
    const what = isDisconnected
      ? `process ${entry.pid} has closed its inspector`
      : `the heap of process ${entry.pid} cannot be read any more: ${cause.message}`;
    if (isSame(entry)) refused.set(nameOf(entry), `no heap probe: ${what}`);
    else if (entry.pid === rootPid) return false;
    return true;
  }

  async function collectAll(limits: CallLimits): Promise<HeapReading | null> {
    const results = await Promise.allSettled(heaps.map((heap) => heap.collect(limits)));
    const sum: HeapReading = {
      usedBytes: 0,
      arrayBufferBytes: 0,
      externalBytes: 0,
      processCount: heaps.length,
    };
    for (const [n, result] of results.entries()) {
      if (result.status === 'rejected') {
        const heap = heaps[n];
        if (heap === undefined || !(await letGo(heap, result.reason, limits.signal))) throw result.reason;
        return null;
      }
      const { usedBytes, arrayBufferBytes, externalBytes } = result.value;
      sum.usedBytes += usedBytes;
      sum.arrayBufferBytes += arrayBufferBytes;
      sum.externalBytes =
        sum.externalBytes === null || externalBytes === null ? null : sum.externalBytes + externalBytes;
    }
    return sum;
  }

  const first = (): NodeHeap => {
    const [heap] = heaps;
    if (heap === undefined)
      throw new HydrotestError('target-lost', 'no process of the server is left to plant in');
    return heap;
  };
  const plantLimits = (signal: AbortSignal): CallLimits => ({ withinMs: PLANT_MS, signal });

  return {
    processes: () => heaps.map(({ entry }) => entry),
    note() {
      const notes: string[] = [];
      if (others.length > 0) {
        const list = others.map(({ pid, name }) => `${pid} (${name})`).join(', ');
        notes.push(`not in the heap, which is that of Node.js processes of the server alone: ${list}`);
      }
      for (const { entry, opened, address } of heaps) {
        if (opened || !isSilenced(entry.pid)) continue;
        notes.push(
          `process ${entry.pid} has an inspector of its own, open at ${address.host}:${address.port} (name a port in its --inspect to choose another)`,
        );
      }
      return notes.length > 0 ? notes.join('; ') : null;
    },
    follow(tree, signal) {
      const either = AbortSignal.any([signal, ending.signal]);
      const next = following.then(() => {
        throwIfAborted(either);
        return follow(tree, either);
      });
      following = next.catch(() => {});
      return next;
    },
    async readSettled(signal, between) {
      const deadline = performance.now() + readMs;
      const levels: number[] = [];
      for (let collection = 1; ; collection++) {
        const sum = await collectAll({ withinMs: Math.max(0, deadline - performance.now()), signal });
        if (sum === null) return null;
        levels.push(sum.usedBytes + sum.arrayBufferBytes);
        if (hasSettled(levels)) return { ...sum, settled: true };
        if (collection === MAX_COLLECTIONS) return { ...sum, settled: false };
        await Promise.all([pause(TICK_MS, signal), between()]);
      }
    },
    plant: (bytes, signal) => first().plant(bytes, plantLimits(signal)),
    async unplant(signal) {
      await Promise.all(heaps.map((heap) => heap.unplant(plantLimits(signal))));
    },
    close() {
      closing ??= (async () => {
        ending.abort();
        await following;
        await Promise.all([
          ...heaps.map((heap) => heap.close()),
          ...[...asked.values()].filter(isSame).map((entry) => closeLateInspector(entry, port)),
        ]);
      })();
      return closing;
    },
  };
}

/**
 * Whether the last two of these levels differ by at most 1 % and have stopped falling. What has risen twice in a row while nobody
 * was there is not going to fall either: leaked timers go on allocating, and each look at a large heap takes a second.
 */
export function hasSettled(levels: readonly number[]): boolean {
  const [before, previousBytes, bytes] = [levels.at(-3), levels.at(-2), levels.at(-1)];
  if (previousBytes === undefined || bytes === undefined) return false;
  if (before !== undefined && before < previousBytes && previousBytes < bytes) return true;
  const fallBytes = previousBytes - bytes;
  return (
    Math.abs(fallBytes) <= SETTLED_RATIO * previousBytes &&
    fallBytes <= Math.max(FALL_BYTES, FALL_RATIO * previousBytes)
  );
}

function nameOf({ pid, startTicks }: ProcessEntry): string {
  return `${pid}@${startTicks}`;
}
