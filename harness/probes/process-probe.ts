import type { ProcessReading, QuietReading } from '../model.ts';
import { createLinuxProbe } from './linux-probe.ts';
import { createPidusageProbe } from './pidusage-probe.ts';
import type { ProcessEntry } from './process-tree.ts';

export type MemoryReading = Pick<
  QuietReading,
  | 'processCount'
  | 'rssBytes'
  | 'swapBytes'
  | 'peakRssBytes'
  | 'cpuMs'
  | 'threadCount'
  | 'pssBytes'
  | 'anonymousBytes'
>;
export type FileReading = Pick<ProcessReading, 'fdCount' | 'sockets'>;

/** One look at the process table; what it found can be read in parts, some of them again. */
export interface ProcessLook {
  /** Root first. Without a process table the root alone, with a start time of 0. */
  readonly entries: ProcessEntry[];
  /**
   * Not `careful`: without what needs a walk through the page tables.
   * @throws HydrotestError `target-lost` when the root process is gone.
   */
  readMemory(careful: boolean): Promise<MemoryReading>;
  /** 10 to 200 ms where thousands of sockets are closing: the kernel lists them all. Throws as `readMemory` does. */
  readFiles(): Promise<FileReading>;
  /** Of these the descriptors alone, which takes a millisecond. */
  countFiles(): Promise<Pick<FileReading, 'fdCount'>>;
}

export interface ProcessProbe {
  /** Whether processes below the root, sockets and descriptors are seen. */
  readonly seesTree: boolean;
  /** @throws HydrotestError `target-lost` when the root process is gone. */
  look(): Promise<ProcessLook>;
  /**
   * For once a second. Throws as `look` does.
   * @param options.files false: descriptors and sockets are left out (null), which with tens of thousands of them take longer than all else.
   */
  read(options?: { files: boolean }): Promise<ProcessReading>;
}

export interface ProcessProbeOptions {
  /** The root leads a process group or session of its own (a spawned target does): its members count as well. */
  includeGroup: boolean;
}

/** Reads a whole process tree on Linux; elsewhere the root process alone, and of that what `ps` tells. */
export function createProcessProbe(rootPid: number, options: ProcessProbeOptions): ProcessProbe {
  return process.platform === 'linux' ? createLinuxProbe(rootPid, options) : createPidusageProbe(rootPid);
}
