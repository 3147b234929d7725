import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until the condition holds. Rejects, saying what was awaited, when it still does not after `withinMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`still not after ${withinMs} ms: ${what}`);
    await sleep(5);
  }
}
