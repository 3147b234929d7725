import { incompleteBeta } from './incomplete-beta.ts';

/**
 * The value that a variable with Student's t distribution of so many degrees of freedom stays below with probability
 * `probability` (0.5 to 1). Degrees need not be whole. `student.ts` is quicker, and right from 8 degrees on only.
 */
export function exactStudentQuantile(probability: number, degrees: number): number {
  const tail = 1 - probability;
  const above = (t: number) => 0.5 * incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
  let high = 1;
  while (above(high) > tail && high < 1e12) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && high - low > 1e-10 * high; i++) {
    const middle = (low + high) / 2;
    if (above(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Ranks (from 1) of the ordered values between which a quantile lies, whatever the distribution: how many of `count`
 * independent values lie below it is binomial. Each end misses with half of `error` at most. Null where `count` values
 * are too few for such a rank to exist: the extreme ones do not bound it.
 *
 * Source: H. A. David and H. N. Nagaraja, "Order Statistics", 3rd edition, section 7.1.
 */
export function quantileRanks(
  count: number,
  quantile: number,
  error: number,
): { low: number; high: number } | null {
  /** P(X <= k) of the number of values below the quantile. */
  const atMost = (k: number) => (k < 0 ? 0 : k >= count ? 1 : incompleteBeta(1 - quantile, count - k, k + 1));
  const low = lastTrue(count, (rank) => atMost(rank - 1) <= error / 2);
  const high = lastTrue(count, (rank) => 1 - atMost(rank - 1) > error / 2) + 1;
  return low < 1 || high > count ? null : { low, high };
}

/** The largest rank up to `count` for which it holds, where it holds for all below; 0: for none. */
function lastTrue(count: number, holds: (rank: number) => boolean): number {
  let [yes, no] = [0, count + 1];
  while (no - yes > 1) {
    const middle = Math.floor((yes + no) / 2);
    if (holds(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}
