/**
 * - `client_closed`: the client ended the connection, in whichever way.
 * - `max_duration_exceeded`, `server_shutdown`: the server ended it, and said so (`event: close`, or a close frame).
 * - `slow_consumer`: the queue was full and the reader took nothing.
 * - `vanished`: the network, or silence, says that nobody is there any more.
 * - `policy_violation`: the client sent what it must not: too much, too often, or no frames. WebSocket only.
 * - `error`: the response could not be written.
 */
export const endReasons = [
  'client_closed',
  'max_duration_exceeded',
  'server_shutdown',
  'slow_consumer',
  'vanished',
  'policy_violation',
  'error',
] as const;
export type EndReason = (typeof endReasons)[number];

/** What the kernel says once nobody has acknowledged anything for long; an RST or FIN is the client's doing. */
const vanishedCodes = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Why a connection is gone, by the error that it ended with, if any. */
export function reasonOfLoss(error: Error | null): EndReason {
  const { code = '' } = (error ?? {}) as NodeJS.ErrnoException;
  return vanishedCodes.has(code) ? 'vanished' : 'client_closed';
}
