import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Machine } from './fault.ts';

/** What can be done on this machine, found out by doing it. */
export function exploreMachine(): Machine {
  return { canMount: canMount(), memoryGroups: memoryGroups(), python: python() };
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'chaos-mount-'));
  try {
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder]);
    if (status === 0) spawnSync('umount', [folder]);
    return status === 0;
  } finally {
    rmdirSync(folder);
  }
}

/** Version 1 has a tree for memory; in version 2 the root hands its controllers down where `memory` stands in subtree_control. */
function memoryGroups(): Machine['memoryGroups'] {
  const root = '/sys/fs/cgroup';
  const candidates = [
    { folder: join(root, 'memory'), limitFile: 'memory.limit_in_bytes' },
    { folder: root, limitFile: 'memory.max' },
  ];
  return candidates.find(({ folder, limitFile }) => canMakeGroup(folder, limitFile)) ?? null;
}

function canMakeGroup(folder: string, limitFile: string): boolean {
  if (!existsSync(join(folder, 'cgroup.procs'))) return false;
  const group = join(folder, `hydrotest-chaos-${process.pid}`);
  try {
    mkdirSync(group);
  } catch {
    return false;
  }
  try {
    readFileSync(join(group, limitFile));
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(group);
  }
}

/** The interpreter itself: what stands in PATH may be a script that looks for it, and writes to the home folder. */
function python(): string | null {
  const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}
