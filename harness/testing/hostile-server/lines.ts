import type { RequestsEntry, StreamRecord } from '../../model.ts';

/** A stream's record in one line: `protocol-error 200, 3 events, 0 reconnects: line of more than …`. */
export function recordLine(record: Omit<StreamRecord, 'elapsedMs' | 'key'>): string {
  const { ending, status, eventCount, reconnectCount, error } = record;
  const words = error === null ? '' : `: ${error}`;
  return `${ending} ${status ?? 'unanswered'}, ${eventCount} events, ${reconnectCount} reconnects${words}`;
}

/** The answers to short requests in one line: `3 × 429, 1 errors, 0 time-outs`. */
export function floodLine({
  statuses,
  errorCount,
  timeoutCount,
}: Pick<RequestsEntry, 'statuses' | 'errorCount' | 'timeoutCount'>): string {
  const answered = Object.entries(statuses).map(([status, count]) => `${count} × ${status}, `);
  return `${answered.join('')}${errorCount} errors, ${timeoutCount} time-outs`;
}
