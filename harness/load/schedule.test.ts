import { describe, expect, it } from 'vitest';
import type { LoadStage } from '../model.ts';
import { createRandom } from '../random.ts';
import { arrivalsBy, describeStage, dueMs, highestTarget, shareOf, targetAt, totalMs } from './schedule.ts';

const stages = (...list: [durationMs: number, target: number][]): LoadStage[] =>
  list.map(([durationMs, target]) => ({ durationMs, target }));

const SPIKE = stages([1000, 100], [2000, 100], [0, 400], [500, 400], [0, 100], [1000, 100], [1000, 0]);
const NONE: LoadStage[] = [];

describe('the number asked for at a moment', () => {
  it.each<[what: string, plan: LoadStage[], ms: number, target: number]>([
    ['before the load begins', stages([1000, 100]), -50, 0],
    ['before a load that begins with a step', stages([0, 100], [1000, 100]), -50, 0],
    ['the foot of a ramp', stages([1000, 100]), 0, 0],
    ['half a ramp', stages([1000, 100]), 500, 50],
    ['behind the ramp', stages([1000, 100]), 1000, 100],
    ['long behind it', stages([1000, 100]), 1e9, 100],
    ['a step, at once', stages([0, 100], [1000, 100]), 0, 100],
    ['a plateau', SPIKE, 2000, 100],
    ['just before the spike', SPIKE, 2999.9, 100],
    ['at the spike', SPIKE, 3000, 400],
    ['at the end of the spike', SPIKE, 3500, 100],
    ['half of the way down', SPIKE, 5000, 50],
    ['behind the end', SPIKE, 5500, 0],
    ['a ramp from one number to another', stages([1000, 100], [1000, 300]), 1250, 150],
    ['no stages', NONE, 100, 0],
  ])('%s', (_, plan, ms, target) => {
    expect(targetAt(plan, ms)).toBeCloseTo(target, 9);
  });
});

describe('arrivals up to a moment', () => {
  // Areas of triangles, rectangles and trapezes, in rate × seconds.
  it.each<[what: string, plan: LoadStage[], ms: number, count: number]>([
    ['before the load begins', stages([1000, 100]), -50, 0],
    ['a quarter of the triangle at half of a ramp', stages([1000, 100]), 500, 12.5],
    ['the triangle', stages([1000, 100]), 1000, 50],
    ['nothing behind the end', stages([1000, 100]), 5000, 50],
    ['the triangle and a rectangle', stages([1000, 100], [2000, 100]), 3000, 250],
    ['a step has no area', stages([0, 100]), 0, 0],
    ['a step, and behind it', stages([0, 100], [1000, 100]), 250, 25],
    ['the spike', SPIKE, 3500, 450],
    ['all of it', SPIKE, 5500, 600],
    ['a trapeze', stages([1000, 100], [1000, 300]), 2000, 250],
    [
      'half a second without arrivals',
      stages([1000, 100], [0, 0], [500, 0], [0, 100], [1000, 100]),
      1500,
      50,
    ],
    ['no stages', NONE, 100, 0],
  ])('%s', (_, plan, ms, count) => {
    expect(arrivalsBy(plan, ms)).toBeCloseTo(count, 9);
  });
});

describe('when an arrival is due', () => {
  it.each<[what: string, plan: LoadStage[], n: number, ms: number | null]>([
    ['at a constant rate, one after the other', stages([0, 100], [1000, 100]), 7, 70],
    ['on a ramp, by the root: 100·t²/2 = 2 at t = 0.2 s', stages([1000, 100]), 2, 200],
    ['the last one of a ramp', stages([1000, 100]), 50, 1000],
    ['none is left', stages([1000, 100]), 51, null],
    ['on the way down: the last one at its end', stages([0, 100], [1000, 0]), 50, 1000],
    ['behind a pause', stages([0, 100], [1000, 100], [0, 0], [500, 0], [0, 100], [1000, 100]), 101, 1510],
    ['no stages', NONE, 1, null],
  ])('%s', (_, plan, n, ms) => {
    const due = dueMs(plan, n);
    if (ms === null) expect(due).toBe(null);
    else expect(due).toBeCloseTo(ms, 6);
  });

  it('is the inverse of how many there were, for any stages', () => {
    const random = createRandom(1);
    for (let round = 0; round < 500; round += 1) {
      const plan = Array.from(
        { length: 1 + Math.floor(6 * random()) },
        (): LoadStage => ({
          durationMs: random() < 0.25 ? 0 : Math.ceil(20_000 * random()),
          target: random() < 0.2 ? 0 : 500 * random(),
        }),
      );
      const all = arrivalsBy(plan, totalMs(plan));
      let last = 0;
      for (let n = 1; n <= all; n += Math.max(1, Math.floor(all / 50))) {
        const due = dueMs(plan, n);
        if (due === null) throw new Error(`arrival ${n} of ${all} is never due: ${JSON.stringify(plan)}`);
        expect(due).toBeGreaterThanOrEqual(last);
        expect(arrivalsBy(plan, due)).toBeCloseTo(n, 5);
        last = due;
      }
      expect(dueMs(plan, Math.ceil(all) + 1)).toBe(null);
    }
  });
});

describe('shares', () => {
  it('add up to the whole, and differ by one at most', () => {
    for (let count = 1; count <= 9; count += 1) {
      for (let total = 0; total <= 40; total += 1) {
        const shares = Array.from({ length: count }, (_, index) => shareOf(total, { index, count }));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }
    }
  });

  it('never get smaller while the whole grows, so that a ramp ends nobody', () => {
    for (let index = 0; index < 7; index += 1) {
      for (let total = 0; total < 100; total += 1) {
        const [now, next] = [total, total + 1].map((all) => shareOf(all, { index, count: 7 }));
        expect(next).toBeGreaterThanOrEqual(now as number);
      }
    }
  });
});

describe('stages', () => {
  it('have a length and a highest target', () => {
    expect(totalMs(SPIKE)).toBe(5500);
    expect(highestTarget(SPIKE)).toBe(400);
    expect(totalMs(NONE)).toBe(0);
    expect(highestTarget(NONE)).toBe(0);
  });

  it('are described by where they lead', () => {
    expect(SPIKE.map((_, index) => describeStage({ stages: SPIKE, model: 'open' }, index))).toEqual([
      'ramp to 100/s',
      'hold 100/s',
      'step to 400/s',
      'hold 400/s',
      'step to 100/s',
      'hold 100/s',
      'ramp to 0/s',
    ]);
  });
});
