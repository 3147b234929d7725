import { sleep } from '../waiting.ts';

/** Time to read what is going to be loaded, and to press Ctrl-C. Where nobody looks there is nobody to wait for. */
const READING_MS = 5000;

/** Prints what is going to be loaded, and on a terminal gives the time to stop it. Rejects when it is stopped. */
export async function tellRemoteLoad(
  notice: string,
  { note, isTerminal, signal }: { note(text: string): void; isTerminal: boolean; signal: AbortSignal },
): Promise<void> {
  const waits = isTerminal && !process.env.CI;
  note(waits ? `${notice}\n  begins in ${READING_MS / 1000} s (Ctrl-C: not at all)` : notice);
  if (waits) await sleep(READING_MS, signal);
  signal.throwIfAborted();
}
