import { spawn } from 'node:child_process';
import type { LogFile } from '../../event-log/log-file.ts';

/**
 * Gives the space of the first bytes of a file back to the system: they read as zeros from then on. The file keeps its length and
 * every other byte its offset, so those who write to it notice nothing. Returns null, or why it is not possible here.
 *
 * Node has no call for it: `fallocate` of util-linux does it, on ext4, XFS, Btrfs and tmpfs.
 */
export function freeSpace(file: LogFile, bytes: number): Promise<string | null> {
  if (process.platform !== 'linux') return Promise.resolve('only Linux can do it here');
  return new Promise((resolve) => {
    // Through the descriptor, so that it is this file, and not the one that was put in its place a moment ago.
    const child = spawn(
      'fallocate',
      ['--punch-hole', '--offset', '0', '--length', String(bytes), '/proc/self/fd/3'],
      { stdio: ['ignore', 'ignore', 'pipe', file.descriptor] },
    );
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(0, 200);
    });
    child.once('error', (cause: NodeJS.ErrnoException) =>
      resolve(cause.code === 'ENOENT' ? 'there is no fallocate: install util-linux' : cause.message),
    );
    child.once('close', (code) => resolve(code === 0 ? null : said.trim() || `fallocate ended with ${code}`));
  });
}
