/**
 * How long a browser takes to open the report of an hour's run: from the begin of the load to the moment at which all charts
 * are drawn. Prints the median of five pages, each in a context of its own.
 *
 *   node bench/report-page.ts [--pages 5]
 */

import { median } from '../harness/verdict/theil-sen.ts';
import { html } from '../reports/html.ts';
import { drawnMs, openBrowser } from '../reports/testing/browser.ts';
import { hourReport } from '../reports/testing/sample-report.ts';
import { command, readOptions, wholeNumber } from './options.ts';

await command('report-page', async () => {
  const { values } = readOptions({ options: { pages: { type: 'string', default: '5' } } });
  const count = wholeNumber('--pages', values.pages);
  const page = html.render(hourReport());
  const tested = await openBrowser();
  const times: number[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const opened = await tested.open(page);
      const drawn = await opened.page.waitForFunction(drawnMs);
      times.push(Number(await drawn.jsonValue()));
      if (opened.faults.length > 0) throw new Error(`the page has faults: ${opened.faults.join('; ')}`);
      await opened.page.context().close();
    }
  } finally {
    await tested.close();
  }
  const [least, most] = [Math.min(...times), Math.max(...times)];
  const size = `${Math.round(Buffer.byteLength(page) / 1000)} kB`;
  process.stdout.write(
    `An hour's report of ${size}: charts drawn after ${Math.round(median(times))} ms, the median of ${count} pages (${Math.round(least)} to ${Math.round(most)} ms).\n`,
  );
  return 0;
});
