/** What a query asks of an event. */
export interface EventFields {
  type: string | null;
  /** When it was made, in milliseconds since 1970; null where it does not say. */
  atMs: number | null;
}

const nothing: EventFields = { type: null, atMs: null };

/**
 * Reads `type` (or `event_type`), and the time from `timestamp`, `time` or `at`: milliseconds since 1970, or a date as
 * ISO 8601 has it. The first that is there counts. A line that is no JSON object has neither.
 */
export function eventFields(line: Buffer | string): EventFields {
  let event: unknown;
  try {
    event = JSON.parse(line.toString('utf8'));
  } catch {
    return nothing;
  }
  return fieldsOf(event);
}

/** As `eventFields`, of a line that was parsed. */
export function fieldsOf(event: unknown): EventFields {
  if (event === null || typeof event !== 'object' || Array.isArray(event)) return nothing;
  const fields = event as Record<string, unknown>;
  const type = fields.type ?? fields.event_type;
  return {
    type: typeof type === 'string' ? type : null,
    atMs: momentOf(fields.timestamp ?? fields.time ?? fields.at),
  };
}

function momentOf(value: unknown): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  return typeof ms === 'number' && Number.isFinite(ms) ? ms : null;
}
