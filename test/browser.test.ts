import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { JOURNAL_NAME } from '../harness/journal.ts';
import { isGroupAlive, readIdentity } from '../harness/targets/process-group.ts';
import { type Box, boxTest, EVENTS_URL, findRun, shown, targetCommand } from './support/cli.ts';
import { findingsOf, notPassed } from './support/findings.ts';
import { killProcess } from './support/processes.ts';
import { until } from './support/until.ts';

// Ten tabs of a real browser have no time to themselves on a machine that is busy with other tests.
vi.setConfig({ testTimeout: 240_000 });

const IN_BROWSER = ['run', '--scenarios', 'tabs', '--browser', '--no-inspect', '--duration', '1s'];
const ownStreams = (mode: 'tidy' | 'keeps') => [
  ...['--command', `${targetCommand('event-page.mjs')} {dir}/events.jsonl ${mode}`],
  ...['--url', EVENTS_URL, '--page', 'http://127.0.0.1:{port}/', '--rows', '#events li'],
  ...['--events-file', '{dir}/events.jsonl'],
];

const profiles = () => readdirSync(tmpdir()).filter((name) => name.startsWith('hydrotest-browser-'));
const browserOf = (box: Box) => box.processes().filter(({ command }) => command.includes('--user-data-dir='));
const finding = (result: Parameters<typeof findingsOf>[0], check: string, subject: string) =>
  findingsOf(result).find((each) => each.check === check && each.subject === subject);

// One after the other: a browser with ten tabs is enough for a small machine.
describe('tabs in a real browser', () => {
  boxTest('pass on the reference server, whatever is done to them', async ({ box }) => {
    const before = profiles();
    const result = await box.run(IN_BROWSER);
    // Ten tabs that share two cores with other tests may be too noisy to decide; nothing else may be open.
    expect(
      notPassed(result).filter((text) => !text.startsWith('inconclusive: tabs/browser-heap')),
      shown(result),
    ).toEqual([]);
    const kill = finding(result, 'tabs-in-browser', 'kill');
    expect(kill?.evidence).toMatchObject({ establishedCount: 0, closeWaitCount: 0, slotsHeldCount: 0 });
    const crash = finding(result, 'tabs-in-browser', 'crash');
    expect(crash?.evidence).toMatchObject({ blankCount: 0, tabCount: 10 });
    expect(finding(result, 'browser-heap', 'heap')?.evidence).toMatchObject({ tabCount: 10 });
    expect(box.processes()).toEqual([]);
    // Of another program's browsers some may have gone meanwhile.
    expect(profiles().filter((name) => !before.includes(name))).toEqual([]);
  });

  boxTest('fail where each has a stream of its own, and keeps what it shows', async ({ box }) => {
    const result = await box.run([...IN_BROWSER, ...ownStreams('keeps')]);
    expect(result.code, shown(result)).toBe(1);
    const open = finding(result, 'tabs-in-browser', 'open');
    expect(open?.outcome).toBe('fail');
    expect(open?.reason).toMatch(/4 of 10 tabs showed nothing new.*6 connections.*HTTP\/1\.1/);
    // With five of them closed, the connections suffice.
    expect(finding(result, 'tabs-in-browser', 'close')?.outcome).toBe('pass');
    const heap = finding(result, 'browser-heap', 'heap');
    expect(heap?.outcome, shown(result)).toBe('fail');
    expect(heap?.reason).toContain('the page keeps');
    expect(notPassed(result)).not.toContain('fail: tabs/browser-heap (DOM nodes)');
  });

  boxTest('are gone with their browser and its profile when hydrotest is killed', async ({ box }) => {
    const before = profiles();
    const cli = box.start([...IN_BROWSER, ...ownStreams('tidy')]);
    // Its renderers do not show their environment, so the group is asked.
    await until('the browser is up', () => browserOf(box).length > 0 && profiles().length > before.length);
    const groupId = browserOf(box)[0]?.pid as number;
    expect(readIdentity(groupId)?.groupId).toBe(groupId);
    killProcess(cli.pid);
    await cli.ended;
    await box.allGone();
    await until('all of its processes are gone', () => !isGroupAlive(groupId));
    await until('its profile is removed', () => profiles().every((name) => before.includes(name)));
    expect(existsSync(join(findRun(box.outDir) ?? '', JOURNAL_NAME))).toBe(true);
  });

  boxTest(
    'are gone with their browser and its profile when hydrotest is stopped as they open',
    async ({ box }) => {
      const before = profiles();
      const cli = box.start([...IN_BROWSER, ...ownStreams('tidy')]);
      await until('the browser starts', () => browserOf(box).length > 0);
      cli.signal('SIGINT');
      const result = await cli.ended;
      expect(notPassed(result).filter((text) => text.startsWith('fail'))).toEqual([]);
      expect(result.stderr).not.toContain('Unhandled');
      await box.allGone();
      expect(browserOf(box)).toEqual([]);
      // Of another program's browsers some may have gone meanwhile.
      expect(profiles().filter((name) => !before.includes(name))).toEqual([]);
    },
  );
});

describe.concurrent('what a browser needs', () => {
  boxTest.for<[what: string, args: string[], message: string]>([
    ['a page', ['--command', 'true', '--url', EVENTS_URL], '--browser has no page to open'],
    ['a path that can be run', ['--browser', '/nowhere/chromium'], '/nowhere/chromium'],
    ['the scenario tabs', ['--scenarios', 'limit'], '--browser is for the scenario tabs'],
  ])('%s', async ([, args, message], { box }) => {
    const result = await box.run([...IN_BROWSER, ...args]);
    expect(result.code, shown(result)).toBe(2);
    expect(result.stderr).toContain(message);
    expect(result.runFolder).toBeNull();
  });

  boxTest('nothing of the kind where nobody asks for it', async ({ box }) => {
    const result = await box.run(['run', '--scenarios', 'tabs', '--duration', '1s']);
    expect(result.code, shown(result)).toBe(0);
    expect(readFileSync(join(result.runFolder ?? '', JOURNAL_NAME), 'utf8')).not.toContain(
      '"type":"browser"',
    );
    expect(notPassed(result)).toEqual([]);
  });
});
