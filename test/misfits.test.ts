import { describe, expect } from 'vitest';
import { boxTest, EVENTS_URL, shown, targetCommand } from './support/cli.ts';
import { reportOf } from './support/findings.ts';

const misfit = (...args: string[]) => `${targetCommand('misfit.mjs')} ${args.join(' ')}`;

describe.concurrent('a target that is lost on the way', () => {
  boxTest('a crash while its heap is read is a failure, not a wait for a debugger', async ({ box }) => {
    const target = ['--command', misfit('crash-at', '600'), '--url', EVENTS_URL];
    const result = await box.run(['run', ...target, '--scenarios', 'churn']);
    expect(result.code, shown(result)).toBe(1);
    const { scenarios, verdict } = reportOf(result);
    expect(scenarios[0]?.leakProbe).toBe('heap');
    expect(verdict.reason).toContain('the target ended');
    expect(verdict.reason).toContain('the cache is on fire');
  });

  boxTest('one that its supervisor restarts has not lived through the scenario', async ({ box }) => {
    const command = `while :; do ${misfit('exit-on-reset')}; done`;
    const result = await box.run([
      'run',
      '--command',
      command,
      '--url',
      EVENTS_URL,
      '--scenarios',
      'orphans',
    ]);
    expect(result.code, shown(result)).toBe(1);
    expect(reportOf(result).verdict.reason).toMatch(/it was restarted|started again|does not listen/);
  });
});

boxTest('a good server with one limit for all passes', async ({ box }) => {
  const target = ['--command', misfit('limit', '5'), '--url', EVENTS_URL, '--limit', '5'];
  const scenarios = ['--scenarios', 'limit,tabs,reject', '--duration', '2s'];
  const result = await box.run(['run', ...target, ...scenarios]);
  expect(result.code, shown(result)).toBe(0);
});
