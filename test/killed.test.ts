import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import { JOURNAL_NAME } from '../harness/journal.ts';
import { type Box, boxTest, findRun, REPO, SERVER, shown } from './support/cli.ts';
import { reportOf } from './support/findings.ts';
import { killProcess } from './support/processes.ts';
import { until } from './support/until.ts';

const pidsOf = (box: Box, part: string) =>
  box
    .processes()
    .filter(({ command }) => command.includes(part))
    .map(({ pid }) => pid);

// The box of a test fails it if a process is left, or the data of a run.
describe.concurrent('kill -9 of hydrotest alone', () => {
  boxTest(
    'takes workers, live page, guardian, target and data along, whoever was killed before',
    async ({ box }) => {
      const load = ['--scenarios', 'hold', '--streams', '20', '--workers', '2', '--duration', '10m'];
      const cli = box.start(['run', ...load, '--ui']);
      await until('twenty streams are held', () => {
        const path = join(findRun(box.outDir) ?? '', JOURNAL_NAME);
        return existsSync(path) && readFileSync(path, 'utf8').includes('"heldCount":20,');
      });
      expect(pidsOf(box, 'load/worker')).toHaveLength(2);
      expect(pidsOf(box, 'live/main')).toHaveLength(1);
      expect(pidsOf(box, 'server/main')).not.toEqual([]);
      const folder = findRun(box.outDir) ?? '';
      expect(existsSync(join(folder, 'data', 'hold'))).toBe(true);

      const [first = 0, ...others] = pidsOf(box, 'guardian');
      expect(others).toEqual([]);
      killProcess(first);
      await until('another guardian is there', () => {
        const guardians = pidsOf(box, 'guardian');
        return guardians.length === 1 && guardians[0] !== first;
      });
      // The run goes on: what it says next comes after the guardian's end.
      const length = () => readFileSync(join(folder, JOURNAL_NAME)).length;
      const before = length();
      await until('the journal grows', () => length() > before);

      killProcess(cli.pid);
      await cli.ended;
      await box.allGone();
      expect(existsSync(join(folder, 'data'))).toBe(false);

      const again = await box.run(['report', folder], { out: false });
      expect(again.code, shown(again)).toBe(3);
      expect(reportOf(again)).toMatchObject({ complete: false, verdict: { outcome: 'invalid' } });
      expect(again.stdout).toContain('did not come to its end');
      const words = (file: string) => readFileSync(join(folder, file), 'utf8');
      for (const file of ['report.html', 'report.md'])
        expect(words(file), file).toMatch(/the journal ends before the run did/);
    },
  );

  boxTest('takes the checkout of --baseline along, and the --setup that runs in it', async ({ box }) => {
    const cwd = join(box.folder, 'repository');
    const temp = join(box.folder, 'temp');
    for (const path of [cwd, temp]) mkdirSync(path);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd, encoding: 'utf8' });
    git('init', '-q');
    writeFileSync(join(cwd, 'server.mjs'), '');
    git('add', '.');
    git('commit', '-qm', 'first');
    // It goes on writing, and does not listen to SIGTERM.
    const setup = 'trap "" TERM; echo setting-up; while :; do date > "$PWD/file"; sleep 0.1; done';
    const command = ['--command', 'node server.mjs', '--url', 'http://127.0.0.1:{port}/'];
    const cli = box.start(['compare', '--baseline', 'HEAD', '--setup', setup, ...command], {
      cwd,
      env: { TMPDIR: temp },
    });
    await cli.printed(/setting-up/);
    expect(git('worktree', 'list').trim().split('\n')).toHaveLength(2);
    killProcess(cli.pid);
    await cli.ended;
    await box.allGone();
    expect(readdirSync(temp)).toEqual([]);
    expect(git('worktree', 'list').trim().split('\n')).toHaveLength(1);
    expect(readdirSync(join(cwd, '.git')).includes('worktrees')).toBe(false);
  });

  boxTest('takes the folder of a run along that a program keeps none of', async ({ box }) => {
    const temp = join(box.folder, 'temp');
    mkdirSync(temp);
    const entry = pathToFileURL(join(REPO, 'harness/index.ts')).href;
    const program = `
      process.env.TMPDIR = ${JSON.stringify(temp)};
      const { runScenarios } = await import(${JSON.stringify(entry)});
      await runScenarios({ scenarios: 'tabs', duration: '10m' });`;
    const child = box.spawn(process.execPath, ['--input-type=module', '-e', program]);
    const folders = () => readdirSync(temp).filter((name) => name.startsWith('hydrotest-run-'));
    await until('its target is there', () => pidsOf(box, 'server/main').length > 0);
    expect(folders()).toHaveLength(1);
    killProcess(child.pid ?? 0);
    await box.allGone();
    expect(folders()).toEqual([]);
  });

  boxTest('takes the reference server of `serve` along', async ({ box }) => {
    const cli = box.start(['serve', '--port', '0'], { out: false });
    await cli.printed(/http:/);
    const [server = 0] = pidsOf(box, SERVER);
    expect(server).toBeGreaterThan(0);
    killProcess(cli.pid);
    await cli.ended;
    await box.allGone();
  });
});
