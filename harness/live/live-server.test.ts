import { afterEach, expect, it } from 'vitest';
import { until } from '../../test/support/until.ts';
import { startLiveServer } from './live-server.ts';
import type { LiveState } from './live-state.ts';
import { watchPage } from './testing/watch-page.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** More than the kernel takes for a connection whose other end does not read. */
const LARGE = 'x'.repeat(12e6);
const STATES = 30;

const stateOf = (n: number, text: string): LiveState => ({
  update: {
    parts: { 'part-header': `${n}`, 'part-figures': text, 'part-footer': 'always the same' },
    data: { title: `${n}`, icon: '', budgetBytes: 1, endings: [], scenarios: [] },
    status: { state: 'running', scenario: null, phase: null, elapsedMs: n, reportFile: null },
  },
  page: () => '',
});

it('a page that does not read gets the newest state when it does, and nothing of those between', async () => {
  let state = stateOf(0, LARGE);
  const server = await startLiveServer(() => state);
  cleanups.push(() => server.close(0));
  const slow = await watchPage(server.url, { paused: true });
  const quick = await watchPage(server.url);
  cleanups.push(slow.close, quick.close);
  for (let n = 1; n <= STATES; n++) {
    state = stateOf(n, 'small');
    server.show(state);
    await until('the quick page has it', () => quick.frames.at(-1)?.update.status.elapsedMs === n);
  }
  // It has taken them one by one, each with what changed and no more.
  expect(quick.frames.length).toBeGreaterThan(STATES / 2);
  expect(Object.keys(quick.frames.at(-1)?.update.parts ?? {})).toEqual(['part-header']);
  slow.response.resume();
  await until('the slow page has the newest', () => slow.frames.at(-1)?.update.status.elapsedMs === STATES);
  expect(slow.frames).toHaveLength(2);
  expect(slow.frames[1]?.update.parts).toEqual({ 'part-header': `${STATES}`, 'part-figures': 'small' });
});

it('does not wait for a page that never reads', async () => {
  const server = await startLiveServer(() => stateOf(0, LARGE));
  cleanups.push(() => server.close(0));
  const stuck = await watchPage(server.url, { paused: true });
  cleanups.push(stuck.close);
  await server.close(50);
  await expect(watchPage(server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

it('has room for so many pages and no more', async () => {
  const server = await startLiveServer(() => stateOf(0, ''));
  cleanups.push(() => server.close(0));
  const pages = await Promise.all(Array.from({ length: 51 }, () => watchPage(server.url)));
  for (const page of pages) cleanups.push(page.close);
  expect(pages.filter(({ response }) => response.statusCode === 429)).toHaveLength(1);
  pages[0]?.close();
  pages[1]?.close();
  await until('a page has left', () => server.watcherCount < 50);
  const late = await watchPage(server.url);
  cleanups.push(late.close);
  expect(late.response.statusCode).toBe(200);
});
