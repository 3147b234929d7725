import { copyFileSync, existsSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { JOURNAL_NAME } from '../harness/journal.ts';
import { type Box, boxTest, EVENTS_URL, findRun, NODE, REPO, shown, targetCommand } from './support/cli.ts';
import { findingsOf, reportOf } from './support/findings.ts';
import { until } from './support/until.ts';

const misfit = (...args: string[]) => `${targetCommand('misfit.mjs')} ${args.join(' ')}`;
const tabs = (command: string, duration: string) => [
  ...['run', '--command', command, '--url', EVENTS_URL, '--no-inspect'],
  ...['--scenarios', 'tabs', '--duration', duration],
];

/** Resolves when the run holds its ten tabs. */
async function holdsTabs(box: Box): Promise<void> {
  await until('ten streams are open', () => journalOf(box).includes('"openStreamCount":10,'));
}

function journalOf(box: Box): string {
  const path = join(findRun(box.outDir) ?? '', JOURNAL_NAME);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Processes of the target that run its script, the first one first. */
function serversOf(box: Box): number[] {
  return box
    .processes()
    .filter(({ command }) => /^\S*node\S* .*misfit\.mjs/.test(command) && !command.includes('cli.ts'))
    .map(({ pid }) => pid)
    .sort((a, b) => a - b);
}

function aliveFinding(result: Parameters<typeof findingsOf>[0]) {
  return findingsOf(result).find(({ check }) => check === 'target-alive');
}

describe.concurrent('a target that is disturbed', () => {
  boxTest('stopped for good: not waited for, and named', async ({ box }) => {
    const cli = box.start(tabs(misfit(), '10m'));
    await holdsTabs(box);
    const [pid = 0] = serversOf(box);
    process.kill(pid, 'SIGSTOP');
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome).toBe('invalid');
    expect(reason).toContain(`process ${pid} (`);
    expect(reason).toContain('was stopped by a signal such as SIGSTOP (state T)');
    expect(reason).toContain('the last words');
    expect(reason).toMatch(/was still stopped [5-9]\.\d s later/);
    expect(reportOf(result).scenarios[0]?.findings.map((finding) => finding.outcome)).not.toContain('pass');
  });

  boxTest('stopped, and let go on: told, and no verdict on it', async ({ box }) => {
    const cli = box.start(tabs(misfit(), '4s'));
    await holdsTabs(box);
    const [pid = 0] = serversOf(box);
    process.kill(pid, 'SIGSTOP');
    await until('the stop is noticed', () => journalOf(box).includes('"event":"stopped"'));
    process.kill(pid, 'SIGCONT');
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome).toBe('invalid');
    expect(reason).toMatch(/went on after about \d\.\d s/);
    expect(reason).not.toContain('still stopped');
  });

  boxTest('started again by node --watch: named at once, with both pids', async ({ box }) => {
    const script = join(box.folder, 'misfit.mjs');
    copyFileSync(join(REPO, 'test/targets/misfit.mjs'), script);
    const cli = box.start(tabs(`${NODE} --watch '${script}'`, '10m'));
    await holdsTabs(box);
    const before = serversOf(box).at(-1);
    utimesSync(script, new Date(), new Date());
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(1);
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome).toBe('fail');
    const [, was, is] =
      /process (\d+), which listened on port \d+, is gone, and process (\d+) does now: it was restarted/.exec(
        reason ?? '',
      ) ?? [];
    expect(Number(was), reason).toBe(before);
    expect(Number(is)).not.toBe(before);
  });

  boxTest('a cluster whose worker is replaced: no series of two processes', async ({ box }) => {
    const cli = box.start(tabs(misfit('cluster'), '4s'));
    await holdsTabs(box);
    const worker = serversOf(box).at(-1) ?? 0;
    process.kill(worker, 'SIGKILL');
    const result = await cli.ended;
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome, shown(result)).toBe('invalid');
    expect(reason).toMatch(
      new RegExp(`process ${worker} \\(.*misfit.mjs cluster\\) ended and process \\d+ took its place`),
    );
    expect(result.code).not.toBe(0);
  });

  boxTest('a cluster that is left alone passes', async ({ box }) => {
    const result = await box.run(tabs(misfit('cluster'), '2s'));
    expect(result.code, shown(result)).toBe(0);
  });

  boxTest('lives and does not listen any more: fail', async ({ box }) => {
    const result = await box.run(tabs(misfit('deaf-at', '11'), '10m'));
    expect(result.code, shown(result)).toBe(1);
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome).toBe('fail');
    expect(reason).toMatch(/process \d+ lives but does not listen on port \d+ any more/);
    expect(reason).toContain('the last words');
  });

  boxTest('ends by SIGSEGV: fail, and the signal is named', async ({ box }) => {
    const result = await box.run(tabs(misfit('segfault-at', '5'), '10m'));
    expect(result.code, shown(result)).toBe(1);
    expect(aliveFinding(result)?.reason).toContain('SIGSEGV');
  });

  boxTest('listens late, but in time', async ({ box }) => {
    const result = await box.run(tabs(misfit('late', '1500'), '1s'));
    expect(result.code, shown(result)).toBe(0);
  });
});
