import { setTimeout as delay } from 'node:timers/promises';
import { HydrotestError } from '../errors.ts';

/** @throws HydrotestError `aborted`, at once. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => throwIfAborted(signal));
}

/** @throws HydrotestError `aborted`. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new HydrotestError('aborted', 'reading the target was aborted', { cause: signal.reason });
  }
}
