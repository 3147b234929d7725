const BARS = '▁▂▃▄▅▆▇█';

/** Less than this part of the highest reading is no hill: noise would else fill the whole height. */
const LEAST_SPAN = 0.1;

/** A bar for each value, from the lowest of them to the highest. */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = Math.max(high - low, high * LEAST_SPAN);
  return values
    .map((value) => BARS[span > 0 ? Math.round(((value - low) / span) * (BARS.length - 1)) : 0])
    .join('');
}
