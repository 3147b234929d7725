const CARRIAGE_RETURN = 0x0d;

/**
 * One line of the log as it goes out on the wire: `id: N\ndata: LINE\n\n`.
 *
 * @param line one JSON text in UTF-8, without its line end
 * @param endOffset byte offset in the file behind the line and its newline
 */
export function encodeLogEvent(line: Buffer, endOffset: number): Buffer {
  const head = `id: ${endOffset}\ndata: `;
  if (line.includes(CARRIAGE_RETURN)) {
    // A bare CR is white space to JSON (RFC 8259, 2) and a line end to an event stream (WHATWG HTML, 9.2.6): what
    // follows it would be lost. As a further `data` field it reaches the client as LF: the same JSON value.
    const fields = line.toString('utf8').replaceAll('\r', '\ndata: ');
    return Buffer.from(`${head}${fields}\n\n`);
  }
  const bytes = Buffer.allocUnsafe(head.length + line.length + 2);
  bytes.write(head, 0, 'latin1');
  line.copy(bytes, head.length);
  bytes.write('\n\n', head.length + line.length, 'latin1');
  return bytes;
}
