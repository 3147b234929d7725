import { oneLine, textWidth } from '../../reports/text.ts';

const typeColumns = 20;
/** Where nothing else bounds a line: what comes behind it is in `--json`. */
const longestText = 2_000;
/** What people call the sentence of an event, first come, first served. */
const textFields = ['message', 'text', 'msg', 'content', 'summary'];
const typeFields = ['type', 'event_type'];
const timeFields = ['timestamp', 'time', 'at'];
/** Controls, and what turns a line around or hides in it: the same that `cleanText` takes out. */
const unsafe =
  /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]/gu;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * An event on one line: when it was made (or came, where it does not say), its type and its text. Nothing in it moves the cursor of a
 * terminal or starts a line of its own. `columns`: how wide it may be; null: any width that is not absurd.
 */
export function eventLine(data: string, cameAtMs: number, columns: number | null): string {
  const { time, type, text } = partsOf(data);
  const line = `${timeText(time, cameAtMs)}  ${oneLine(type).padEnd(typeColumns)}  ${oneLine(text.slice(0, longestText))}`;
  return columns === null ? line : cutTo(line, columns);
}

/** The JSON of an event as it came, on one line. What a terminal would obey is written as JSON writes it, so that it is the same value. */
export function jsonLine(data: string): string {
  return data
    .replace(/[\t\n\r]/g, ' ') // between tokens: in a string they would be no JSON
    .replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function partsOf(data: string): { time: unknown; type: string; text: string } {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    return { time: null, type: '', text: data };
  }
  if (event === null || typeof event !== 'object' || Array.isArray(event))
    return { time: null, type: '', text: typeof event === 'string' ? event : data };
  const fields = event as Record<string, unknown>;
  const nameOf = (names: readonly string[]) => names.find((name) => fields[name] !== undefined);
  const [timeName, typeName] = [nameOf(timeFields), nameOf(typeFields)];
  const textName = textFields.find((name) => typeof fields[name] === 'string');
  const type = typeName === undefined ? '' : fields[typeName];
  const rest = Object.fromEntries(
    Object.entries(fields).filter(([name]) => name !== timeName && name !== typeName),
  );
  return {
    time: timeName === undefined ? null : fields[timeName],
    type: typeof type === 'string' ? type : JSON.stringify(type),
    text: textName === undefined ? JSON.stringify(rest) : String(fields[textName]),
  };
}

/** ISO 8601 to the second, in UTC. */
function timeText(time: unknown, cameAtMs: number): string {
  const date = new Date(typeof time === 'string' || typeof time === 'number' ? time : cameAtMs);
  const shown = Number.isNaN(date.getTime()) ? new Date(cameAtMs) : date;
  return `${shown.toISOString().slice(0, -5)}Z`;
}

function cutTo(line: string, columns: number): string {
  if (line.length <= columns / 2 || textWidth(line) <= columns) return line;
  let [kept, width] = ['', 0];
  for (const { segment } of graphemes.segment(line)) {
    width += textWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
