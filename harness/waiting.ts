import { setTimeout as delay } from 'node:timers/promises';

/** Waits. Rejects with the signal's reason as soon as it is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/**
 * The promise's value, or null when it has none after `ms`. Leaves no timer and no listener behind, and is cheap enough
 * for every one of thousands of streams a second. Rejects on abort.
 */
export async function within<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await abortable(Promise.race([promise, timeout]), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The promise's outcome, or the signal's reason as soon as it is aborted: for work that may not look at the signal itself. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Where it is not waited for at all, its own end must not be that of the process, as an unhandled rejection is.
  promise.catch(() => {});
  signal.throwIfAborted();
  let settle = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    settle = () => signal.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    settle();
  }
}

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 250;

/** Polls with growing pauses until the condition holds (true) or the time is over (false). Rejects on abort. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await sleep(Math.min(pause, Math.max(1, deadline - performance.now())), signal);
  }
}
