import type { Scenario } from '../harness/model.ts';
import { TABS_IN_BROWSER_CHECKS, tabsInBrowser } from './tabs-in-browser.ts';

/** The checklist's "dashboard with 10 browser tabs": five on each of two workflows, which is just the usual limit. */
const KEYS = 2;
const TABS = 10;

const EVENT_INTERVAL_MS = 1000;
const ANSWER_MS = 10_000;

export const tabs: Scenario = {
  name: 'tabs',
  proves: '10 tabs held over 2 workflows stay open, receive events, and keep memory under the budget',
  checks: ['streams-held', 'cleanup'],
  checksFor: ({ browser }) => (browser === null ? tabs.checks : TABS_IN_BROWSER_CHECKS),
  paths: [],
  unfit: () => null,
  expectedMs: ({ durationMs }) => durationMs + 2000,
  async run(context) {
    const { config } = context;
    if (config.browser !== null) return tabsInBrowser(context);
    await context.phase('hold');
    // Without {key} in the URL all streams share one limit.
    const keys = config.url.includes('{key}') ? KEYS : 1;
    const perKey = Math.min(TABS / keys, config.limit ?? TABS);
    const streams = Array.from({ length: keys * perKey }, (_, i) =>
      context.open('tab', context.key(1 + (i % keys))),
    );
    await context.within(Promise.all(streams.map(({ answered }) => answered)), ANSWER_MS);
    const end = performance.now() + config.durationMs;
    while (performance.now() < end) {
      if (config.events !== null) {
        for (let n = 1; n <= keys; n++) await context.feed(context.key(n), { count: 1, bytesPerEvent: 300 });
      }
      await context.sleep(Math.min(EVENT_INTERVAL_MS, Math.max(1, end - performance.now())));
    }
    await context.endAll();
  },
};
