/** The value below which the share `q` of the sorted values lies (nearest rank); NaN where there are none. */
export function percentile(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
