import type { RunConfig } from '../model.ts';

type Protocol = Pick<RunConfig, 'protocol'>;

/** The status with which a stream is accepted: a WebSocket switches protocols. */
export function acceptedStatus({ protocol }: Protocol): string {
  return protocol.name === 'websocket' ? '101' : '200';
}

/** How many of these answers say that the limit is met. */
export function limitedCount(statuses: Record<string, number>, { protocol }: Protocol): number {
  return protocol.refusals.reduce((sum, refusal) => sum + (statuses[refusal] ?? 0), 0);
}

/** How the target says that its limit is met, for people: `429`. */
export function refusalWords({ protocol }: Protocol): string {
  return protocol.refusals.join(' or ');
}
