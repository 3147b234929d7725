/** A server that is restarted is found again soon, and one that is down is not asked all the time. */
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;
/** Whatever the server asks for: who follows it is still there after lunch. */
const LONGEST_ASKED_MS = 300_000;

/**
 * How long to wait before the next attempt, in milliseconds: twice as long as before it each time, from `baseMs` on, and a random
 * half less, so that the clients of a server that was restarted do not come back all at once.
 *
 * @param failures attempts since the last event
 * @param baseMs what the server's `retry:` said
 * @param askedMs what `Retry-After` said: not less than that
 */
export function backoffMs(
  failures: number,
  baseMs: number | null,
  askedMs: number | null,
  random: () => number = Math.random,
): number {
  const grown = Math.min(LONGEST_MS, (baseMs ?? FIRST_MS) * 2 ** Math.min(failures, 16));
  return Math.max(grown * (0.5 + random() / 2), Math.min(askedMs ?? 0, LONGEST_ASKED_MS));
}
