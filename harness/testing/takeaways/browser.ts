import type { BrowserEntry, TabReading } from '../../model.ts';
import { BROWSER_PHASES, healthyTabs } from '../browser-entries.ts';
import { clear, endEarly, halve, keep, type Standing, set, type Take } from './takeaway.ts';

const inBrowser: Take = (scenario, { run }) => {
  run.config.browser = { path: null, rows: null };
  scenario.checks = ['tabs-in-browser', 'browser-heap', 'cleanup'];
  scenario.browser = healthyTabs();
};
const isEnd = ({ moment }: BrowserEntry): boolean => moment === 'end';
const isHeap = ({ moment }: BrowserEntry): boolean => moment === 'heap';
const tabsOf = (entries: BrowserEntry[]): TabReading[] => entries.flatMap(({ tabs }) => tabs);

export const tabsInBrowser: Standing[] = [
  {
    scenario: 'tabs',
    when: '',
    prepare: inBrowser,
    takes: {
      'nothing was looked at': ({ browser }) => clear(browser),
      'only heaps were read': ({ browser }) => keep(browser, isHeap),
      ...Object.fromEntries(
        BROWSER_PHASES.map((phase): [string, Take] => [
          `nothing was looked at behind "${phase}"`,
          ({ browser }) => keep(browser, (entry) => entry.phase !== phase || !isEnd(entry)),
        ]),
      ),
      'no tab was told of': ({ browser }) => set(browser.filter(isEnd), { tabs: [] }),
      'a tab was not told of': ({ browser }) => {
        const entry = browser.find(({ phase, moment }) => phase === 'refresh' && moment === 'end');
        if (entry !== undefined) entry.tabs = entry.tabs.filter(({ tab }) => tab !== 3);
      },
      'no tab ever showed a row, and none is called blank': ({ browser }) =>
        set(tabsOf(browser.filter(isEnd)), { rowCount: 0 }),
      'one tab never showed a row, and is not called blank': ({ browser }) =>
        set(
          tabsOf(browser.filter(isEnd)).filter(({ tab }) => tab === 5),
          { rowCount: 0 },
        ),
      'no slot was tried': ({ browser }) => set(browser, { slots: [] }),
      'the slots of one key were not tried': ({ browser }) => {
        for (const entry of browser.filter(isEnd)) entry.slots = entry.slots.slice(0, 1);
      },
      'no stream that tried a slot got an answer': ({ browser }) => {
        for (const entry of browser.filter(isEnd))
          entry.slots = entry.slots.map((slot) => ({ ...slot, acceptedCount: 0, refusedCount: 0 }));
      },
      'slots were asked for nothing': ({ browser }) => {
        for (const entry of browser.filter(isEnd))
          entry.slots = entry.slots.map((slot) => ({
            ...slot,
            askedCount: 0,
            acceptedCount: 0,
            refusedCount: 0,
          }));
      },
      'tabs crashed by themselves': ({ browser }) =>
        set(
          tabsOf(browser.filter(({ phase }) => phase === 'hold')).filter(({ tab }) => tab === 2),
          { state: 'crashed' },
        ),
    },
  },
  {
    scenario: 'tabs',
    when: 'without a limit',
    prepare(scenario, run) {
      inBrowser(scenario, run);
      scenario.limit = null;
      set(scenario.browser, { slots: [] });
    },
    takes: {
      'connections could not be read': ({ browser }) => set(browser, { sockets: null }),
      'connections could not be read when tabs were closed': ({ browser }) =>
        set(
          browser.filter(({ phase }) => phase === 'close'),
          { sockets: null },
        ),
      'connections could not be read when the browser was killed': ({ browser }) =>
        set(
          browser.filter(({ phase }) => phase === 'kill'),
          { sockets: null },
        ),
      'nothing was looked at': ({ browser }) => clear(browser),
    },
  },
  {
    scenario: 'tabs',
    when: 'events of the server alone',
    prepare(scenario, run) {
      inBrowser(scenario, run);
      run.run.config.events = null;
      clear(scenario.feeds);
    },
    takes: {
      'nobody showed a row': ({ browser }) => set(tabsOf(browser.filter(isEnd)), { rowCount: 0 }),
      'all tabs of a key stand still': ({ browser }) =>
        set(
          browser.filter(({ phase }) => phase === 'sleep'),
          { blankTabs: [1, 3, 5, 7, 9] },
        ),
    },
  },
];

export const browserHeap: Standing[] = [
  {
    scenario: 'tabs',
    when: '',
    prepare: inBrowser,
    takes: {
      'nothing was looked at': ({ browser }) => clear(browser),
      'no heap was read': ({ browser }) => keep(browser, isEnd),
      'five readings': ({ browser }) => {
        const heaps = browser.filter(isHeap).slice(0, 5);
        keep(browser, (entry) => isEnd(entry) || heaps.includes(entry));
      },
      'half of the readings': ({ browser }) => {
        const heaps = browser.filter(isHeap);
        halve(heaps);
        keep(browser, (entry) => isEnd(entry) || heaps.includes(entry));
      },
      'sixteen readings': ({ browser }) => {
        const heaps = browser.filter(isHeap).slice(0, 16);
        keep(browser, (entry) => isEnd(entry) || heaps.includes(entry));
      },
      'readings end early': ({ browser }) => {
        const heaps = browser.filter(isHeap);
        endEarly(heaps);
        keep(browser, (entry) => isEnd(entry) || heaps.includes(entry));
      },
      'entries without a heap': ({ browser }) => set(tabsOf(browser), { heapBytes: null }),
      'entries without a count of nodes': ({ browser }) => set(tabsOf(browser), { nodeCount: null }),
      'one entry without tabs': ({ browser }) => set(browser.filter(isHeap).slice(4, 5), { tabs: [] }),
      'one entry without a heap': ({ browser }) =>
        set(tabsOf(browser.filter(isHeap).slice(4, 5)), { heapBytes: null, nodeCount: null }),
      'most tabs were read now and then': ({ browser }) => {
        for (const [i, { tabs }] of browser.filter(isHeap).entries())
          set(
            tabs.filter(({ tab }) => tab > 2 && (tab + i) % 3 === 0),
            { heapBytes: null, nodeCount: null },
          );
      },
      'no row was shown': ({ browser }) => set(tabsOf(browser), { rowCount: 0 }),
      'the rows of one time again and again': ({ browser }) => set(tabsOf(browser), { rowCount: 200 }),
      'heaps of zero': ({ browser }) => set(tabsOf(browser), { heapBytes: 0, nodeCount: 0 }),
    },
  },
];
