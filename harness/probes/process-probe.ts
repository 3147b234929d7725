import type { ProcessReading, QuietReading } from '../model.ts';
import { createLinuxProbe } from './linux-probe.ts';
import { createPidusageProbe } from './pidusage-probe.ts';

/** A reading with what is too dear for once a second. */
export type CarefulReading = ProcessReading & Pick<QuietReading, 'pssBytes' | 'anonymousBytes'>;

export interface ProcessProbe {
  /**
   * For once a second.
   * @throws HydrotestError `target-lost` when the root process is gone.
   */
  read(): Promise<ProcessReading>;
  /** For quiet moments: adds what needs a walk through the page tables. Throws as `read` does. */
  readCareful(): Promise<CarefulReading>;
}

export interface ProcessProbeOptions {
  /** The root leads a process group or session of its own (a spawned target does): its members count as well. */
  includeGroup: boolean;
}

/** Reads a whole process tree on Linux; elsewhere the root process alone, and of that what `ps` tells. */
export function createProcessProbe(rootPid: number, options: ProcessProbeOptions): ProcessProbe {
  return process.platform === 'linux' ? createLinuxProbe(rootPid, options) : createPidusageProbe(rootPid);
}
