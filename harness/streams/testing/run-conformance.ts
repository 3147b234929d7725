import type { ConformanceCase } from './conformance-case.ts';
import { runRaw } from './run-raw-case.ts';
import { runTab } from './run-tab-case.ts';

/**
 * - `raw`: the client over a socket of its own, as the behaviour `graceful-close`. It does not give its events away,
 *   so what is in them is read from the reader that it uses.
 * - `tab`: the behaviour `tab`, an EventSource of the package `eventsource`.
 */
export const conformanceClients = ['raw', 'tab'] as const;
export type ConformanceClient = (typeof conformanceClients)[number];

export type ConformanceResult =
  | { state: 'passed' }
  /** What was seen, and what it should have been. */
  | { state: 'failed'; differences: string[] }
  | { state: 'not-applicable'; reason: string };

/** The file, and which of its cases. */
export function caseTitle(one: ConformanceCase): string {
  return one.variant === '' ? one.file : `${one.file} (${one.variant})`;
}

/**
 * Runs one case against one client, over real sockets to a server of its own. One at a time: dispatches are watched
 * for the whole process. `withinMs` is how long is waited for what the client has to do.
 */
export async function runCase(
  client: ConformanceClient,
  one: ConformanceCase,
  withinMs = 10_000,
): Promise<ConformanceResult> {
  if (client === 'raw' && typeof one.raw === 'object') {
    return { state: 'not-applicable', reason: one.raw.not };
  }
  const differences = await (client === 'tab' ? runTab : runRaw)(one, withinMs);
  return differences.length === 0 ? { state: 'passed' } : { state: 'failed', differences };
}

/**
 * Whether a failure is the fault that the case names: one in what the EventSource dispatched, while the tab's own
 * record and its requests are right.
 */
export function isKnownFault(
  client: ConformanceClient,
  one: ConformanceCase,
  result: ConformanceResult,
): boolean {
  if (client !== 'tab' || one.tabFault === '' || result.state !== 'failed') return false;
  return result.differences.length === 1 && result.differences[0]?.startsWith('dispatched: ') === true;
}
