import { expect, test } from 'vitest';
import { autocannon } from './autocannon.ts';
import type { InstalledContender } from './contender.ts';
import { baseline, hold, openingRate } from './hold.ts';
import { ours } from './node-clients.ts';

const times = { settleMs: 0, windowMs: 1_000 };

test.concurrent('a client that holds its streams is seen to hold them, and to get every event', async () => {
  const holding = await hold(await ours.install(''), 40, times);
  expect(holding).toMatchObject({ askedCount: 40, heldCount: 40, receivedShare: 1 });
  expect(holding.pssBytes).toBeGreaterThan(10 * 1024 * 1024);
  expect(holding.opensPerSecond).toBeGreaterThan(0);
  expect(holding.window.eventsPerSecond).toBeGreaterThan(0);
});

test.concurrent('a tool that ends by itself is waited for', async () => {
  expect(await hold(await autocannon.install(''), 20, times)).toMatchObject({
    heldCount: 20,
    receivedShare: null,
  });
});

test.concurrent('a client that opens fewer than asked is seen to hold fewer', async () => {
  const installed = await ours.install('');
  const lazy: InstalledContender = {
    ...installed,
    command: (job) => installed.command({ ...job, streamCount: job.streamCount / 2 }),
  };
  expect(await hold(lazy, 40, times)).toMatchObject({ askedCount: 40, heldCount: 20 });
});

test.concurrent('a client that ends before it opened anything is an error with its last line', async () => {
  const broken: InstalledContender = {
    ...(await ours.install('')),
    command: () => ({
      file: process.execPath,
      args: ['-e', 'console.error("no such option"); process.exit(3)'],
    }),
  };
  await expect(hold(broken, 10, times)).rejects.toThrow('ended with exit code 3: no such option');
});

test.concurrent('memory with a few streams and the rate of opening are read without waiting for a report', async () => {
  const installed = await ours.install('');
  expect(await baseline(installed, times)).toBeGreaterThan(10 * 1024 * 1024);
  expect(await openingRate(installed, 50)).toBeGreaterThan(0);
});
