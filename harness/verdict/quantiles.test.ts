import { expect, test } from 'vitest';
import { exactStudentQuantile, quantileRanks } from './quantiles.ts';

test.each([
  // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
  [0.975, 1, 12.706],
  [0.975, 2, 4.303],
  [0.995, 5, 4.032],
  [0.999, 3, 10.215],
  [0.999, 10, 4.144],
  [0.95, 100, 1.66],
])('Student: %f at %i degrees is %f', (probability, degrees, expected) => {
  expect(exactStudentQuantile(probability, degrees)).toBeCloseTo(expected, 3);
});

test('ranks of the median of ten values at 95 %: the second and the ninth', () => {
  // Conover, "Practical Nonparametric Statistics": P(2 <= X <= 8) is 0.9785 for n = 10, p = 1/2.
  expect(quantileRanks(10, 0.5, 0.05)).toEqual({ low: 2, high: 9 });
});

test('five values do not bound their median at 95 %, six do', () => {
  expect(quantileRanks(5, 0.5, 0.05)).toBeNull();
  expect(quantileRanks(6, 0.5, 0.05)).toEqual({ low: 1, high: 6 });
});

test('the 99th percentile has an upper bound at 99 % from 527 values on', () => {
  // 0.99^n <= 0.005 first at n = 528: ln 0.005 / ln 0.99 = 527.2.
  expect(quantileRanks(527, 0.99, 0.01)).toBeNull();
  expect(quantileRanks(528, 0.99, 0.01)?.high).toBe(528);
});
