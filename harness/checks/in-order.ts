/** The run's clock is monotonic and entries are written as they happen: times that fall say that lines are not those of one run. */
export function runsBackwards(entries: readonly { elapsedMs: number }[]): boolean {
  return entries.some(({ elapsedMs }, index) => elapsedMs < (entries[index - 1]?.elapsedMs ?? elapsedMs));
}
