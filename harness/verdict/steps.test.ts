import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { findHinge, lineSse } from './shape.ts';
import { gaussian } from './simulation.ts';
import { findStairs, findStep, risingRate, withoutStep } from './steps.ts';

const random = createRandom(5);
const noisy = (level: (i: number) => number, count = 72) =>
  Array.from({ length: count }, (_, i) => ({ x: i, y: level(i) + gaussian(random) * 5 }));
const doubling = (i: number) => 100 * 2 ** Math.floor(Math.log2(i + 8));
const stairsOf = (points: { x: number; y: number }[]) =>
  findStairs(points, { sse: lineSse(points), parameterCount: 2 });

describe('findHinge', () => {
  it('sees growth that stops, and how much there was', () => {
    const hinge = findHinge(noisy((i) => 20 * Math.min(i, 12), 36));
    expect(hinge?.firstFlatIndex).toBeGreaterThanOrEqual(10);
    expect(hinge?.grownBytes).toBeGreaterThan(200);
    expect(hinge?.grownBytes).toBeLessThan(280);
  });
  it('leaves a line a line', () => expect(findHinge(noisy((i) => 20 * i))).toBeNull());
  it('leaves noise noise', () => expect(findHinge(noisy(() => 0))).toBeNull());
});

describe('findStep', () => {
  it('finds a step on a line and takes it away', () => {
    const points = noisy((i) => 2 * i + (i >= 30 ? 80 : 0));
    const step = findStep(points);
    expect(step?.index).toBe(30);
    expect(step?.sizeBytes).toBeGreaterThan(60);
    expect(findStep(withoutStep(points, step as NonNullable<typeof step>))).toBeNull();
  });
  it('finds none on a line', () => expect(findStep(noisy((i) => 20 * i))).toBeNull());
});

describe('findStairs', () => {
  it('counts the steps of a store that doubles', () => {
    const stairs = stairsOf(noisy(doubling));
    expect(stairs?.steps.map(({ index }) => index)).toEqual([8, 24, 56]);
    // Level 800 to 6,400: 5,600 over 71; up to the last step at 56 it is 2,400 without it and 5,600 with it.
    const rate = risingRate(noisy(doubling), stairs as NonNullable<typeof stairs>);
    expect(rate?.slope).toBeCloseTo(5600 / 71, 0);
    expect(rate?.low).toBeCloseTo(2400 / 56, 0);
    expect(rate?.high).toBeCloseTo(5600 / 56, 0);
  });
  it('sees none on a line, on noise and on a bend', () => {
    expect(stairsOf(noisy((i) => 20 * i))).toBeNull();
    expect(stairsOf(noisy(() => 0))).toBeNull();
    const bend = noisy((i) => 20 * Math.min(i, 30));
    const sse = findHinge(bend)?.sse as number;
    expect(findStairs(bend, { sse, parameterCount: 3 })).toBeNull();
  });
  it('does not take for rising what falls, tires, or rose once', () => {
    const isRising = (level: (i: number) => number) => {
      const points = noisy(level);
      const stairs = stairsOf(points);
      return stairs !== null && risingRate(points, stairs) !== null;
    };
    expect(isRising(doubling)).toBe(true);
    expect(isRising((i) => 200 * (Math.floor(i / 12) % 2))).toBe(false);
    expect(isRising((i) => (i < 10 ? 0 : i < 25 ? 800 : i < 45 ? 1200 : 1400))).toBe(false);
    expect(isRising((i) => (i < 40 ? 0 : 800))).toBe(false);
  });
});
