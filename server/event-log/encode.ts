const CARRIAGE_RETURN = 0x0d;
const EVENT_END = '\n\n';

/** One event of the log, ready to be written: `id: N\ndata: ` and the line. */
export interface LogEvent {
  head: string;
  line: Buffer;
}

/**
 * Makes an event of one line.
 *
 * @param line one JSON text in UTF-8, without its line end
 * @param endOffset byte offset in the file behind the line and its newline
 */
export function logEvent(line: Buffer, endOffset: number): LogEvent {
  const head = `id: ${endOffset}\ndata: `;
  if (!line.includes(CARRIAGE_RETURN)) return { head, line };
  // A bare CR is white space to JSON (RFC 8259, 2) and a line end to an event stream (WHATWG HTML, 9.2.6): what
  // follows it would be lost. As a further `data` field it reaches the client as LF: the same JSON value.
  return { head, line: Buffer.from(line.toString('utf8').replaceAll('\r', '\ndata: ')) };
}

/** Bytes that an event takes on the wire. */
export function logEventBytes(event: LogEvent): number {
  return event.head.length + event.line.length + EVENT_END.length;
}

/** The events as they go out on the wire, copied into one buffer: `id: N\ndata: LINE\n\n` for each. */
export function encodeLogEvents(events: readonly LogEvent[]): Buffer {
  let length = 0;
  for (const event of events) length += logEventBytes(event);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { head, line } of events) {
    at += bytes.write(head, at, 'latin1');
    at += line.copy(bytes, at);
    at += bytes.write(EVENT_END, at, 'latin1');
  }
  return bytes;
}
