import { HydrotestError } from '../errors.ts';
import { type MemoryRollup, type ProcessStatus, readRollup, readStatus } from './process-memory.ts';
import type { MemoryReading, ProcessLook, ProcessProbe, ProcessProbeOptions } from './process-probe.ts';
import { type ProcessEntry, readEntry, scanProcesses, selectTree } from './process-tree.ts';
import { countStates, readOpenFiles } from './sockets.ts';

/** The memory of one process. Null: closed to us. */
interface MemoryFacts {
  entry: ProcessEntry;
  status: ProcessStatus;
  rollup: MemoryRollup | null;
}

/** The process tree through `/proc`. What is closed to us in one process makes the sum null: a part is not the whole. */
export function createLinuxProbe(rootPid: number, options: ProcessProbeOptions): ProcessProbe {
  const startTicks = readEntry(rootPid)?.startTicks ?? null;

  async function look(): Promise<ProcessLook> {
    const entries = selectTree(await scanProcesses(), rootPid, options);
    const root = entries[0];
    // A zombie holds nothing any more, and another start time is another process with the same pid.
    if (root?.pid !== rootPid || root.zombie || root.startTicks !== startTicks) throw lost(rootPid);
    return {
      entries,
      readMemory: async (careful) => readTreeMemory(entries, rootPid, careful),
      async readFiles() {
        const { fdCount, inodes } = await readTreeFiles(entries, rootPid);
        return { fdCount, sockets: fdCount === null ? null : await countStates(rootPid, inodes) };
      },
      async countFiles() {
        const { fdCount } = await readTreeFiles(entries, rootPid);
        return { fdCount };
      },
    };
  }

  return {
    seesTree: true,
    look,
    async read({ files } = { files: true }) {
      const found = await look();
      const { pssBytes: _, anonymousBytes: __, ...memory } = await found.readMemory(false);
      return { ...memory, ...(files ? await found.readFiles() : { fdCount: null, sockets: null }) };
    },
  };
}

function readTreeMemory(entries: ProcessEntry[], rootPid: number, careful: boolean): MemoryReading {
  const all: MemoryFacts[] = [];
  for (const entry of entries) {
    const facts = readMemory(entry, careful);
    if (facts !== null) all.push(facts);
    else if (entry.pid === rootPid) throw lost(rootPid);
  }
  return {
    processCount: all.length,
    rssBytes: all.reduce((total, { status }) => total + status.rssBytes, 0),
    swapBytes: sum(all, ({ status }) => status.swapBytes),
    peakRssBytes: sum(all, ({ status }) => status.peakRssBytes),
    cpuMs: all.reduce((total, { entry }) => total + entry.cpuMs, 0),
    threadCount: sum(all, ({ status }) => status.threadCount),
    pssBytes: sum(all, ({ rollup }) => rollup?.pssBytes ?? null),
    anonymousBytes: sum(all, ({ rollup }) => rollup?.anonymousBytes ?? null),
  };
}

/** Null: it ended before it was read whole. */
function readMemory(entry: ProcessEntry, careful: boolean): MemoryFacts | null {
  if (entry.zombie) {
    const status = { rssBytes: 0, swapBytes: 0, peakRssBytes: 0, threadCount: 0 };
    return { entry, status, rollup: { pssBytes: 0, anonymousBytes: 0 } };
  }
  const status = readStatus(entry.pid);
  const rollup = careful ? readRollup(entry.pid) : null;
  if (status.state !== 'read' || rollup?.state === 'gone') return null;
  return { entry, status: status.value, rollup: rollup?.state === 'read' ? rollup.value : null };
}

async function readTreeFiles(
  entries: ProcessEntry[],
  rootPid: number,
): Promise<{ fdCount: number | null; inodes: ReadonlySet<number> }> {
  let fdCount: number | null = 0;
  // Processes that were forked share sockets: each counts once.
  const inodes = new Set<number>();
  for (const { pid, zombie } of entries) {
    const files = zombie ? null : await readOpenFiles(pid);
    if (files?.state === 'gone' && pid === rootPid) throw lost(rootPid);
    if (files?.state === 'denied') fdCount = null;
    if (files?.state !== 'read') continue;
    if (fdCount !== null) fdCount += files.value.fdCount;
    for (const inode of files.value.socketInodes) inodes.add(inode);
  }
  return { fdCount, inodes };
}

function sum(all: MemoryFacts[], part: (facts: MemoryFacts) => number | null): number | null {
  let total = 0;
  for (const facts of all) {
    const value = part(facts);
    if (value === null) return null;
    total += value;
  }
  return total;
}

function lost(pid: number): HydrotestError {
  return new HydrotestError('target-lost', `process ${pid} is gone: look at the target's last output`, {
    observed: { pid },
  });
}
