import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { JOURNAL_NAME } from '../harness/journal.ts';
import { type Box, boxTest, EVENTS_URL, findRun, NODE, shown, targetCommand } from './support/cli.ts';
import { findingsOf, reportOf } from './support/findings.ts';
import { killProcess } from './support/processes.ts';
import { until } from './support/until.ts';

const LONG_HOLD = ['run', '--scenarios', 'tabs', '--duration', '10m'];

/** Resolves when the run holds its ten tabs. */
async function holdsTabs(box: Box): Promise<void> {
  await until('ten streams are open', () => {
    const run = findRun(box.outDir);
    const path = join(run ?? '', JOURNAL_NAME);
    return run !== null && existsSync(path) && readFileSync(path, 'utf8').includes('"openStreamCount":10,');
  });
}

describe.concurrent('a target that does not start', () => {
  boxTest('ends at once: invalid, with its last words', async ({ box }) => {
    const command = `${NODE} -e "console.error('no such database'); process.exit(7)"`;
    const result = await box.run(['run', '--command', command, '--url', EVENTS_URL, '--scenarios', 'tabs']);
    expect(result.code, shown(result)).toBe(3);
    const { verdict, complete } = reportOf(result);
    expect(verdict.outcome).toBe('invalid');
    expect(verdict.reason).toContain('exit code 7');
    expect(verdict.reason).toContain('no such database');
    expect(complete).toBe(false);
    expect(result.stdout).toContain('no such database');
  });

  boxTest('never listens: invalid after --ready-timeout', async ({ box }) => {
    const command = `${NODE} -e "console.log('thinking'); setInterval(() => {}, 1000)"`;
    const target = ['--command', command, '--url', EVENTS_URL, '--ready-timeout', '2s'];
    const result = await box.run(['run', ...target, '--scenarios', 'tabs']);
    expect(result.code, shown(result)).toBe(3);
    const { verdict } = reportOf(result);
    expect(verdict.outcome).toBe('invalid');
    expect(verdict.reason).toContain('nothing answers on 127.0.0.1:');
    expect(verdict.reason).toContain('2000 ms');
    expect(verdict.reason).toContain('thinking');
  });

  boxTest("finds its port taken: invalid, and the stranger's server is left alone", async ({ box }) => {
    let requestCount = 0;
    const stranger = createServer((_request, response) => {
      requestCount++;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    try {
      const { port } = stranger.address() as AddressInfo;
      const command = targetCommand('better-sse-express.mjs');
      const target = ['--command', command, '--url', `http://127.0.0.1:${port}/events`];
      const result = await box.run(['run', ...target, '--scenarios', 'tabs']);
      expect(result.code, shown(result)).toBe(3);
      expect(reportOf(result).verdict.reason).toContain(`port ${port} on 127.0.0.1 is taken`);
      expect(requestCount).toBe(0);
    } finally {
      stranger.close();
    }
  });
});

describe.concurrent('a target in the middle of a run', () => {
  // Soon after the first request the crash is met by a probe, later by the streams; both have to come out the same.
  for (const afterMs of [50, 2000]) {
    boxTest(`crashes ${afterMs} ms after a request: fail, with its last words`, async ({ box }) => {
      const command = `${targetCommand('crashes.mjs')} ${afterMs}`;
      const result = await box.run([...LONG_HOLD, '--command', command, '--url', EVENTS_URL]);
      expect(result.code, shown(result)).toBe(1);
      const finding = findingsOf(result).find(({ check }) => check === 'target-alive');
      expect(finding?.outcome).toBe('fail');
      expect(finding?.reason).toContain('the cache is on fire');
      expect(result.stdout).toContain('the cache is on fire');
    });
  }

  boxTest('behind a shell that stays: the server is measured, not the shell', async ({ box }) => {
    const command = `sh -c "${targetCommand('better-sse-express.mjs').replaceAll('"', '\\"')} & wait"`;
    const result = await box.run([
      ...['run', '--command', command, '--url', EVENTS_URL],
      ...['--scenarios', 'tabs', '--duration', '1s'],
    ]);
    expect(result.code, shown(result)).toBe(0);
    const [tabs] = reportOf(result).scenarios;
    expect(tabs?.leakProbe).toBe('heap');
    expect(tabs?.gaps).toEqual([]);
    // The smallest Node process has 40 MB, a shell some 4 MB.
    expect(tabs?.peakRssBytes).toBeGreaterThan(40e6);
  });
});

describe.concurrent('stopping the program', () => {
  boxTest('Ctrl-C once: stops gently, and reports what it has', async ({ box }) => {
    const cli = box.start(LONG_HOLD);
    await holdsTabs(box);
    expect(box.processes().length).toBeGreaterThanOrEqual(3); // itself, the guardian, the target
    cli.signal('SIGINT');
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    const { verdict, complete, scenarios } = reportOf(result);
    expect(verdict.outcome).toBe('invalid');
    expect(verdict.reason).toContain('SIGINT');
    expect(complete).toBe(false);
    expect(scenarios[0]?.streamCount).toBeGreaterThanOrEqual(10);
    expect(result.stderr).toContain('once more to end at once');
    // The program waits for them: nothing of it is left when it has ended.
    expect(box.processes()).toEqual([]);
  });

  boxTest('Ctrl-C twice: ends at once, and takes even an obstinate target with it', async ({ box }) => {
    const target = ['--command', targetCommand('ignores-sigterm.mjs'), '--url', EVENTS_URL];
    const cli = box.start([...LONG_HOLD, ...target]);
    await holdsTabs(box);
    cli.signal('SIGINT');
    await cli.printed(/stopping/);
    // Two signals in the same moment are one Ctrl-C that came by two ways; an impatient person is slower.
    await sleep(1000);
    cli.signal('SIGINT');
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    expect(result.report).toBe(null);
    await box.allGone();
  });

  boxTest('kill -9: the target goes too, and the journal still makes a report', async ({ box }) => {
    const cli = box.start(LONG_HOLD);
    await holdsTabs(box);
    killProcess(cli.pid);
    const { code, runFolder, report } = await cli.ended;
    expect(code).toBe(null);
    expect(report).toBe(null);
    await box.allGone();

    const again = await box.run(['report', runFolder ?? ''], { out: false });
    expect(again.code, shown(again)).toBe(3);
    const { verdict, complete, scenarios } = reportOf(again);
    expect(complete).toBe(false);
    expect(verdict.outcome).toBe('invalid');
    expect(verdict.reason).toContain('the journal ends before the run did');
    expect(scenarios[0]?.scenario).toBe('tabs');
    expect(scenarios[0]?.series.length).toBeGreaterThan(0);
    expect(readFileSync(join(runFolder ?? '', 'report.html'), 'utf8')).toContain('did not come to its end');
  });
});
