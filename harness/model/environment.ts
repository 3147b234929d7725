import type { CheckName } from './outcome.ts';

/**
 * What is known of the surroundings of a run, by name. A name ends in its unit (`…Bytes`, `…Count`, `…Ms`, `…Ratio`, `…Cores`);
 * `none` is "there is no such thing", such as a limit that nobody set.
 */
export interface FactValues {
  // The machine, as the run begins.
  swapTotalBytes: number;
  swapUsedBytes: number;
  /** Swapped pages are compressed in memory first. */
  zswap: boolean;
  /** When the kernel backs memory with huge pages by itself: `always`, `madvise` (where it is asked for) or `never`. */
  hugePages: string;
  /** vm.overcommit_memory: `heuristic`, `always` or `strict`. */
  overcommit: string;
  onlineCpuCount: number;
  /** Processes that ran or wanted to, on average over the minute before. */
  loadAverage: number;

  // What the target was started with, and in.
  /** `docker`, `kubernetes`, `podman`, `lxc`, or `none`. */
  container: string;
  cgroupVersion: string;
  /** The tightest limit of the target's cgroup and all above it. */
  memoryLimitBytes: number | 'none';
  /** What was left below the limit when the target was ready, its own memory counted as left: what is charged to others is not its to have. */
  memoryRoomBytes: number | 'none';
  /** From here on the kernel slows the target down and takes pages from it. */
  memoryHighBytes: number | 'none';
  cpuQuotaCores: number | 'none';
  /** CPUs on which it may run. */
  allowedCpuCount: number;
  openFileLimitCount: number | 'none';
  /** `glibc`, `musl`, or what is loaded in their place: `jemalloc`, `tcmalloc`, `mimalloc`. */
  allocator: string;
  /** Variables that tune it, such as `MALLOC_ARENA_MAX=2`. */
  allocatorSettings: string;
  /** Options of its runtime that change what is measured, from its command line and NODE_OPTIONS. */
  runtimeFlags: string;
  /** The heap of V8 that an option allows. */
  heapLimitBytes: number | 'none';
  nodeEnv: string;

  // What happened while it was measured.
  observedMs: number;
  /** Memory of the target in huge pages. */
  hugePageBytes: number;
  /** Pages that the machine wrote to swap or read from it. */
  swappedPageCount: number;
  /** Periods of its CPU quota, and those in which it was made to wait. */
  quotaPeriodCount: number;
  throttledPeriodCount: number;
  throttledMs: number;
  memoryHighHitCount: number;
  memoryLimitHitCount: number;
  /** Processes of its cgroup that the kernel killed for want of memory. */
  oomKillCount: number;
  targetCores: number;
  /** hydrotest with its workers, its browser and its live page. */
  harnessCores: number;
  /** All that ran besides the two. */
  otherCores: number;
  /** CPU time that the hypervisor gave to others while this machine wanted it. */
  stealRatio: number;
  /** Part of the time in which something waited for a CPU, memory or a disk (pressure stall information, `some`). */
  cpuPressureRatio: number;
  memoryPressureRatio: number;
  ioPressureRatio: number;
  /** How far the wall clock was set meanwhile: its time less that of the monotonic clock. */
  clockStepMs: number;
}

export type FactName = keyof FactValues;

/** A fact with the file or the call that it is from. Null: not readable. */
export type EnvironmentFact = {
  [Name in FactName]: { name: Name; value: FactValues[Name] | null; source: string };
}[FactName];

/** The surroundings of one process of a target. */
export interface EnvironmentEntry {
  type: 'environment';
  scenario: string;
  elapsedMs: number;
  attempt: number;
  /** `start`: what it was started with and in. `end`: what happened while it was measured, also where it was lost. */
  moment: 'start' | 'end';
  facts: EnvironmentFact[];
}

export type WarningName =
  | 'target-swapped'
  | 'machine-swapping'
  | 'memory-limit'
  | 'memory-high'
  | 'memory-limit-hit'
  | 'oom-kill'
  | 'heap-limit'
  | 'huge-pages'
  | 'overcommit'
  | 'allocator'
  | 'runtime-flags'
  | 'node-env'
  | 'open-files'
  | 'cpu-throttled'
  | 'cpu-set'
  | 'other-load'
  | 'steal'
  | 'memory-pressure'
  | 'io-pressure'
  | 'clock-step'
  | 'harness-node';

/** What of the surroundings changes figures of this run. It changes no outcome by itself. */
export interface EnvironmentWarning {
  warning: WarningName;
  /** Where it was seen, the worst first; empty: it holds for the whole run. */
  scenarios: string[];
  /** What was seen, where it was worst. */
  seen: string;
  /** What that does to which figures. */
  effect: string;
  /** What to do. */
  remedy: string;
  /** Whose figures it changes. */
  checks: CheckName[];
}
