import { describe, expect, it } from 'vitest';
import { createRandom } from './random.ts';

describe('createRandom', () => {
  // Expected: the author's C code of mulberry32 (Tommy Ettinger, 2017, public domain), compiled with gcc 13 -O0.
  it.each([
    [0, [1144304738, 1416247, 958946056, 627933444]],
    [1, [2693262067, 11749833, 2265367787, 4213581821]],
    [42, [2581720956, 1925393290, 3661312704, 2876485805]],
    [4294967295, [3850105811, 813802916, 3073704848, 4054706436]],
  ])('seed %i', (seed, expected) => {
    const random = createRandom(seed);
    expect(expected.map(() => random() * 2 ** 32)).toEqual(expected);
  });

  it('stays in [0, 1) and fills it evenly', () => {
    const random = createRandom(5);
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const value = random();
      expect(value >= 0 && value < 1).toBe(true);
      tenths[Math.floor(value * 10)] = (tenths[Math.floor(value * 10)] ?? 0) + 1;
    }
    // 1,000 each, with a standard deviation of 30.
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(4 * 30);
  });
});
