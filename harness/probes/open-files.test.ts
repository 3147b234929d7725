import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../waiting.ts';
import { openFileLimits } from './open-files.ts';

const { signal } = new AbortController();
const ENOUGH_MS = 30_000;

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    // A group of its own: the shell's children go with it.
    process.kill(-(child.pid as number), 'SIGKILL');
    await gone;
  }
});

/** A shell with a limit of its own, that runs `script` and says so when it has started everything. */
async function start(limit: number, script: string): Promise<number> {
  const child = spawn('sh', ['-c', `ulimit -n ${limit}; ${script}`], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child.pid as number;
}

describe.runIf(process.platform === 'linux')('the files that a target may open', () => {
  it('are those of its process', async () => {
    const pid = await start(300, 'echo ready; exec sleep 600');
    const limits = async () => openFileLimits(pid, { port: 1, includeGroup: true });
    expect(await until(async () => (await limits())?.fileCount === 300, ENOUGH_MS, signal)).toBe(true);
    expect(await limits()).toEqual({ fileCount: 300, processCount: 1 });
  });

  it('are those of all of its processes together', async () => {
    const pid = await start(
      300,
      '(ulimit -n 200; exec sleep 600) & (ulimit -n 100; exec sleep 600) & echo ready; wait',
    );
    const limits = async () => openFileLimits(pid, { port: 1, includeGroup: true });
    expect(await until(async () => (await limits())?.fileCount === 600, ENOUGH_MS, signal)).toBe(true);
    expect(await limits()).toEqual({ fileCount: 600, processCount: 3 });
  });

  it('are those of who listens, not of the shell above', async () => {
    const server =
      "require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
    const child = spawn(
      'sh',
      ['-c', `ulimit -n 300; (ulimit -n 200; exec '${process.execPath}' -e "${server}"); :`],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    children.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const limits = await openFileLimits(child.pid as number, { port: Number(line), includeGroup: true });
    expect(limits).toEqual({ fileCount: 200, processCount: 1 });
  });

  it('are not known of a process that is gone', async () => {
    const pid = await start(300, 'echo ready; exec sleep 600');
    const [child] = children;
    const gone = once(child as ChildProcess, 'exit');
    process.kill(pid, 'SIGKILL');
    await gone;
    expect(await openFileLimits(pid, { port: 1, includeGroup: false })).toBe(null);
  });
});
