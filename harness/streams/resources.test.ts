import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BehaviourName } from '../model.ts';
import { behaviours } from './behaviours.ts';
import { serverOfFile } from './testing/server-of-file.ts';
import { until } from './testing/until.ts';
import { whyUnavailable } from './vanish.ts';

const file = serverOfFile(behaviours);
const names = Object.keys(behaviours) as BehaviourName[];

/** What keeps this process alive, by kind: sockets, listeners, timers, children. */
function held(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The least of each kind over a while: the test runner has timers that come and go. */
async function heldAtRest(): Promise<Record<string, number>> {
  const least = held();
  for (let turn = 0; turn < 40; turn += 1) {
    await sleep(5);
    const now = held();
    for (const name of Object.keys(least)) least[name] = Math.min(least[name] ?? 0, now[name] ?? 0);
  }
  return least;
}

/** More of some kind than before? */
function exceeds(before: Record<string, number>): boolean {
  return Object.entries(held()).some(([name, count]) => count > (before[name] ?? 0));
}

test('the check sees a timer, a listener and a socket that are left', async () => {
  const before = await heldAtRest();
  const timer = setTimeout(() => {}, 3_600_000);
  expect(exceeds(before)).toBe(true);
  clearTimeout(timer);
  await until('it is gone', () => !exceeds(before));
  const stream = file.open('keeping-proxy', '/ticks', { keepMs: 1 });
  expect(await stream.firstEvent).toBe(true);
  expect(exceeds(before)).toBe(true);
  stream.end();
  await stream.ended;
});

const options = { keepMs: 20, dropAfterMs: 3_600_000, meanLifetimeMs: 1e9, bytesPerSecond: 100 };

test.each(names.filter((name) => name !== 'half-open' || whyUnavailable('http://127.0.0.1/') === null))(
  '%s leaves nothing: ended while it runs, by itself, by the server, with no server',
  async (name) => {
    const connected = async (path: string) => {
      const { length } = file.server.connections;
      const stream = file.open(name, path, options);
      await until('the request is there', () => file.server.connections[length]?.path === path);
      return stream;
    };
    const before = await heldAtRest();
    for (const path of ['/ticks', '/flood', '/silent', '/end', '/reset-mid-event', '/429']) {
      const stream = await connected(path);
      stream.end();
      await stream.ended;
      await until(`nothing is left behind ${path}`, () => !exceeds(before));
    }
    const atOnce = file.open(name, '/ticks', options);
    atOnce.end();
    await atOnce.ended;
    const lost = file.open(name, '/', { ...options, url: 'http://127.0.0.1:1/' });
    setTimeout(() => lost.end(), 20);
    expect(await lost.ended).toMatchObject({ status: null });
    await until('nothing is left', () => !exceeds(before));
  },
);
