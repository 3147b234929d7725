import { expect, it } from 'vitest';
import { LOOK_CONFIDENCE, LOOK_QUANTILE } from './looks.ts';
import { studentQuantile } from './student.ts';

// Expected: scipy 1.17.1, stats.t.ppf(1 - 0.01 / 6, degrees).
it.each([
  [6, 4.697922498820375, 2e-3],
  [8, 4.122362713802661, 5e-4],
  [17, 3.410204838829629, 1e-4],
  [35, 3.150210640581547, 1e-4],
  [71, 3.037757038693513, 1e-4],
])('is the quantile with %i degrees of freedom', (degrees, expected, error) => {
  expect(Math.abs(studentQuantile(2.935199468866699, degrees) / expected - 1)).toBeLessThan(error);
});

it('goes with the confidence of a look', () => {
  // scipy 1.17.1, stats.norm.ppf(1 - 0.01 / 6) = 2.935199468866699
  expect(LOOK_CONFIDENCE).toBeCloseTo(1 - 0.01 / 3, 12);
  expect(LOOK_QUANTILE).toBeCloseTo(2.935199468866699, 4);
});
