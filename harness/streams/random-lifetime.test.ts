import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { behaviours } from './behaviours.ts';
import { lifetimeMs } from './random-lifetime.ts';
import { serverOfFile } from './testing/server-of-file.ts';
import { until } from './testing/until.ts';

const file = serverOfFile(behaviours);

test('leaves by itself, with a FIN, after the lifetime that it drew', async () => {
  const random = () => 0.75;
  const record = await file.open('random-lifetime', '/ticks', { meanLifetimeMs: 100, random }).ended;
  expect(record).toMatchObject({ behaviour: 'random-lifetime', ending: 'client', error: null });
  // ln 4 times the mean. A timer counts from the last turn of the event loop, hence a millisecond less.
  expect(record.durationMs).toBeGreaterThanOrEqual(137);
  await until('the server saw the end', () => file.server.connections[0]?.end === 'fin');
});

test('twins: a long life is ended by end(), and by the server', async () => {
  const stream = file.open('random-lifetime', '/ticks', { meanLifetimeMs: 1e12, random: () => 0.999 });
  expect(await stream.receives(20)).toBe(true);
  stream.end();
  expect(await stream.ended).toMatchObject({ ending: 'client' });
  expect(await file.open('random-lifetime', '/end').ended).toMatchObject({ ending: 'server-end' });
});

test('lifetimes are exponential: mean, median and tail', () => {
  const random = createRandom(1);
  const count = 100_000;
  const drawn = Array.from({ length: count }, () => lifetimeMs(1000, random()));
  const share = (limit: number) => drawn.filter((one) => one > limit).length / count;
  // The distribution function is 1 − e^(−t/mean); three standard errors of a mean and of shares of 100,000.
  expect(Math.abs(drawn.reduce((sum, one) => sum + one, 0) / count - 1000)).toBeLessThan(10);
  expect(Math.abs(share(693.147) - 0.5)).toBeLessThan(0.005);
  expect(Math.abs(share(3000) - Math.exp(-3))).toBeLessThan(0.0025);
  expect(lifetimeMs(1e12, 0.999)).toBe(2 ** 31 - 1);
});
