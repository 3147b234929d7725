import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Comparison } from '../harness/model.ts';
import { type Box, boxTest, EVENTS_URL, shown, targetCommand } from './support/cli.ts';

const HOLD = ['--url', EVENTS_URL, '--scenarios', 'hold', '--streams', '200', '--duration', '1s'];

function comparisonIn(box: Box): Comparison {
  const [folder] = readdirSync(box.outDir);
  return JSON.parse(readFileSync(join(box.outDir, folder ?? '', 'compare.json'), 'utf8')) as Comparison;
}

/** A repository whose last commit has a server that keeps 4 KiB a stream, with one that keeps 60 in the working tree. */
function repositoryIn(box: Box): string {
  const folder = join(box.folder, 'repository');
  mkdirSync(folder);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  git('init', '-q');
  writeFileSync(join(folder, 'size'), '4');
  copyFileSync(join(import.meta.dirname, 'targets', 'keeps-bytes.mjs'), join(folder, 'server.mjs'));
  git('add', '.');
  git('commit', '-qm', 'small');
  writeFileSync(join(folder, 'size'), '60');
  return folder;
}

describe.concurrent('compare', () => {
  boxTest(
    'a git ref against the working tree: finds that a stream costs more, and leaves no checkout',
    async ({ box }) => {
      const cwd = repositoryIn(box);
      const temp = join(box.folder, 'temp');
      mkdirSync(temp);
      const command = `test -e set-up -o "$(cat size)" = 60 && exec "${process.execPath}" server.mjs "$(cat size)"`;
      const result = await box.run(
        [
          'compare',
          '--baseline',
          'HEAD',
          '--setup',
          'touch set-up',
          '--command',
          command,
          ...HOLD,
          '--rounds',
          '1',
        ],
        {
          cwd,
          env: { TMPDIR: temp, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(box.folder, 'summary.md') },
        },
      );
      expect(result.code, shown(result)).toBe(1);
      expect(result.stderr).toMatch(/A 1 of 1[\s\S]*B 1 of 1/);
      const { metrics, change } = comparisonIn(box);
      expect(change).toBe('worse');
      expect(metrics.find(({ kind }) => kind === 'held-heap')).toMatchObject({
        change: 'worse',
        spread: 'assumed',
      });
      expect(readFileSync(join(box.folder, 'summary.md'), 'utf8')).toContain('held stream');
      expect(readdirSync(temp).filter((name) => name.startsWith('hydrotest-baseline'))).toEqual([]);
      const trees = execFileSync('git', ['worktree', 'list'], { cwd, encoding: 'utf8' });
      expect(trees.trim().split('\n')).toHaveLength(1);
    },
  );

  boxTest('the same command on both sides is not worse', async ({ box }) => {
    const command = `${targetCommand('keeps-bytes.mjs')} 8`;
    const args = ['compare', '--baseline', command, '--command', command, ...HOLD, '--rounds', '1'];
    const result = await box.run(args);
    expect(result.code, shown(result)).toBe(0);
    expect(comparisonIn(box).counts).toMatchObject({ worse: 0, better: 0 });
    const [folder] = readdirSync(box.outDir);
    const side = (name: string) => join(box.outDir, folder ?? '', name);
    const compareAgain = (out: string, summary: string) =>
      box.run(['compare', side('baseline'), side('run'), '--out', out], {
        out: false,
        env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary },
      });
    const itself = await box.run(['compare', side('run'), side('run')]);
    expect(itself.code, shown(itself)).toBe(2);
    expect(itself.stderr).toContain('is on both sides');
    // A summary that cannot be written is a warning.
    const again = await compareAgain('.', box.folder);
    expect(again.code, shown(again)).toBe(0);
    expect(again.stdout).toContain("warning: the report is not in the step's summary");
    expect(again.stdout).toContain('Reports: ./{compare.json,compare.md}');
    // Files that cannot be are missing: the comparison is printed all the same.
    writeFileSync(join(box.folder, 'a-file'), '');
    const unwritten = await compareAgain('a-file/out', join(box.folder, 'summary.md'));
    expect(unwritten.code, shown(unwritten)).toBe(4);
    expect(unwritten.stdout).toContain('Baseline: ');
    expect(unwritten.stderr).toContain('the comparison could not be written to a-file/out');
  });

  boxTest('Ctrl-C in the first run: all that is said is that it cannot be told', async ({ box }) => {
    const command = `${targetCommand('keeps-bytes.mjs')} 8`;
    const running = box.start(['compare', '--baseline', command, '--command', command, ...HOLD]);
    await running.printed(/hold: warm-up/);
    running.signal('SIGINT');
    const result = await running.ended;
    expect(result.code, shown(result)).toBe(3);
    expect(comparisonIn(box)).toMatchObject({
      change: 'cannot-tell',
      counts: { same: 0, worse: 0, better: 0 },
    });
    expect(result.stdout).toContain('stopped after 0 of 4 whole runs');
  });

  boxTest(
    'Ctrl-C twice while the checkout is set up: neither it nor what ran in it is left',
    async ({ box }) => {
      const cwd = repositoryIn(box);
      const temp = join(box.folder, 'temp');
      mkdirSync(temp);
      const setup = 'trap "" TERM; echo setting-up; sleep 300 & wait; sleep 300';
      const args = [
        'compare',
        '--baseline',
        'HEAD',
        '--setup',
        setup,
        '--command',
        'node server.mjs',
        ...HOLD,
      ];
      const running = box.start(args, { cwd, env: { TMPDIR: temp } });
      await running.printed(/setting-up/);
      running.signal('SIGINT');
      await running.printed(/stopping/);
      // As one Ctrl-C may arrive twice, a second one counts only some time after it.
      const again = setInterval(() => running.signal('SIGINT'), 100);
      const result = await running.ended;
      clearInterval(again);
      expect(result.code, shown(result)).toBe(3);
      await box.allGone();
      expect(readdirSync(temp)).toEqual([]);
      const trees = execFileSync('git', ['worktree', 'list'], { cwd, encoding: 'utf8' });
      expect(trees.trim().split('\n')).toHaveLength(1);
    },
  );

  boxTest('options of measuring are refused where nothing is measured', async ({ box }) => {
    for (const [option, value] of [
      ['--rounds', '5'],
      ['--setup', 'npm ci'],
      ['--event-time', 'at'],
    ] as const) {
      const result = await box.run(['compare', 'a', 'b', option, value]);
      expect(result.code, shown(result)).toBe(2);
      expect(result.stderr).toContain(`${option} is for runs that are made now`);
    }
  });

  boxTest('the page of a history is never written over it', async ({ box }) => {
    const file = join(box.folder, 'history.ndjson');
    writeFileSync(file, '{"mine":1}\n');
    for (const out of ['history.ndjson', '.']) {
      const result = await box.run(['history', file, '--out', out], { out: false });
      expect(result.code, shown(result)).toBe(2);
    }
    expect(readFileSync(file, 'utf8')).toBe('{"mine":1}\n');
  });

  boxTest('wrong usage: exit code 2', async ({ box }) => {
    for (const args of [
      ['/nowhere', '/nowhere'],
      ['one'],
      ['--baseline', 'x', '--rounds', '0'],
      ['a', 'b', '--fail-on', 'all'],
      [process.execPath, process.execPath],
      ['--baseline', 'no-such-ref', '--command', 'x', '--url', EVENTS_URL],
    ]) {
      const result = await box.run(['compare', ...args]);
      expect(result.code, shown(result)).toBe(2);
    }
    expect(existsSync(join(box.outDir, 'compare'))).toBe(false);
  });
});
