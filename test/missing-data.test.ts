/** Targets whose data is taken away while they are measured, or before: no run of them passes, and the gaps say what is missing. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Report } from '../harness/model.ts';
import { boxTest, CLI, EVENTS_URL, findRun, shown, targetCommand } from './support/cli.ts';
import { findingsOf, reportOf } from './support/findings.ts';
import { startReferenceServer } from './support/reference-server.ts';

const ONE_PATH = ['--paths', 'abrupt-drop', '--grace', '1s'];
const command = (fileName: string) => ['--command', targetCommand(fileName), '--url', EVENTS_URL];

boxTest.concurrent(
  'an inspector that begins to talk nonsense in the middle of a measurement',
  async ({ box }) => {
    const result = await box.run(['run', ...command('nonsense-inspector.mjs'), ...ONE_PATH]);
    expect(result.code, shown(result)).toBe(3);
    const outcomeOf = (check: string) =>
      findingsOf(result).find((finding) => finding.check === check)?.outcome;
    expect(outcomeOf('memory-leak')).toBe('invalid');
    // What needs no heap is judged all the same.
    for (const check of ['memory-budget', 'cleanup', 'target-alive']) expect(outcomeOf(check)).toBe('pass');
    const gaps = reportOf(result).scenarios.flatMap((scenario) => scenario.gaps);
    expect(gaps).toContainEqual({
      ...{ probe: 'heap', elapsedMs: expect.any(Number) },
      reason: expect.stringMatching(/cannot be read any more: the inspector .* answered with .* no JSON/),
    });
  },
);

boxTest.concurrent('children that come and go while memory is measured', async ({ box }) => {
  const result = await box.run(['run', ...command('forks-now-and-then.mjs'), '--no-inspect', ...ONE_PATH]);
  expect(result.code, shown(result)).toBe(3);
  const [leak] = findingsOf(result).filter(({ check }) => check === 'memory-leak');
  expect(leak).toMatchObject({
    outcome: 'invalid',
    reason: 'not measured: the processes of the target changed while it was measured',
  });
});

const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];

/** Only root can become another user, who then has to be let into the folders of Node and of this program. */
const canBeNobody =
  process.platform === 'linux' &&
  spawnSync('setpriv', [...NOBODY, process.execPath, CLI, '--version'], { stdio: 'ignore' }).status === 0;

boxTest.runIf(canBeNobody)(
  'a process of another user, whose descriptors, pages and heap are closed',
  async ({ box }) => {
    const server = await startReferenceServer(box);
    chmodSync(box.folder, 0o755);
    chmodSync(box.outDir, 0o777);
    const url = `http://127.0.0.1:${server.port}/api/events/{key}/stream`;
    const run = [
      'run',
      '--pid',
      String(server.pid),
      '--url',
      url,
      '--scenarios',
      'orphans',
      '--out',
      box.outDir,
    ];
    const child = box.spawn('setpriv', [...NOBODY, process.execPath, CLI, ...run]);
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code, output.join('')).toBe(3);
    const folder = findRun(box.outDir) ?? '';
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
    const [scenario] = report.scenarios;
    expect(scenario?.leakProbe).toBe('rss');
    expect(scenario?.findings.find(({ check }) => check === 'cleanup')).toMatchObject({
      outcome: 'invalid',
      reason: 'the counters could not be read (fd, socket): what is left behind is not known',
    });
    // What can be read is judged all the same.
    expect(scenario?.findings.find(({ check }) => check === 'memory-budget')?.outcome).toBe('pass');
    expect(scenario?.gaps).toEqual([
      expect.objectContaining({ probe: 'heap', reason: expect.stringContaining('no heap probe') }),
    ]);
    expect(await server.stop()).toBe(0);
  },
);
