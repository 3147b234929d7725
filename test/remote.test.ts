import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { boxTest, CLI, NODE, REPO } from './support/cli.ts';

const ADDRESS = '10.123.0.1';
const NETWORK = `ip link set lo up && ip addr add ${ADDRESS}/32 dev lo`;
/** An address that is not loopback and yet leaves no machine: in a network namespace of the test's own. */
const canUnshare = spawnSync('unshare', ['--net', 'sh', '-c', NETWORK]).status === 0;

const target = [
  '--command',
  `${NODE} '${join(REPO, 'test/targets/counts-accepts.mjs')}'`,
  '--url',
  `http://${ADDRESS}:{port}/events`,
];

boxTest.skipIf(!canUnshare)(
  'a remote address is refused, and dialled at the cap when it is allowed',
  async ({ box }) => {
    const run = async (extra: string[]) => {
      const args = [
        '--net',
        'sh',
        '-c',
        `${NETWORK} && exec "$@"`,
        'sh',
        process.execPath,
        CLI,
        'run',
        ...target,
      ];
      const child = box.spawn('unshare', [...args, '--scenarios', 'orphans', '--out', box.outDir, ...extra]);
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (bytes) => (text += String(bytes)));
      const code = await new Promise((resolve) => child.once('close', resolve));
      return { code, text };
    };
    const refused = await run([]);
    expect(refused.code).toBe(2);
    expect(refused.text).toContain(`--url is on ${ADDRESS}, which is not loopback`);
    expect(refused.text).toMatch(/96 streams at once there, up to about 330 connections/);

    const allowed = await run(['--allow-remote']);
    expect(allowed.text).toContain(`This run loads ${ADDRESS}, which is not loopback`);
    const { readFileSync, readdirSync } = await import('node:fs');
    const [folder = ''] = readdirSync(box.outDir);
    const log = readFileSync(join(box.outDir, folder, 'orphans.log'), 'utf8');
    const worst = Math.max(...[...log.matchAll(/worst second: (\d+)/g)].map(([, count]) => Number(count)));
    // A ratio to the cap of 50: somewhat above for accepts that the server sees in a bunch, and never idle.
    expect(worst / 50).toBeLessThan(1.1);
    expect(worst / 50).toBeGreaterThan(0.5);
  },
);
