import { type EndReason, endReasons } from '../end-reason.ts';
import type { StreamSummary } from '../stream.ts';

/** Which limit a stream was refused for: that of its workflow, or of the whole server. */
export type RejectionScope = 'workflow' | 'server';

/** What has been, since the server was started: counts only, however much it was. */
export interface Tally {
  ended: Record<EndReason, number>;
  rejected: Record<RejectionScope, number>;
  /** Sent by streams that have ended. */
  sent: { events: number; bytes: number };
  add(summary: StreamSummary): void;
}

export function createTally(): Tally {
  const tally: Tally = {
    ended: Object.fromEntries(endReasons.map((reason) => [reason, 0])) as Record<EndReason, number>,
    rejected: { workflow: 0, server: 0 },
    sent: { events: 0, bytes: 0 },
    add({ reason, events, bytes }) {
      tally.ended[reason] += 1;
      tally.sent.events += events;
      tally.sent.bytes += bytes;
    },
  };
  return tally;
}
