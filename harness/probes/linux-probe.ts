import { HydrotestError } from '../errors.ts';
import type { ProcessReading } from '../model.ts';
import { type MemoryRollup, type ProcessStatus, readRollup, readStatus } from './process-memory.ts';
import type { CarefulReading, ProcessProbe, ProcessProbeOptions } from './process-probe.ts';
import { type ProcessEntry, readEntry, scanProcesses, selectTree } from './process-tree.ts';
import { countStates, readOpenFiles } from './sockets.ts';

/** One process of the tree, read whole. Null: closed to us. */
interface ProcessFacts {
  entry: ProcessEntry;
  status: ProcessStatus;
  fdCount: number | null;
  socketInodes: number[] | null;
  rollup: MemoryRollup | null;
}

/** The process tree through `/proc`. What is closed to us in one process makes the sum null: a part is not the whole. */
export function createLinuxProbe(rootPid: number, options: ProcessProbeOptions): ProcessProbe {
  const startTicks = readEntry(rootPid)?.startTicks ?? null;

  async function look(careful: boolean): Promise<CarefulReading> {
    const tree = selectTree(await scanProcesses(), rootPid, options);
    const root = tree[0];
    // A zombie holds nothing any more, and another start time is another process with the same pid.
    if (root?.pid !== rootPid || root.zombie || root.startTicks !== startTicks) throw lost(rootPid);
    const all: ProcessFacts[] = [];
    for (const entry of tree) {
      const facts = await readProcess(entry, careful);
      if (facts !== null) all.push(facts);
      else if (entry.pid === rootPid) throw lost(rootPid);
    }
    return {
      ...(await add(all, rootPid)),
      pssBytes: sum(all, ({ rollup }) => rollup?.pssBytes ?? null),
      anonymousBytes: sum(all, ({ rollup }) => rollup?.anonymousBytes ?? null),
    };
  }

  return {
    async read() {
      const { pssBytes: _, anonymousBytes: __, ...reading } = await look(false);
      return reading;
    },
    readCareful: () => look(true),
  };
}

/** Null: it ended before it was read whole. */
async function readProcess(entry: ProcessEntry, careful: boolean): Promise<ProcessFacts | null> {
  if (entry.zombie) {
    const status = { rssBytes: 0, peakRssBytes: 0, threadCount: 0 };
    return { entry, status, fdCount: 0, socketInodes: [], rollup: { pssBytes: 0, anonymousBytes: 0 } };
  }
  const status = readStatus(entry.pid);
  if (status.state !== 'read') return null;
  const files = await readOpenFiles(entry.pid);
  const rollup = careful ? readRollup(entry.pid) : null;
  if (files.state === 'gone' || rollup?.state === 'gone') return null;
  return {
    entry,
    status: status.value,
    fdCount: files.state === 'read' ? files.value.fdCount : null,
    socketInodes: files.state === 'read' ? files.value.socketInodes : null,
    rollup: rollup?.state === 'read' ? rollup.value : null,
  };
}

async function add(all: ProcessFacts[], rootPid: number): Promise<ProcessReading> {
  // Processes that were forked share sockets: each counts once.
  const inodes = new Set<number>();
  let everyInode = true;
  for (const { socketInodes } of all) {
    if (socketInodes === null) everyInode = false;
    else for (const inode of socketInodes) inodes.add(inode);
  }
  return {
    processCount: all.length,
    rssBytes: all.reduce((total, { status }) => total + status.rssBytes, 0),
    peakRssBytes: sum(all, ({ status }) => status.peakRssBytes),
    cpuMs: all.reduce((total, { entry }) => total + entry.cpuMs, 0),
    threadCount: sum(all, ({ status }) => status.threadCount),
    fdCount: sum(all, ({ fdCount }) => fdCount),
    sockets: everyInode ? await countStates(rootPid, inodes) : null,
  };
}

function sum(all: ProcessFacts[], part: (facts: ProcessFacts) => number | null): number | null {
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
