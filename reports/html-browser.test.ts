import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../harness/model.ts';
import { chartData, html, htmlParts, renderPage } from './html.ts';
import { drawnMs, openBrowser, type ReportBrowser } from './testing/browser.ts';
import { contrastFaults, graphicContrasts, pixelsOf } from './testing/page-probes.ts';
import {
  emptyReport,
  failingReport,
  hostileReport,
  hourReport,
  interruptedReport,
  passingReport,
} from './testing/sample-report.ts';

test('the charts are drawn by a browser whose language is no language', async () => {
  const { open, close } = await openBrowser({ language: false });
  try {
    const blank = await open('<title>blank</title>');
    expect(await blank.page.evaluate('navigator.language')).toBe('en-US@posix');
    const { page, faults } = await open(html.render(failingReport()));
    await page.waitForFunction(drawnMs);
    expect(await page.locator('canvas').count()).toBe(5);
    expect(faults).toEqual([]);
  } finally {
    await close();
  }
});

describe('the page in a browser', () => {
  let tested: ReportBrowser;
  beforeAll(async () => {
    tested = await openBrowser();
  });
  afterAll(() => tested.close());

  const openDrawn = async (report: Report, options = {}) => {
    const opened = await tested.open(html.render(report), options);
    await opened.page.waitForFunction(drawnMs);
    return opened;
  };

  test.each([
    ['passing', passingReport()],
    ['failing', failingReport()],
    ['an hour', hourReport()],
    ['hostile', hostileReport()],
  ])('%s: draws its charts, without an error, a violation or a request', async (_, report) => {
    const { page, faults } = await openDrawn(report);
    for (const [line, least] of [
      ['rss', 100],
      ['pss', 50],
      ['heap', 50],
    ] as const)
      expect(await page.evaluate(pixelsOf('memory', line)), line).toBeGreaterThan(least);
    expect(await page.evaluate(pixelsOf('ends', 'end-client'))).toBeGreaterThan(20);
    expect(await page.locator('img').count()).toBe(0);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('what must not happen is noticed where it does', async () => {
    const page = html.render(passingReport());
    const bad = page.replace(
      '</main>',
      '<p style="color: #999">pale</p><img src="http://127.0.0.1:9/" onerror="alert(1)"><table></table></main>',
    );
    const opened = await tested.open(bad);
    await opened.page.waitForFunction(drawnMs);
    expect(opened.faults.join()).toContain('policy: style-src');
    expect(opened.faults.join()).toContain('policy: img-src');
    // What the policy forbids here is let in, to be seen by its contrast.
    await opened.page
      .locator('main > p')
      .evaluate((element) => Reflect.get(element, 'style').setProperty('color', '#999'));
    expect(await opened.page.evaluate(contrastFaults)).toEqual([expect.stringMatching(/^P\./)]);
    await opened.page.context().close();
  });

  test('without uPlot the page says so, and has all the rest', async () => {
    // A script that was changed is not the one that the policy allows.
    const { page, faults } = await tested.open(
      html.render(failingReport()).replace('var uPlot=', 'var other='),
    );
    expect(await page.locator('#no-chart').isVisible()).toBe(true);
    expect(await page.locator('#charts').isVisible()).toBe(false);
    expect(await page.locator('#copy').isVisible()).toBe(true);
    expect(faults.join()).toContain('policy: script-src');
    await page.context().close();
  });

  test.each([
    ['interrupted', interruptedReport()],
    ['empty', emptyReport()],
  ])('%s: says that there is nothing to draw', async (_, report) => {
    const { page, faults } = await tested.open(html.render(report));
    expect(await page.locator('#part-readings').innerText()).toBe('No memory reading was taken.');
    expect(await page.locator('#charts').isVisible()).toBe(false);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('the legend hides a line and brings it back, and a chart with its only line', async () => {
    const { page, faults } = await openDrawn(failingReport());
    const rss = page.locator('.toggle[data-series="rss"]');
    const before = await page.evaluate<number>(pixelsOf('memory', 'rss'));
    await rss.click();
    expect(await rss.getAttribute('aria-pressed')).toBe('false');
    await page.waitForFunction(`${pixelsOf('memory', 'rss')} === 0`);
    await rss.click();
    await page.waitForFunction(`${pixelsOf('memory', 'rss')} > ${before / 2}`);
    await page.locator('.toggle[data-series="trend"]').click();
    await page.waitForFunction(`${pixelsOf('memory', 'trend')} === 0`);
    await page.locator('.toggle[data-series="client"]').click();
    await page.waitForFunction(`${pixelsOf('ends', 'end-client')} === 0`);
    await page.locator('.toggle[data-series="streams"]').click();
    expect(await page.locator('[data-plot="streams"] canvas').isVisible()).toBe(false);
    expect(await page.locator('[data-plot="fds"] canvas').isVisible()).toBe(true);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('a drag over one chart zooms all of them, a double click shows everything again', async () => {
    const { page, faults } = await openDrawn(failingReport());
    const spans = () => page.evaluate<[number, number][]>('hydrotest.charts.spans()');
    const [whole] = await spans();
    await page.locator('[data-plot="streams"] .u-over').scrollIntoViewIfNeeded();
    const plot = await page.locator('[data-plot="streams"] .u-over').boundingBox();
    if (plot === null || whole === undefined) throw new Error('the chart of streams is not drawn');
    const y = plot.y + plot.height / 2;
    await page.mouse.move(plot.x + plot.width * 0.3, y);
    await page.mouse.down();
    await page.mouse.move(plot.x + plot.width * 0.6, y, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(`hydrotest.charts.spans().every(([from]) => from > ${whole[0] + 1})`);
    const zoomed = await spans();
    for (const span of zoomed) expect(span).toEqual(zoomed[0]);
    expect((zoomed[0]?.[1] ?? 0) / whole[1]).toBeCloseTo(0.6, 1);
    await page.mouse.dblclick(plot.x + plot.width / 2, y);
    await page.waitForFunction(`hydrotest.charts.spans().every(([, to]) => to === ${whole[1]})`);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('the cursor shows all values, for the mouse and for the keyboard', async () => {
    const { page, faults } = await openDrawn(failingReport());
    await page.locator('[data-plot="memory"] .u-over').hover({ position: { x: 400, y: 80 } });
    const tip = page.locator('.tip');
    await tip.waitFor();
    const words = [
      'RSS',
      'PSS at',
      'Heap at',
      'Open streams',
      'File descriptors',
      'Events a second',
      'client left',
    ];
    for (const word of words) expect(await tip.innerText()).toContain(word);
    // Both charts have a cursor at the same place.
    const cursors = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.u-cursor-x')].map(({ style }) => style.transform)`,
    );
    expect(new Set(cursors).size).toBe(1);
    await page.mouse.move(0, 0);
    await page.locator('#chart').focus();
    const seen = new Set<string>();
    for (const key of ['ArrowRight', 'ArrowRight', 'End', 'Home', 'Shift+ArrowRight', 'ArrowLeft']) {
      await page.keyboard.press(key);
      seen.add(await page.locator('#reading').innerText());
    }
    // Home is where the first arrow went.
    expect(seen.size).toBe(5);
    for (const text of seen) expect(text).toMatch(/Time .*RSS .*Open streams /);
    await page.keyboard.press('Escape');
    expect(await tip.isVisible()).toBe(false);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('the Tab key goes through everything in the order of the page, and Enter opens a card', async () => {
    const { page } = await openDrawn(passingReport());
    const all = await page.evaluate<number>(
      `(window.reachable = [...document.querySelectorAll('summary, button, select, [tabindex="0"]')].filter((one) => one.checkVisibility() && one.getClientRects().length > 0)).length`,
    );
    const visited: number[] = [];
    for (let i = 0; i < all; i++) {
      await page.keyboard.press('Tab');
      visited.push(await page.evaluate<number>('reachable.indexOf(document.activeElement)'));
    }
    expect(visited).toEqual(Array.from({ length: all }, (_, index) => index));
    await page.locator('.card > summary').first().focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('.card[open]').count()).toBe(1);
    await page.context().close();
  });

  test.each(['light', 'dark'] as const)(
    'text and lines stand out on their ground: %s',
    async (colorScheme) => {
      const { page } = await openDrawn(failingReport(), { colorScheme });
      expect(await page.evaluate(contrastFaults)).toEqual([]);
      const graphics = await page.evaluate<Record<string, number>>(graphicContrasts);
      for (const [name, ratio] of Object.entries(graphics)) expect(ratio, name).toBeGreaterThanOrEqual(3);
      await page.context().close();
    },
  );

  test.each([
    ['failing', failingReport()],
    ['hostile', hostileReport()],
  ])('%s: a phone scrolls it in one direction', async (_, report) => {
    const { page } = await openDrawn(report, { viewport: { width: 390, height: 844 } });
    await page.evaluate(`for (const details of document.querySelectorAll('details')) details.open = true`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.context().close();
  });

  test('each table has a caption or a name, each heading follows its level', async () => {
    const { page } = await openDrawn(failingReport());
    const unnamed = `[...document.querySelectorAll('table')].filter((table) => !table.caption && !table.hasAttribute('aria-labelledby')).length`;
    expect(await page.evaluate(unnamed)).toBe(0);
    const levels = await page.evaluate<number[]>(
      `[...document.querySelectorAll('h1, h2, h3, h4')].map(({ tagName }) => Number(tagName[1]))`,
    );
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.forEach((level, index) => {
      expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    });
    await page.context().close();
  });

  test('a run that goes on is followed without a loss of what the reader opened, zoomed and focused', async () => {
    const later = failingReport();
    const early = { ...later, complete: false, scenarios: later.scenarios.slice(0, 4) };
    const { page, faults } = await tested.open(
      renderPage(early, { running: true, live: { script: 'document.title += "!"' } }),
    );
    await page.waitForFunction(drawnMs);
    expect(await page.title()).toMatch(/^… running · hydrotest .*!$/);
    expect(await page.locator('h1').innerText()).toMatch(/running/i);
    expect(await page.locator('.card').last().innerText()).toContain('running');
    const first = page.locator('details[data-key="tabs"] > summary');
    await first.click();
    await page.locator('details[data-key="limit"] > summary').click();
    await first.focus();
    await page.locator('.toggle[data-series="pss"]').click();
    await first.focus();
    await page.locator('#scenario').selectOption({ label: 'limit' });
    await first.focus();
    const [zoomed] = await page.evaluate<[number, number][]>('hydrotest.charts.spans()');
    const top = () => first.evaluate((element) => element.getBoundingClientRect().top);
    const before = await top();
    await page.evaluate(([parts, data]) => Reflect.get(globalThis, 'hydrotest').update(parts, data), [
      htmlParts(later),
      chartData(later),
    ] as const);
    expect(await page.title()).toBe(`✖ fail · hydrotest ${later.runId}`);
    expect(await page.getByRole('status').innerText()).toContain('fail');
    expect(await page.locator('link[rel="icon"]').getAttribute('href')).toContain('c62f2b');
    expect(await page.locator('h1').innerText()).toMatch(/fail/i);
    expect(await page.locator('.card').count()).toBe(later.scenarios.length);
    expect(await page.locator('details[data-key="tabs"]').getAttribute('open')).toBe('');
    expect(await page.locator('details[data-key="limit"]').getAttribute('open')).toBeNull();
    expect(await first.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    expect(Math.abs((await top()) - before)).toBeLessThan(2);
    expect(await page.evaluate('hydrotest.charts.spans()')).toEqual(Array(5).fill(zoomed));
    expect(await page.locator('.toggle[data-series="pss"]').getAttribute('aria-pressed')).toBe('false');
    expect(await page.evaluate(pixelsOf('memory', 'pss'))).toBe(0);
    expect(await page.locator('#scenario option').count()).toBe(later.scenarios.length + 1);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
