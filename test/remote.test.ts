import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Box, boxTest, CLI, findRun, NODE, REPO, readReport } from './support/cli.ts';
import { until } from './support/until.ts';

const ADDRESS = '10.123.0.1';
const NETWORK = `ip link set lo up && ip addr add ${ADDRESS}/32 dev lo`;
/** An address that is not loopback and yet leaves no machine: in a network namespace of the test's own. */
const canUnshare = spawnSync('unshare', ['--net', 'sh', '-c', NETWORK]).status === 0;

const targetWith = (args: string) => [
  '--command',
  `${NODE} '${join(REPO, 'test/targets/counts-accepts.mjs')}' ${args}`,
  '--url',
  `http://${ADDRESS}:{port}/events`,
];

function startThere(box: Box, extra: string[], targetArgs = ''): ChildProcess {
  const inside = ['--net', 'sh', '-c', `${NETWORK} && exec "$@"`, 'sh', process.execPath, CLI];
  return box.spawn('unshare', [
    ...inside,
    ...['run', ...targetWith(targetArgs), '--no-inspect', '--out', box.outDir, ...extra],
  ]);
}

async function endOf(child: ChildProcess): Promise<{ code: unknown; text: string }> {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (text += String(bytes)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, text };
}

const runThere = (box: Box, extra: string[]) => endOf(startThere(box, extra));

/** When the target got each connection of the one run so far. */
function timesOf(box: Box, scenario: string): number[] {
  const log = join(findRun(box.outDir) ?? '', `${scenario}.log`);
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  return [...text.matchAll(/^connection at ([\d.]+)/gm)].map(([, ms]) => Number(ms));
}

/** All of them, and what was announced for it. */
function observed(box: Box, scenario: string) {
  return { times: timesOf(box, scenario), remote: readReport(findRun(box.outDir) ?? '')?.config.remote };
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

  // At this pace a whole measurement takes up to half an hour: its beginning, which is as dense as the rest.
  boxTest.skipIf(!canUnshare).for([
    ['churn', ['--paths', 'abrupt-drop'], ''],
    ['reject', ['--limit', '5'], '5 close'],
    ['limit', ['--limit', '40'], '40 keep'],
  ] as const)('gets no burst of %s', async ([scenario, options, targetArgs], { box }) => {
    const child = startThere(
      box,
      ['--allow-remote', '--scenarios', scenario, '--duration', '2s', ...options],
      targetArgs,
    );
    const ended = endOf(child);
    await until('some seconds of it', () => timesOf(box, scenario).length > 100 || child.exitCode !== null);
    child.kill('SIGINT');
    const { text } = await ended;
    const { times, remote } = observed(box, scenario);
    expect(times.length, text).toBeGreaterThan(100);
    expect(remote?.expected.connectionCount).toBeGreaterThanOrEqual(times.length);
    expect(worstSecond(times) / 50).toBeLessThan(1.1);
    // It is the pace that holds it back, and not a slow server.
    expect(worstSecond(times) / 50).toBeGreaterThan(0.5);
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
