import { setImmediate as turn } from 'node:timers/promises';
import { isJson } from '../event-log/line-splitter.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;

/** After so much the streams get their turn: it is about a millisecond of checking. */
const BYTES_PER_TURN = 256 * 1024;

export interface EventLine {
  /** The lines of the body are counted from 1, empty ones too. */
  number: number;
  line: Buffer;
}

export interface LineRules {
  maxLineBytes: number;
  maxEvents: number;
}

/** What is wrong with a body, and the status that says so. */
export class EventsError extends Error {
  override readonly name = 'EventsError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The one event of a JSON body, made into a line: line ends in JSON are white space, and become blanks. Throws EventsError. */
export function readJsonEvent(body: Buffer, rules: LineRules): EventLine[] {
  for (let at = 0; at < body.length; at += 1) {
    if (body[at] === LINE_FEED || body[at] === CARRIAGE_RETURN) body[at] = SPACE;
  }
  checkLine(body, 'the event', rules);
  return [{ number: 1, line: body }];
}

/** The events of a body of newline-delimited JSON; empty lines are left out. Throws EventsError, which names the line. */
export async function readEventLines(body: Buffer, rules: LineRules): Promise<EventLine[]> {
  const lines: EventLine[] = [];
  let checkedBytes = 0;
  let number = 0;
  for (let from = 0; from < body.length; ) {
    const lineFeed = body.indexOf(LINE_FEED, from);
    const behind = lineFeed === -1 ? body.length : lineFeed;
    let end = behind;
    while (end > from && body[end - 1] === CARRIAGE_RETURN) end -= 1;
    const line = body.subarray(from, end);
    number += 1;
    from = behind + 1;
    if (line.length === 0) continue;
    if (lines.length === rules.maxEvents) {
      throw new EventsError(
        413,
        `a request has at most ${rules.maxEvents} events: send the others in another`,
      );
    }
    checkLine(line, `line ${number}`, rules);
    lines.push({ number, line });
    checkedBytes += line.length;
    if (checkedBytes > BYTES_PER_TURN) {
      checkedBytes = 0;
      await turn();
    }
  }
  if (lines.length === 0) throw new EventsError(400, 'there is no event in the body');
  return lines;
}

function checkLine(line: Buffer, what: string, { maxLineBytes }: LineRules): void {
  if (line.length > maxLineBytes) throw new EventsError(413, `${what} is longer than ${maxLineBytes} bytes`);
  if (!isJson(line)) throw new EventsError(400, `${what} is not one JSON text in UTF-8`);
}
