/** What a row shows of an event. Any JSON may come, or none at all. */

const maxSummaryLength = 300;
const maxNameLength = 40;
const timeNames = ['time', 'timestamp', 'ts', 'at', 'createdAt', 'created_at'];
const typeNames = ['type', 'event', 'kind'];
const levelNames = ['level', 'severity'];
const textNames = ['message', 'msg', 'summary', 'text', 'title'];
/** The numbers of pino and bunyan. */
const levelNumbers = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

/**
 * @param {string} data of the event
 * @returns {{ type: string, level: string, timeMs: number | null, summary: string }} names are empty and the time is
 *   null where the event has none
 */
export function describeEvent(data) {
  try {
    const value = JSON.parse(data);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return describeObject(value);
  } catch {} // no JSON, or nested so deep that it cannot be written again
  return { type: '', level: '', timeMs: null, summary: cut(data, maxSummaryLength) };
}

function describeObject(value) {
  const used = new Set();
  const first = (names, isGood) => {
    const name = names.find((candidate) => Object.hasOwn(value, candidate) && isGood(value[candidate]));
    if (name !== undefined) used.add(name);
    return name === undefined ? undefined : value[name];
  };
  const isWord = (word) => typeof word === 'string' && word.trim() !== '';
  const level = first(
    levelNames,
    (word) => isWord(word) || (typeof word === 'number' && word in levelNumbers),
  );
  const type = first(typeNames, isWord);
  const time = first(timeNames, (stamp) => !Number.isNaN(toMs(stamp)));
  const text = first(textNames, isWord);
  return {
    type: cut(type ?? '', maxNameLength),
    level: cut(levelNumbers[level] ?? level ?? '', maxNameLength).toLowerCase(),
    timeMs: time === undefined ? null : toMs(time),
    summary: cut(text ?? listProperties(value, used), maxSummaryLength),
  };
}

/** ISO 8601, or the seconds or milliseconds since 1970 of the years 2001 to 2286; NaN: none of these. */
function toMs(stamp) {
  if (typeof stamp === 'string' && /^\d{4}-\d\d-\d\d/.test(stamp)) return Date.parse(stamp);
  if (typeof stamp !== 'number') return Number.NaN;
  if (stamp >= 1e12 && stamp < 1e13) return stamp;
  return stamp >= 1e9 && stamp < 1e10 ? stamp * 1000 : Number.NaN;
}

function listProperties(value, used) {
  let text = '';
  for (const name of Object.keys(value)) {
    if (used.has(name)) continue;
    const property = value[name];
    const shown = typeof property === 'string' ? cut(property, 100) : cut(JSON.stringify(property), 100);
    text += `${text && '  '}${name}=${shown}`;
    if (text.length > maxSummaryLength) break;
  }
  return text || '{}';
}

function cut(text, maxLength) {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
