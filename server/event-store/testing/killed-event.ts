import type { NewEvent } from '../types.ts';

/** The event number n: it was made at n ms, and its key is n. */
export function killedEvent(n: number): NewEvent {
  const line = JSON.stringify({ n, timestamp: n, filler: 'x'.repeat((n * 7) % 300) });
  return { line: Buffer.from(line), key: String(n) };
}
