import { afterAll, beforeAll, it } from 'vitest';
import { startLiveServer } from '../harness/live/live-server.ts';
import { look } from '../harness/live/live-state.ts';
import { healthyRun } from '../harness/testing/records.ts';
import { openBrowser, type ReportBrowser } from '../reports/testing/browser.ts';

let browser: ReportBrowser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

const whole = { begin: '', words: /^Live · / };
const broken = {
  begin: `let page;
    Object.defineProperty(window, 'hydrotest', {
      get: () => page,
      set(value) { page = value; page.update = () => { throw new Error('not drawn'); }; },
    });`,
  words: /could not show what is new: load it again/,
};

it.each([
  ['says how the run goes', whole],
  ['says so where it cannot show it, and is not left with nothing but a clock', broken],
])('the page of a run %s', async (_, { begin, words }) => {
  const server = await startLiveServer(() => look(healthyRun(['limit', 'tabs']), 'running'));
  const context = await browser.browser.newContext();
  try {
    await context.addInitScript(begin);
    const page = await context.newPage();
    await page.goto(server.url);
    await page.locator('#live > span:nth-of-type(2)').filter({ hasText: words }).waitFor();
  } finally {
    await context.close();
    await server.close(0);
  }
});
