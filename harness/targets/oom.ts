import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the kernel counts whom it killed for want of memory, for one memory cgroup. */
interface CgroupCounter {
  /** As in `/proc/<pid>/cgroup`. */
  name: string;
  file: string;
  limitFile: string;
}

export interface OomWatch {
  /**
   * Why the kernel may have ended the process since the watch began, in words that follow "ended by SIGKILL:"; null: it counted no
   * kill, or nothing can be read here. A kill on a machine can be another process's: then the words say so.
   */
  explain(): string | null;
}

/**
 * Begins to watch the kernel's counts of OOM kills: that of the process's own memory cgroup (`oom_kill` in v2's `memory.events`
 * and v1's `memory.oom_control`), and that of the machine (`oom_kill` in `/proc/vmstat`, since Linux 4.13). A process that
 * moves to another cgroup later is known by the machine's alone.
 */
export function watchOomKills(pid: number): OomWatch {
  const cgroup = findCounter(pid);
  const ofCgroup = cgroup === null ? null : readCount(cgroup.file);
  const ofMachine = readCount('/proc/vmstat');
  return {
    explain() {
      if (cgroup !== null && ofCgroup !== null) {
        const now = readCount(cgroup.file);
        if (now !== null && now > ofCgroup) {
          const limit = readLimit(cgroup.limitFile);
          const of = limit === null ? '' : `, which may have ${Math.round(limit / 1e6)} MB`;
          return `the kernel's OOM killer ended a process of its memory cgroup ${cgroup.name}${of}`;
        }
      }
      const now = readCount('/proc/vmstat');
      if (ofMachine === null || now === null || now <= ofMachine) return null;
      return "the kernel's OOM killer ended a process of this machine at that time, most likely this one (dmesg names it)";
    },
  };
}

function findCounter(pid: number): CgroupCounter | null {
  const text = read(`/proc/${pid}/cgroup`);
  for (const line of text?.split('\n') ?? []) {
    const [id = '', controllers = '', ...rest] = line.split(':');
    const name = rest.join(':');
    if (id === '' || name === '') continue;
    const isV2 = id === '0' && controllers === '';
    if (!isV2 && !controllers.split(',').includes('memory')) continue;
    const [file, limit] = isV2
      ? ['memory.events', 'memory.max']
      : ['memory.oom_control', 'memory.limit_in_bytes'];
    for (const root of isV2 ? ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'] : ['/sys/fs/cgroup/memory']) {
      // In a container the root of the mount can be its own cgroup, whatever the name says.
      for (const folder of [join(root, name), root]) {
        const path = join(folder, file);
        if (readCount(path) !== null) return { name, file: path, limitFile: join(dirname(path), limit) };
      }
    }
  }
  return null;
}

/** The line `oom_kill <n>` of a file; null: no such file or line. */
function readCount(file: string): number | null {
  const count = /^oom_kill (\d+)$/m.exec(read(file) ?? '')?.[1];
  return count === undefined ? null : Number(count);
}

/** Bytes; null: none is set (v2: `max`, v1: the largest number there is). */
function readLimit(file: string): number | null {
  const limit = Number(read(file)?.trim());
  return Number.isFinite(limit) && limit < 2 ** 60 ? limit : null;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
