import { HydrotestError } from '../errors.ts';
import type { QuietReading } from '../model.ts';
import { type HeapProbe, openHeapProbe } from './heap-probe.ts';
import { pause, throwIfAborted } from './pause.ts';
import {
  createProcessProbe,
  type MemoryReading,
  type ProcessLook,
  type ProcessProbe,
} from './process-probe.ts';
import type { ProcessEntry } from './process-tree.ts';
import type { OpenedProbe, ProbeCapabilities, TargetProbe, TargetProbeOptions } from './target-probe.ts';

/** Readings of memory without forced collection, `READING_PAUSE_MS` apart. */
const MAX_READINGS = 8;
const READING_PAUSE_MS = 60;
/** Two such readings that differ by at most this count as settled. */
const SETTLED_RATIO = 0.01;

/**
 * A handler that sleeps between two events holds its stream until it wakes up and sees that the client is gone. So a heap
 * that is still falling is given more and more time, some 3 s in all; one that has settled costs no wait.
 */
const HEAP_PAUSES_MS = [200, 400, 800, 1600];

/** Processes of the server that end while they are read, one after the other: then it is never quiet. */
const MAX_ATTEMPTS = 3;

/**
 * Opens the best probe that the target allows. One without a heap is better than none: then `gap` says why.
 * @throws HydrotestError `target-lost` when there is no such process, `aborted`.
 */
export async function openTargetProbe(options: TargetProbeOptions): Promise<OpenedProbe> {
  const { rootPid, includeGroup, signal } = options;
  const processes = createProcessProbe(rootPid, { includeGroup });
  const look = await processes.look();
  const { heap, gap } = await openHeap(options, processes, look);
  try {
    const { anonymousBytes } = await look.readMemory(true);
    const level = heap !== null ? 'heap' : anonymousBytes !== null ? 'anonymous' : 'rss';
    throwIfAborted(signal);
    return { probe: createTargetProbe(processes, heap, level, look.entries), gap };
  } catch (error) {
    await heap?.close();
    throw error;
  }
}

async function openHeap(
  options: TargetProbeOptions,
  processes: ProcessProbe,
  look: ProcessLook,
): Promise<{ heap: HeapProbe | null; gap: string | null }> {
  const { rootPid, port, inspect, mayOpen, readMs, signal } = options;
  if (!inspect) return { heap: null, gap: null };
  if (!processes.seesTree) {
    const gap = `no heap probe: finding the process behind a port needs Linux's /proc, and this is ${process.platform}`;
    return { heap: null, gap };
  }
  try {
    const reading = readMs === undefined ? {} : { readMs };
    const tree = alive(look.entries);
    const heap = await openHeapProbe({ tree, rootPid, port, mayOpen, ...reading, signal });
    return { heap, gap: heap.note() };
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof HydrotestError) return { heap: null, gap: error.message };
    throw error;
  }
}

function createTargetProbe(
  processes: ProcessProbe,
  heap: HeapProbe | null,
  level: ProbeCapabilities['level'],
  first: ProcessEntry[],
): TargetProbe {
  let missing: string | null = null;
  let covered = identityOf(heap?.processes() ?? alive(first));
  const ending = new AbortController();

  /** Null: a process of the server ended meanwhile. */
  async function readWithHeap(
    probe: HeapProbe,
    look: ProcessLook,
    signal: AbortSignal,
  ): Promise<QuietReading | null> {
    // Beside the collections: descriptors do not wait for them.
    const files = look.countFiles();
    files.catch(() => {}); // Awaited below, unless something else fails first.
    let memory: MemoryReading | null = null;
    const readMemory = async () => {
      memory = await look.readMemory(true);
    };
    let sum = await probe.readSettled(signal, readMemory);
    for (const pauseMs of HEAP_PAUSES_MS) {
      if (sum === null || sum.settled) break;
      await pause(pauseMs, signal);
      sum = await probe.readSettled(signal, readMemory);
    }
    if (sum === null) return null;
    const { settled, ...reading } = sum;
    covered = identityOf(probe.processes());
    return { ...(memory ?? (await look.readMemory(true))), ...(await files), heap: reading, settled };
  }

  async function readWithoutHeap(look: ProcessLook, signal: AbortSignal): Promise<QuietReading> {
    const files = look.countFiles();
    files.catch(() => {});
    covered = identityOf(alive(look.entries));
    let memory = await look.readMemory(true);
    for (let reading = 2; reading <= MAX_READINGS; reading++) {
      await pause(READING_PAUSE_MS, signal);
      const before = memory.anonymousBytes ?? memory.rssBytes;
      memory = await look.readMemory(true);
      const now = memory.anonymousBytes ?? memory.rssBytes;
      if (Math.abs(now - before) <= before * SETTLED_RATIO && now >= before) {
        return { ...memory, ...(await files), heap: null, settled: true };
      }
    }
    return { ...memory, ...(await files), heap: null, settled: false };
  }

  async function readQuiet(signal: AbortSignal): Promise<QuietReading> {
    missing = null;
    for (let attempt = 1; heap !== null && attempt <= MAX_ATTEMPTS; attempt++) {
      const look = await processes.look();
      missing = await heap.follow(alive(look.entries), signal);
      if (missing !== null) return readWithoutHeap(look, signal);
      const reading = await readWithHeap(heap, look, signal);
      if (reading !== null) return reading;
    }
    if (heap !== null) missing = `processes of the server ended during ${MAX_ATTEMPTS} readings in a row`;
    return readWithoutHeap(await processes.look(), signal);
  }

  function planter(): HeapProbe {
    if (heap === null)
      throw new HydrotestError('internal', 'nothing can be planted in a target without a heap probe');
    return heap;
  }

  return {
    capabilities: {
      level,
      collects: heap !== null,
      plants: heap !== null,
      tree: processes.seesTree,
      sockets: processes.seesTree,
    },
    read: (options) => processes.read(options),
    readQuiet: ({ signal }) => readQuiet(AbortSignal.any([signal, ending.signal])),
    missing: () => missing,
    plant: async (bytes) => planter().plant(bytes, ending.signal),
    unplant: async () => planter().unplant(ending.signal),
    identity: () => Promise.resolve(covered),
    async close() {
      ending.abort();
      await heap?.close();
    },
  };
}

function alive(entries: readonly ProcessEntry[]): ProcessEntry[] {
  return entries.filter(({ zombie }) => !zombie);
}

function identityOf(entries: readonly ProcessEntry[]): string {
  return entries
    .toSorted((a, b) => a.pid - b.pid)
    .map(({ pid, startTicks }) => `${pid}@${startTicks}`)
    .join(' ');
}
