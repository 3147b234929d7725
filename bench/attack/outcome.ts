/**
 * What became of the attempts of an attack, by outcome:
 * - `'400'`, `'408'` …: the status of the first answer, after which the server ended the connection or the attacker left
 * - `held`: answered with 200, kept open, and left by the attacker
 * - `closed`, `reset`: ended by the server without an answer
 * - `left`: ended by the attacker, without an answer
 * - `refused`: no connection could be made
 *
 * The attack on files has its own (see files.ts).
 */
export type Tally = Record<string, number>;

export function count(tally: Tally, outcome: string, by = 1): void {
  tally[outcome] = (tally[outcome] ?? 0) + by;
}

export function total(tally: Tally): number {
  return Object.values(tally).reduce((sum, one) => sum + one, 0);
}

/** Such as `408 × 950, reset × 50`, the most frequent first. */
export function describeTally(tally: Tally): string {
  return Object.entries(tally)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, times]) => `${outcome} × ${times}`)
    .join(', ');
}
