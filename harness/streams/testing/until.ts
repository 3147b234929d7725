import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until the condition holds. Rejects after `withinMs`, naming what it waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: still not so after ${withinMs} ms`);
    await sleep(5);
  }
}

/** TCP connections that this process holds, at whichever end. */
export function openSocketCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
