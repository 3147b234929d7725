import { isUtf8 } from 'node:buffer';
import { type EventFields, fieldsOf } from '../event-fields.ts';
import { SqliteStoreError } from './sqlite-store-error.ts';

/** A line as its row has it. */
export interface NewLine {
  /** Without its line end. */
  line: string;
  type: string | null;
  atMs: number | null;
  /** What it adds to the ids: the bytes of the line as it came, with its newline. */
  bytes: number;
  key?: string | undefined;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Longer lines are refused: the JSONL log would skip them. */
export const MAX_LINE_BYTES = 1024 * 1024;

/**
 * Checks a line as the JSONL log checks what it reads, and takes its type and time.
 *
 * @throws SqliteStoreError `invalid-event`
 */
export function newLine(bytes: Uint8Array, key?: string): NewLine {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (given.length > MAX_LINE_BYTES) refuse(`is longer than ${MAX_LINE_BYTES} bytes`);
  if (given.includes(LINE_FEED)) refuse('has more than one line');
  let end = given.length;
  while (end > 0 && given[end - 1] === CARRIAGE_RETURN) end -= 1;
  if (!isUtf8(given)) refuse('is not UTF-8');
  const line = given.toString('utf8', 0, end);
  const fields = fieldsIfJson(line);
  if (fields === null) refuse('is not JSON');
  const { type, atMs } = fields;
  return { line, type, atMs, bytes: given.length + 1, key };
}

/** Null: it is not JSON. */
export function fieldsIfJson(line: string): EventFields | null {
  try {
    return fieldsOf(JSON.parse(line));
  } catch {
    return null;
  }
}

function refuse(why: string): never {
  throw new SqliteStoreError('invalid-event', `an event ${why}: give one JSON text in one line of UTF-8`);
}
