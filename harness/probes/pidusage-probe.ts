import pidusage from 'pidusage';
import { HydrotestError } from '../errors.ts';
import type { MemoryReading, ProcessProbe } from './process-probe.ts';

/**
 * One process by the pidusage package, where there is no `/proc`: resident memory and CPU time. It knows no tree, so
 * that what a server's children hold is missing from these numbers; all else is null.
 */
export function createPidusageProbe(pid: number): ProcessProbe {
  async function readMemory(): Promise<MemoryReading> {
    let usage: pidusage.Status;
    try {
      usage = await pidusage(pid);
    } catch (cause) {
      // Its errors differ by platform, so the process itself is asked.
      if (isAlive(pid)) {
        throw new HydrotestError(
          'internal',
          `memory of process ${pid} could not be read by pidusage: ${cause}`,
          { cause },
        );
      }
      throw new HydrotestError('target-lost', `process ${pid} is gone: look at the target's last output`, {
        cause,
        observed: { pid },
      });
    }
    return {
      processCount: 1,
      rssBytes: usage.memory,
      swapBytes: null,
      peakRssBytes: null,
      cpuMs: usage.ctime,
      threadCount: null,
      pssBytes: null,
      anonymousBytes: null,
    };
  }
  return {
    seesTree: false,
    async look() {
      return {
        entries: [{ pid, parentPid: 0, groupId: 0, sessionId: 0, zombie: false, cpuMs: 0, startTicks: 0 }],
        readMemory,
        readFiles: () => Promise.resolve(NO_FILES),
        countFiles: () => Promise.resolve({ fdCount: null }),
      };
    },
    async read() {
      const { pssBytes: _, anonymousBytes: __, ...memory } = await readMemory();
      return { ...memory, ...NO_FILES };
    },
  };
}

const NO_FILES = { fdCount: null, sockets: null };

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}
