import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until the condition holds. Rejects after `withinMs`, naming what it waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: still not so after ${withinMs} ms`);
    await sleep(20);
  }
}
