import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Box, boxTest, CLI, findRun, NODE, REPO, readReport } from './support/cli.ts';

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

async function runThere(box: Box, extra: string[]): Promise<{ code: unknown; text: string }> {
  const inside = ['--net', 'sh', '-c', `${NETWORK} && exec "$@"`, 'sh', process.execPath, CLI];
  const child = box.spawn('unshare', [
    ...inside,
    ...['run', ...target, '--no-inspect', '--out', box.outDir, ...extra],
  ]);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (text += String(bytes)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, text };
}

/** When the target got each connection of the one run, and what was announced for it. */
function observed(box: Box, scenario: string) {
  const folder = findRun(box.outDir) ?? '';
  const log = readFileSync(join(folder, `${scenario}.log`), 'utf8');
  const times = [...log.matchAll(/^connection at ([\d.]+)/gm)].map(([, ms]) => Number(ms));
  return { times, remote: readReport(folder)?.config.remote };
}

/** Most connections in any second. */
function worstSecond(times: number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
}

describe.concurrent('a remote address', () => {
  boxTest.skipIf(!canUnshare)('is refused, and told what it would get', async ({ box }) => {
    const refused = await runThere(box, ['--scenarios', 'orphans']);
    expect(refused.code).toBe(2);
    expect(refused.text).toContain(`--url is on ${ADDRESS}, which is not loopback`);
    expect(refused.text).toMatch(/96 streams at once there, up to about 330 connections/);
    expect(findRun(box.outDir)).toBe(null);
  });

  // A ratio to the cap of 50: somewhat above for accepts that a busy server sees in a bunch.
  boxTest.skipIf(!canUnshare)('gets what was announced, at the cap, when it is allowed', async ({ box }) => {
    const allowed = await runThere(box, ['--allow-remote', '--scenarios', 'orphans']);
    expect(allowed.text).toContain(`This run loads ${ADDRESS}, which is not loopback`);
    const { times, remote } = observed(box, 'orphans');
    expect(remote?.expected.connectionCount).toBeGreaterThanOrEqual(times.length);
    expect(times.length).toBeGreaterThan(20);
    expect(worstSecond(times) / 50).toBeLessThan(1.1);
  });

  boxTest.skipIf(!canUnshare)(
    'gets no more of workers and of those who come back together',
    async ({ box }) => {
      const load = ['--streams', '40', '--lifetime', '4s', '--mix', 'reconnect-storm:1,abrupt-drop:1'];
      const held = await runThere(box, [
        ...['--allow-remote', '--scenarios', 'hold', ...load],
        ...['--workers', '6', '--duration', '3s'],
      ]);
      expect(held.text).toContain('up to 40 streams at once');
      const { times, remote } = observed(box, 'hold');
      expect(remote?.expected.connectionCount).toBeGreaterThanOrEqual(times.length);
      expect(times.length).toBeGreaterThan(20);
      expect(worstSecond(times) / 50).toBeLessThan(1.1);
    },
  );
});
