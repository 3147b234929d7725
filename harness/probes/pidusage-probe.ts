import pidusage from 'pidusage';
import { HydrotestError } from '../errors.ts';
import type { CarefulReading, ProcessProbe } from './process-probe.ts';

/**
 * One process by the pidusage package, where there is no `/proc`: resident memory and CPU time. It knows no tree, so
 * that what a server's children hold is missing from these numbers; all else is null.
 */
export function createPidusageProbe(pid: number): ProcessProbe {
  async function read(): Promise<CarefulReading> {
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
      peakRssBytes: null,
      cpuMs: usage.ctime,
      threadCount: null,
      fdCount: null,
      sockets: null,
      pssBytes: null,
      anonymousBytes: null,
    };
  }
  return {
    async read() {
      const { pssBytes: _, anonymousBytes: __, ...reading } = await read();
      return reading;
    },
    readCareful: read,
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}
