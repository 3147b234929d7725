import { describe, expect, it } from 'vitest';
import type { BrowserEntry, RunRecord, ScenarioRecord } from '../model.ts';
import {
  BROWSER_PHASES,
  healthyTabs as healthy,
  heaps,
  slotOf,
  tabOf,
  tabs,
} from '../testing/browser-entries.ts';
import { examine } from '../testing/examine.ts';

type Change = (scenario: ScenarioRecord, run: RunRecord) => unknown;

const inBrowser =
  (browser: BrowserEntry[], change: Change = () => {}): Change =>
  (scenario, run) => {
    run.run.config.browser = { path: null, rows: null };
    scenario.checks = ['tabs-in-browser', 'browser-heap', 'cleanup'];
    scenario.browser = browser;
    change(scenario, run);
  };
const changed = (phase: string, change: Partial<BrowserEntry>) =>
  healthy().map((entry) =>
    entry.phase === phase && entry.moment === 'end' ? { ...entry, ...change } : entry,
  );
const tabsIn = (browser: BrowserEntry[], change?: Change) =>
  examine('tabs-in-browser', 'tabs', inBrowser(browser, change));

describe('tabs-in-browser', () => {
  it('passes, phase by phase, when all tabs go on', () => {
    const { findings, outcome, report } = tabsIn(healthy());
    expect(outcome).toBe('pass');
    expect(findings.map(({ subject }) => subject)).toEqual(BROWSER_PHASES);
    expect(report.verdict.outcome).toBe('pass');
  });

  it('says nothing where there was no browser', () => {
    expect(examine('tabs-in-browser', 'tabs').outcome).toBe('none');
    expect(examine('browser-heap', 'tabs').outcome).toBe('none');
  });

  it('names blank tabs, and the connections that a browser allows itself', () => {
    const { outcome, reason } = tabsIn(
      changed('open', { blankTabs: [7, 8, 9, 10], sockets: { established: 6 } }),
    );
    expect(outcome).toBe('fail');
    expect(reason).toContain('4 of 10 tabs showed nothing new in 1.5 s (tabs 7, 8, 9, 10)');
    expect(reason).toContain('share one stream');
  });

  it.each<[what: string, phase: string, change: Partial<BrowserEntry>, reason: string]>([
    ['a blank tab for another reason', 'refresh', { blankTabs: [3] }, '1 of 10 tabs showed nothing new'],
    [
      'connections kept',
      'close',
      { sockets: { established: 2, close_wait: 3 } },
      'still holds 3 connections',
    ],
    ['a connection of nobody', 'kill', { sockets: { established: 1 } }, 'although the browser is gone'],
    ['more slots held than tabs', 'close', { slots: [slotOf('key-1', 4, 3)] }, 'only 1 of 5 slots free'],
    ['a slot held by nobody', 'kill', { slots: [slotOf('key-1', 1, 0)] }, 'only 4 of 5 slots free'],
    ['a limit that lets more in', 'open', { slots: [slotOf('key-1', -1, 5)] }, 'let in 6 streams'],
  ])('fails on %s', (_, phase, change, text) => {
    const { outcome, reason } = tabsIn(changed(phase, change));
    expect({ outcome, reason }).toMatchObject({ outcome: 'fail', reason: expect.stringContaining(text) });
  });

  it.each<[what: string, browser: BrowserEntry[], change?: Change]>([
    ['nothing was looked at', []],
    ['the last phase is missing', healthy().filter(({ phase }) => phase !== 'kill')],
    ['no tab was open', changed('sleep', { tabs: [] })],
    ['slots were not tried', changed('crash', { slots: [] })],
    [
      'streams that try slots got no answer',
      changed('kill', { slots: [{ ...slotOf('key-1', 0, 0), refusedCount: 0 }] }),
    ],
    [
      'nothing was shown, and perhaps nothing sent',
      changed('open', {
        blankTabs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        tabs: tabs((tab) => tabOf(tab, { rowCount: 0 })),
      }),
      (scenario) => (scenario.feeds = []),
    ],
    [
      'no stream that tries slots got an answer',
      changed('close', { slots: [{ ...slotOf('key-1', 5, 3), acceptedCount: 0, refusedCount: 0 }] }),
    ],
    [
      'all tabs of a key stand still, and perhaps nothing was sent',
      changed('sleep', { blankTabs: [1, 3, 5, 7, 9] }),
      (scenario) => (scenario.feeds = []),
    ],
    [
      'neither connections nor slots are known in the end',
      changed('kill', { sockets: null, slots: [] }),
      (scenario) => (scenario.limit = null),
    ],
    [
      'a tab crashed by itself',
      changed('hold', { tabs: tabs((tab) => tabOf(tab, { state: tab === 3 ? 'crashed' : 'open' })) }),
    ],
  ])('is invalid when %s', (_, browser, change) => {
    expect(tabsIn(browser, change).outcome).toBe('invalid');
  });

  it('takes a tab that stands still beside others of its key for blank, fed or not', () => {
    const browser = changed('sleep', { blankTabs: [1, 3] });
    expect(tabsIn(browser).outcome).toBe('fail');
    expect(tabsIn(browser, (scenario) => (scenario.feeds = [])).outcome).toBe('fail');
  });

  it('says that the target ends streams, once it has', () => {
    const reasonAt = (deadlineMs: number) =>
      tabsIn(changed('refresh', { blankTabs: [3] }), (scenario) =>
        Object.assign(scenario, { elapsedMs: 0, deadlineMs }),
      ).reason;
    expect(reasonAt(3000)).toContain('the target ends streams after 3.0 s');
    expect(reasonAt(60_000)).toContain("look at the page's console");
  });

  it('names no count of connections that it could not read', () => {
    const { outcome, reason } = tabsIn(changed('refresh', { blankTabs: [3], sockets: null }));
    expect(outcome).toBe('fail');
    expect(reason).not.toContain('connections open');
  });
});

describe('browser-heap', () => {
  const heapIn = (heap: BrowserEntry[]) => examine('browser-heap', 'tabs', inBrowser(healthy(heap)));
  const outcomes = (heap: BrowserEntry[]) =>
    Object.fromEntries(heapIn(heap).findings.map(({ subject, outcome }) => [subject, outcome]));

  it('passes on a page that stays as it is', () => {
    expect(outcomes(heaps(0))).toEqual({ heap: 'pass', 'DOM nodes': 'pass' });
  });

  it('fails on a page that keeps what it has shown', () => {
    expect(outcomes(heaps(300))).toEqual({ heap: 'fail', 'DOM nodes': 'pass' });
    expect(heapIn(heaps(300)).reason).toMatch(/keeps (29|30)\d B a row/);
  });

  it('fails on a page whose list is never cut', () => {
    expect(outcomes(heaps(0, 2))).toEqual({ heap: 'pass', 'DOM nodes': 'fail' });
  });

  it('is inconclusive on few readings', () => {
    expect(heapIn(heaps(0).slice(0, 15)).outcome).toBe('inconclusive');
    expect(heapIn(heaps(0).slice(0, 5)).outcome).toBe('inconclusive');
  });

  it('is inconclusive when nothing was shown meanwhile', () => {
    const still = heaps(0).map((entry) => ({ ...entry, tabs: heaps(0)[0]?.tabs ?? [] }));
    expect(heapIn(still).outcome).toBe('inconclusive');
  });

  it('counts the tabs that it could read each time, and no others', () => {
    const heap = heaps(0);
    for (const tab of heap[9]?.tabs ?? [])
      if (tab.tab === 4) Object.assign(tab, { heapBytes: null, nodeCount: null });
    const { findings, outcome } = heapIn(heap);
    expect(outcome).toBe('pass');
    for (const { evidence } of findings) expect(evidence).toMatchObject({ tabCount: 9 });
    expect(findings[1]?.evidence).toMatchObject({ firstListenerCount: 9 * 18, lastListenerCount: 9 * 18 });
  });

  it('is inconclusive when no tab could be read each time', () => {
    const heap = heaps(0).map((entry, i) => ({
      ...entry,
      tabs: entry.tabs.map((tab) =>
        tab.tab % 2 === i % 2 ? { ...tab, heapBytes: null, nodeCount: null } : tab,
      ),
    }));
    expect(outcomes(heap)).toEqual({ heap: 'inconclusive', 'DOM nodes': 'inconclusive' });
  });

  it('is invalid without a reading', () => {
    expect(heapIn([]).outcome).toBe('invalid');
  });
});
