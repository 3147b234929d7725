import { readMemoryLimits, readPlace } from './cgroup.ts';
import { readOomKills } from './counters.ts';
import { numberOf, readText } from './facts.ts';

export interface OomWatch {
  /**
   * Why the kernel may have ended the process since the watch began, in words that follow "ended by SIGKILL:"; null: it counted no
   * kill, or nothing can be read here. A kill on a machine can be another process's: then the words say so.
   */
  explain(): string | null;
}

/**
 * Begins to watch the kernel's counts of OOM kills: that of the process's own memory cgroup, and that of the machine (`oom_kill` in
 * `/proc/vmstat`, since Linux 4.13). A process that moves to another cgroup later is known by the machine's alone.
 */
export function watchOomKills(pid: number): OomWatch {
  const place = readPlace('memory', pid);
  const ofCgroup = place === null ? null : readOomKills(place);
  const ofMachine = readMachineKills();
  return {
    explain() {
      if (place !== null && hasGrown(ofCgroup, readOomKills(place))) {
        const { limit } = readMemoryLimits(place);
        const of = limit === null ? '' : `, which may have ${Math.round(limit.value / 1e6)} MB`;
        return `the kernel's OOM killer ended a process of its memory cgroup ${place.folders[0]}${of}`;
      }
      return hasGrown(ofMachine, readMachineKills())
        ? "the kernel's OOM killer ended a process of this machine at that time, most likely this one (dmesg names it)"
        : null;
    },
  };
}

function readMachineKills(): number | null {
  return numberOf(readText('/proc/vmstat'), 'oom_kill');
}

function hasGrown(before: number | null, now: number | null): boolean {
  return before !== null && now !== null && now > before;
}
