import { incompleteBeta } from '../verdict/incomplete-beta.ts';

/**
 * The standard deviation of values of several runs, and the upper end of its one-sided 95 % interval for normal values. Null: fewer
 * than three. `incompleteBeta` with a large second argument stands for the χ² distribution: F with infinitely many degrees.
 */
export function spreadOf(
  metrics: readonly { value: number }[],
  scale: 'ratio' | 'difference',
): { deviation: number; highest: number } | null {
  if (metrics.length < 3) return null;
  const values = metrics.map(({ value }) => (scale === 'ratio' ? Math.log(value) : value));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const degrees = values.length - 1;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / degrees);
  return { deviation, highest: Math.sqrt(squares / chiSquareQuantile(0.05, degrees)) };
}

/** As good as infinite: 1e-5 of the quantile is lost. */
const MANY = 1e6;

function chiSquareQuantile(probability: number, degrees: number): number {
  const below = (x: number) => incompleteBeta(x / (x + MANY), degrees / 2, MANY / 2);
  let [low, high] = [0, 100 * degrees];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (below(middle) < probability) low = middle;
    else high = middle;
  }
  return low;
}
