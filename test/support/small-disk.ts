import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of 4 MB, or why there is none. */
export function smallDisk(onTestFinished: (end: () => void) => void): { path: string } | { lack: string } {
  const path = mkdtempSync(join(tmpdir(), 'hydrotest-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', path], { stdio: 'pipe' });
  } catch (error) {
    rmSync(path, { recursive: true });
    return { lack: `no file system can be mounted here: ${String(error).split('\n')[0]}` };
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', path]);
    rmSync(path, { recursive: true });
  });
  return { path };
}

/** Takes the last byte of it. */
export function fillUp(disk: string): void {
  const { bavail, bsize } = statfsSync(disk);
  try {
    writeFileSync(join(disk, 'filler'), Buffer.alloc((bavail + 1) * bsize));
  } catch {
    // What was free meanwhile is taken: a write takes all that there is before it fails.
  }
}
