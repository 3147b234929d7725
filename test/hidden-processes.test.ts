/** Where /proc hides the processes of others (hidepid=2): each look that needs one says so, and nothing passes for want of it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { findFreePort } from '../harness/targets/free-port.ts';
import { type Box, boxTest, CLI, findRun, NODE, readReport, targetCommand } from './support/cli.ts';
import { startReferenceServer } from './support/reference-server.ts';
import { until } from './support/until.ts';

/** Only root can give this view of /proc to itself and then become another user. */
const HIDING = [
  ...['--mount', 'sh', '-c', 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', 'sh', 'setpriv'],
  ...['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, CLI],
];
const canHide =
  process.platform === 'linux' &&
  spawnSync('unshare', [...HIDING, '--version'], { stdio: 'ignore' }).status === 0;

/** Runs as nobody, who sees no process but its own. */
async function runHidden(box: Box, args: string[]): Promise<{ code: unknown; text: string }> {
  chmodSync(box.folder, 0o777);
  chmodSync(box.outDir, 0o777);
  const child = box.spawn('unshare', [
    ...HIDING,
    'run',
    ...args,
    '--scenarios',
    'orphans',
    '--out',
    box.outDir,
  ]);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (text += String(bytes)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, text };
}

describe.concurrent('a server of another user', () => {
  boxTest.skipIf(!canHide)('is not attached to, and not said to be gone', async ({ box }) => {
    const server = await startReferenceServer(box);
    const url = `http://127.0.0.1:${server.port}/api/events/{key}/stream`;
    const byPid = await runHidden(box, ['--pid', String(server.pid), '--url', url]);
    expect(byPid.code, byPid.text).toBe(3);
    expect(byPid.text).toContain(`process ${server.pid} runs and cannot be seen`);
    expect(await server.stop()).toBe(0);
  });

  boxTest.skipIf(!canHide)(
    'that a command has had started is told apart from the command',
    async ({ box }) => {
      const port = await findFreePort();
      const sign = join(box.folder, 'wanted');
      // As with a daemon that is asked by a client: what serves is not what was started.
      const command = `touch ${sign} && exec ${NODE} -e 'setInterval(() => {}, 1000)'`;
      const running = runHidden(box, ['--command', command, '--url', `http://127.0.0.1:${port}/events`]);
      await until('the command runs', () => existsSync(sign));
      const server = box.spawn('sh', ['-c', `PORT=${port} exec ${targetCommand('keeps-bytes.mjs')} 1`]);
      const { code, text } = await running;
      server.kill('SIGKILL');
      expect(code, text).toBe(3);
      const report = readReport(findRun(box.outDir) ?? '');
      const [scenario] = report?.scenarios ?? [];
      const outcomes = Object.fromEntries(
        scenario?.findings.map(({ check, outcome }) => [check, outcome]) ?? [],
      );
      expect(outcomes).toMatchObject({ 'memory-budget': 'inconclusive', cleanup: 'inconclusive' });
      // What it sends is judged all the same.
      expect(outcomes['load-landed']).toBe('pass');
      expect(scenario?.gaps.map(({ reason }) => reason)).toEqual(
        expect.arrayContaining([
          expect.stringContaining(`a process that cannot be seen listens on port ${port}`),
          expect.stringContaining('no heap probe: no process in the tree'),
        ]),
      );
    },
  );
});
