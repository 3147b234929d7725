import { jsonAt } from './streams/message-rules.ts';

/** How the harness begins each line that it writes for a target to stream (event-feed.ts). */
const FED_TIME = /^(?:.{0,59}?[:,[])?\{"seq":\d{1,15},"at":(\d{1,15}),/;

/** Date.parse by itself reads much more: `hello 5` is a day in May 2001. */
const ISO_DATE = /^[+-]?\d{4,6}-\d\d-\d\d[T ]\d\d:\d\d/;

/** Above these a number of the year 2001 or later is no longer in the smaller unit. */
const MILLISECONDS_FROM = 1e11;
const MICROSECONDS_FROM = 1e14;
const NANOSECONDS_FROM = 1e17;

/**
 * Reads the time at which an event was made, in milliseconds since 1970, from its data; null where it carries none.
 * Events that the harness wrote itself always do. `field` names it in those of others: a property of the JSON object (`at`,
 * `meta.createdAt`) with a number (s, ms, µs or ns, told by its size) or an ISO 8601 date.
 *
 * It cannot tell a clock that is wrong: maker and harness have to run on the same machine, or on clocks that agree.
 */
export function eventTimeReader(field: string | null): (data: string) => number | null {
  const path = field?.split('.') ?? null;
  return (data) => {
    const fed = FED_TIME.exec(data);
    if (fed !== null) return Number(fed[1]);
    return path === null ? null : timeAt(path, data);
  };
}

function timeAt(path: string[], data: string): number | null {
  const value = jsonAt(data, path);
  if (typeof value === 'string') {
    const ms = ISO_DATE.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(ms) ? null : ms;
  }
  if (typeof value !== 'number' || !(value > 0)) return null;
  if (value < MILLISECONDS_FROM) return value * 1e3;
  if (value < MICROSECONDS_FROM) return value;
  return value < NANOSECONDS_FROM ? value / 1e3 : value / 1e6;
}
