import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { openBrowser, type ReportBrowser } from '../reports/testing/browser.ts';
import { boxTest as it, shown } from './support/cli.ts';

let browser: ReportBrowser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

it('the page of a run shows it running, follows it without being loaded again, and stays as its report', async ({
  box,
}) => {
  const cli = box.start(['--scenarios', 'limit,tabs', '--duration', '3s', '--ui']);
  await cli.printed(/Live view: \S+/);
  const url = /Live view: (\S+)/.exec(cli.output())?.[1] ?? '';
  const context = await browser.browser.newContext();
  try {
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:') && new URL(request.url()).origin !== new URL(url).origin)
        faults.push(`request: ${request.url()}`);
    });
    let loads = 0;
    page.on('load', () => loads++);
    await page.goto(url);
    await page.getByRole('heading', { level: 1, name: 'running' }).waitFor();
    const bar = page.locator('#live');
    await bar.filter({ hasText: /tabs: hold/ }).waitFor();
    await bar
      .locator('.clock')
      .filter({ hasText: /\d:\d\d/ })
      .waitFor();
    // Of the scenario that runs, and its readings, as they come.
    await page.locator('#part-scenarios').filter({ hasText: 'tabs' }).waitFor();
    expect(await page.title()).toContain('running');

    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(0);
    await bar.filter({ hasText: 'The run is over' }).waitFor();
    const outcome = result.report?.verdict.outcome ?? '';
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(outcome);
    expect(await page.locator('.sentence').first().textContent()).toBe(result.report?.verdict.reason);
    expect(await page.title()).toContain(outcome);
    expect(await bar.textContent()).toMatch(/saved as \S*report\.html/);
    expect(await page.locator('#chart canvas').count()).toBeGreaterThan(0);
    expect({ loads, faults }).toEqual({ loads: 1, faults: [] });

    const token = new URL(url).searchParams.get('token') ?? 'none';
    for (const file of ['journal.ndjson', 'report.json', 'report.html', 'report.md'])
      expect(readFileSync(join(result.runFolder ?? '', file), 'utf8'), file).not.toContain(token);
  } finally {
    await context.close();
  }
});
