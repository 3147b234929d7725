import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Controller, parseCgroupMounts } from '../cgroup.ts';

/** A cgroup of this machine's that a test has made, with another one inside. */
export interface RealCgroup {
  version: 1 | 2;
  /** In which the limits are set. */
  outer: string;
  /** In which processes are put. */
  inner: string;
  set(files: Record<string, string>): void;
  add(pid: number): void;
  /** Throws while a process is in it. */
  remove(): void;
}

let made = 0;

/** @returns why there is none to be had, where this is not root on a machine whose cgroups can be changed. */
export function makeCgroup(controller: Controller): RealCgroup | string {
  const name = `hydrotest-${process.pid}-${++made}`;
  try {
    const mounts = parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'latin1'));
    const first = mounts.find(({ controllers }) => controllers.includes(controller));
    const mount = first ?? mounts.find(({ version }) => version === 2);
    if (mount === undefined) return 'no cgroups are mounted here';
    const outer = join(mount.mountPoint, name);
    const inner = join(outer, 'inner');
    mkdirSync(outer);
    const remove = () => {
      rmdirSync(inner);
      rmdirSync(outer);
    };
    try {
      if (mount.version === 2) writeFileSync(join(outer, 'cgroup.subtree_control'), `+${controller}`);
      mkdirSync(inner);
    } catch (error) {
      rmdirSync(outer);
      throw error;
    }
    return {
      version: mount.version,
      outer,
      inner,
      set(files) {
        for (const [file, text] of Object.entries(files)) writeFileSync(join(outer, file), text);
      },
      add: (pid) => writeFileSync(join(inner, 'cgroup.procs'), String(pid)),
      remove,
    };
  } catch (error) {
    return `a cgroup for ${controller} cannot be made here: ${error instanceof Error ? error.message : error}`;
  }
}
