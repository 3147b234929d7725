import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ServerSettings } from '../settings.ts';
import { startServer, type TestServer } from '../testing/start-server.ts';
import { until } from '../testing/until.ts';
import { changePage, openBrowser, type TestBrowser } from './testing/open-browser.ts';
import { expectRows, line, numbers, rowTexts, texts } from './testing/rows.ts';

let browser: TestBrowser;
let server: TestServer;
let profile: BrowserContext;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  profile = await browser.newProfile();
});
afterEach(async () => {
  await profile.close();
  await server.close();
  expect(browser.complaints.splice(0)).toEqual([]);
});

async function start(settings: Partial<ServerSettings> = {}): Promise<void> {
  server = await startServer(settings);
}

async function openPage(path = '/?workflow=flow', to: BrowserContext = profile): Promise<Page> {
  const page = await to.newPage();
  await page.goto(`${server.url}${path}`);
  return page;
}

const waitForState = (page: Page, name: string) => page.waitForSelector(`#connection[data-state=${name}]`);
async function openStreams(): Promise<Record<string, number>> {
  return (await server.health()).openStreamsByWorkflow;
}

const untilOpen = (expected: Record<string, number>) =>
  until(`open streams are ${JSON.stringify(expected)}`, async () => {
    return JSON.stringify(await openStreams()) === JSON.stringify(expected);
  });

describe('workflows', () => {
  test('the first appears by itself; choosing one does not load the page again, and Back leads back', async () => {
    await start();
    await changePage(profile, { 'const pollMs = 4000;': 'const pollMs = 400;' });
    const page = await openPage('/');
    await page.waitForSelector('#empty:visible');
    expect(await page.locator('#command').textContent()).toContain('agents/demo/events.jsonl');
    server.append('one', numbers(1, 2));
    server.append('two', numbers(11, 12));
    await page.waitForSelector('#choose:visible');
    await page.locator('#workflows a', { hasText: 'two' }).waitFor();
    expect(await page.locator('#empty').isVisible()).toBe(false);
    expect(await page.locator('#workflow-filter').isVisible()).toBe(false);

    await page.evaluate('globalThis.isSamePage = true');
    await page.locator('#workflows a', { hasText: 'one' }).click();
    await expectRows(page, texts(1, 2));
    await page.locator('[data-workflow=one] .streams', { hasText: '1/5' }).waitFor();
    await page.locator('#workflows a', { hasText: 'two' }).click();
    await expectRows(page, texts(11, 12));
    await untilOpen({ two: 1 });
    expect(page.url()).toBe(`${server.url}/?workflow=two`);
    expect(await page.locator('#workflows a[aria-current=page] .name').allTextContents()).toEqual(['two']);
    expect(await page.title()).toContain('two');

    await page.goBack();
    await expectRows(page, texts(1, 2));
    await page.goBack();
    await page.waitForSelector('#choose:visible');
    await untilOpen({});
    expect(await page.evaluate('globalThis.isSamePage')).toBe(true);
  });

  test('many can be filtered; a name that is none is refused in words and runs nothing', async () => {
    await start();
    for (let n = 0; n < 12; n += 1) mkdirSync(join(server.dir, `flow-${n}`));
    const page = await openPage(`/?workflow=${encodeURIComponent('<img src=x onerror=alert(1)>')}`);
    await waitForState(page, 'refused');
    expect(await page.locator('#notice-text').textContent()).toContain('status 400');
    expect(await page.locator('#title').textContent()).toBe('<img src=x onerror=alert(1)>');
    expect(await page.locator('img').count()).toBe(0);
    await page.locator('#workflow-filter').fill('W-1');
    expect(await page.locator('#workflows li:visible .name').allTextContents()).toEqual([
      'flow-1',
      'flow-10',
      'flow-11',
    ]);
  });
});

describe('events', () => {
  test('rows are newest first, say what there is, and open to the JSON; text stays text', async () => {
    await start();
    const attack =
      '<img src=x onerror="globalThis.isAttacked=true"></script><script>globalThis.isAttacked=true</script>';
    // What breaks code that trusts its input.
    server.append('flow', '{"level":{"toString":1},"type":["a"],"time":{},"message":{"valueOf":2}}\n');
    server.append('flow', '{"level":["toString"],"__proto__":1,"hasOwnProperty":2}\n');
    server.append('flow', `{"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}\n`);
    server.append('flow', line({ type: attack, level: attack, message: attack, time: attack }));
    server.append('flow', line({ [attack]: attack }));
    server.append('flow', line([attack]));
    server.append('flow', 'null\n[1,2]\n"text"\n{}\n{"level":50,"type":7,"msg":""}\n');
    server.append(
      'flow',
      line({ ts: '2026-03-04T05:06:07.089Z', kind: 'tool', level: 'warn', n: 1, list: [1] }),
    );
    const page = await openPage();
    await until('all are there', async () => (await rowTexts(page)).length === 12);
    expect((await rowTexts(page)).slice(0, 6)).toEqual([
      'n=1  list=[1]',
      'type=7  msg=',
      '{}',
      '"text"',
      '[1,2]',
      'null',
    ]);
    const newest = page.locator('[data-row]').first();
    expect(await newest.locator('time').textContent()).toBe('05:06:07.089');
    expect(await newest.locator('.type').textContent()).toBe('tool');
    expect(await newest.getAttribute('data-level')).toBe('warn');
    expect(await page.locator('[data-row]').nth(1).locator('.level').textContent()).toBe('error');

    expect(await page.locator('#events pre').count()).toBe(0);
    await newest.locator('summary').click();
    expect(await newest.locator('pre').textContent()).toContain('"kind": "tool",\n  "level": "warn"');
    await newest.locator('summary').press('Enter');
    await until('it is closed', async () => (await page.locator('#events pre').count()) === 0);
    for (const n of [6, 7, 8]) await page.locator('#events summary').nth(n).click();
    await until('three are open', async () => (await page.locator('#events pre').count()) === 3);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.evaluate('globalThis.isAttacked')).toBeUndefined();
  });

  test('the browser refuses what the policy does not name', async () => {
    await start();
    const page = await openPage('/');
    // The attack of the test above would work without the policy and with innerHTML: this is the policy alone.
    await page.evaluate(
      `document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="globalThis.isAttacked=true">')`,
    );
    await until('the browser says so', () => browser.complaints.length > 0);
    expect(await page.evaluate('globalThis.isAttacked')).toBeUndefined();
    await page.close();
    expect(browser.complaints.splice(0).join()).toContain('Content Security Policy');
  });

  test('search and types filter what is there and what comes; types are bounded', async () => {
    await start();
    server.append('flow', numbers(1, 3) + line({ type: 'error', message: 'Disk full' }));
    const page = await openPage();
    await expectRows(page, ['Disk full', ...texts(1, 3)]);
    await page.locator('.chip', { hasText: 'error' }).click();
    await expectRows(page, ['Disk full']);
    server.append('flow', `${numbers(4, 4)}${line({ type: 'error', message: 'Disk on fire' })}`);
    await expectRows(page, ['Disk on fire', 'Disk full']);
    await page.locator('#search').fill('FULL');
    await expectRows(page, ['Disk full']);
    await page.locator('#search').fill('nowhere');
    await page.locator('#events-note', { hasText: 'No event matches' }).waitFor();
    await page.locator('#search').fill('');
    // 300 that do not match push out none that does.
    server.append('flow', numbers(5, 304));
    await page.locator('#count', { hasText: '306' }).waitFor();
    await expectRows(page, ['Disk on fire', 'Disk full']);
    await page.locator('.chip', { hasText: 'error' }).click();
    await expectRows(page, texts(105, 304));

    for (let n = 0; n < 40; n += 1) server.append('flow', line({ type: `type-${n}`, message: `of ${n}` }));
    await until('all came', async () => (await rowTexts(page))[0] === 'of 39');
    expect(await page.locator('.chip').count()).toBe(13);
    await page.locator('.chip', { hasText: 'other types' }).click();
    await until('only others', async () => (await rowTexts(page)).at(-1)?.startsWith('of ') === true);
    expect((await rowTexts(page)).length).toBe(30);
  });

  test('a pause holds the rows and counts what comes; clear empties them', async () => {
    await start();
    server.append('flow', numbers(1, 3));
    const page = await openPage();
    await expectRows(page, texts(1, 3));
    await page.keyboard.press('p');
    await waitForState(page, 'paused');
    server.append('flow', numbers(4, 303));
    await page.locator('#pause', { hasText: 'Resume (300 new)' }).waitFor();
    expect(await rowTexts(page)).toEqual(texts(1, 3));
    // Filters choose from what was there when the pause began.
    await page.locator('#search').fill('event 2');
    await expectRows(page, texts(2, 2));
    await page.locator('#search').fill('');
    await expectRows(page, texts(1, 3));
    await page.locator('#title').click(); // out of the box
    await page.keyboard.press('Space');
    await waitForState(page, 'live');
    await expectRows(page, texts(104, 303));
    await page.locator('#clear').click();
    await expectRows(page, []);
    server.append('flow', numbers(304, 304));
    await expectRows(page, texts(304, 304));
    // Letters belong to the box that is written in.
    await page.locator('#search').press('p');
    expect(await page.locator('#connection').getAttribute('data-state')).toBe('live');
  });

  test('a hidden tab draws nothing, and catches up when it is seen', async () => {
    await start();
    server.append('flow', numbers(1, 3));
    const page = await openPage();
    const other = await openPage();
    await expectRows(page, texts(1, 3));
    const hide = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
    await hide(true);
    server.append('flow', numbers(4, 5));
    await expectRows(other, texts(1, 5));
    expect(await rowTexts(page)).toEqual(texts(1, 3));
    await hide(false);
    await expectRows(page, texts(1, 5));
  });
});

describe('the connection', () => {
  test('429 says which limit, asks without taking a slot, and goes on by itself', async () => {
    await start({ limit: 2, retryMs: 1000 });
    server.append('flow', numbers(1, 2));
    const clients = [server.stream('flow'), server.stream('flow')];
    await Promise.all(clients.map((client) => client.answered()));
    const page = await openPage();
    await waitForState(page, 'refused');
    await page.locator('#notice-text', { hasText: 'All 2 streams' }).waitFor();
    expect(await page.locator('#connection-label').textContent()).toMatch(/^Refused · again in \d+ s$/);
    expect(await page.locator('#connection-spoken').textContent()).toBe('Refused');
    await page.locator('#retry').click();
    await until('it asked again', async () => (await server.health()).rejected === 2);
    await waitForState(page, 'refused');
    expect(await openStreams()).toEqual({ flow: 2 });
    clients[0]?.socket.destroy();
    await waitForState(page, 'live');
    await expectRows(page, texts(1, 2));
    expect(await page.locator('#notice').isVisible()).toBe(false);
  });

  test.each(['60', '9999999999'])(
    'what says to come back after %s s is not asked sooner',
    async (seconds) => {
      await start();
      server.append('flow', numbers(1, 2));
      let requestCount = 0;
      await profile.route('**/stream*', (route) => {
        requestCount += 1;
        return route.fulfill({ status: 503, headers: { 'retry-after': seconds } });
      });
      const page = await openPage();
      await waitForState(page, 'reconnecting');
      const wait = await page.locator('#connection-label').textContent();
      expect(Number(/again in (\d+) s/.exec(wait ?? '')?.[1])).toBeGreaterThan(50);
      // The stream, and the question why it failed.
      expect(requestCount).toBe(2);
    },
  );

  test('browsers without AbortSignal.any and timeout are told why, too', async () => {
    await start({ limit: 1 });
    server.append('flow', numbers(1, 2));
    await profile.addInitScript('AbortSignal.any = undefined; AbortSignal.timeout = undefined;');
    await server.stream('flow').answered();
    const page = await openPage();
    await waitForState(page, 'refused');
    await page.locator('#workflows a', { hasText: 'flow' }).waitFor();
    expect(await page.locator('#workflows-note').textContent()).toBe('');
  });

  test('the server ends a stream: it is not opened again until it is resumed, then behind the last event', async () => {
    await start({ maxDurationMs: 700 });
    server.append('flow', numbers(1, 3));
    const page = await openPage();
    const follower = await openPage();
    await waitForState(page, 'ended');
    await waitForState(follower, 'ended');
    expect(await page.locator('#notice-text').textContent()).toContain('longest time');
    expect(await openStreams()).toEqual({});
    server.append('flow', numbers(4, 5));
    const requests: string[] = [];
    profile.on('request', (request) => requests.push(request.url().replace(server.url, '')));
    expect(await rowTexts(page)).toEqual(texts(1, 3));
    await follower.locator('#retry').click();
    await expectRows(page, texts(1, 5));
    await expectRows(follower, texts(1, 5));
    const streamRequests = requests.filter((path) => path.includes('/stream'));
    expect(streamRequests[0]).toMatch(/^\/api\/events\/flow\/stream\?lastEventId=\d+$/);
  });

  test('a file that is replaced starts anew, in all tabs', async () => {
    await start();
    server.append('flow', numbers(1, 9));
    const pages = [await openPage(), await openPage()];
    for (const page of pages) await expectRows(page, texts(1, 9));
    writeFileSync(join(server.dir, 'flow/events.jsonl'), numbers(20, 21));
    for (const page of pages) await expectRows(page, texts(20, 21));
    // Ids are small again, and count all the same.
    server.append('flow', numbers(22, 22));
    for (const page of pages) await expectRows(page, texts(20, 22));
  });

  test('the server goes and comes back: the page says so and goes on without a gap', async () => {
    await start();
    server.append('flow', numbers(1, 3));
    const page = await openPage();
    await expectRows(page, texts(1, 3));
    const { dir, port } = server;
    await server.stop();
    await waitForState(page, 'ended');
    expect(await page.locator('#notice-text').textContent()).toContain('shut down');
    await page.locator('#retry').click();
    await waitForState(page, 'reconnecting');
    expect(await page.locator('#connection-label').textContent()).toMatch(/^Reconnecting · again in \d+ s$/);
    await profile.setOffline(true);
    await page.locator('#retry').click();
    await waitForState(page, 'offline');
    server = await startServer({ dir }, undefined, port);
    server.append('flow', numbers(4, 5));
    // That the network is back is reason enough to try at once.
    await profile.setOffline(false);
    await waitForState(page, 'live');
    await expectRows(page, texts(1, 5));
  });
});
