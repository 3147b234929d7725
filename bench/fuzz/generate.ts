import type { Random } from './dice.ts';
import { chance, pick, whole } from './dice.ts';

const words = ['a', 'hello', 'grüße', '🌍', '{"seq":1}', ':', ' x', '', '\u0000', '\ufeff', 'x'.repeat(60)];
const ids = ['1', '2', '17', '', 'a-long-id-of-many-letters-ü', '4096', 'x\u0000y'];
const names = ['close', 'reset', 'x', 'message', ''];
const lineEnds = ['\n', '\n', '\n', '\r\n', '\r'];

/** A valid event stream: fields, comments and unknown lines with any of the three line ends. */
export function generateEvents(random: Random): string {
  const end = pick(random, lineEnds);
  const lines: string[] = [];
  for (let block = whole(random, 6); block > 0; block -= 1) {
    if (chance(random, 0.5)) lines.push(`id: ${pick(random, ids)}`);
    if (chance(random, 0.3)) lines.push(`event:${pick(random, names)}`);
    if (chance(random, 0.2)) lines.push(`: ${pick(random, words)}`);
    if (chance(random, 0.2)) lines.push(`retry: ${pick(random, ['1000', '0', '-1', 'soon', '99999999999'])}`);
    for (let data = whole(random, 3); data > 0; data -= 1) lines.push(`data: ${pick(random, words)}`);
    lines.push(chance(random, 0.1) ? 'nonsense' : '', '');
  }
  const mixed = lines.map((line) => `${line}${chance(random, 0.1) ? pick(random, lineEnds) : end}`).join('');
  return `${chance(random, 0.1) ? '\ufeff' : ''}${mixed}`;
}

/** A valid response to a GET that any client understands alike, and its body. */
export function generateResponse(random: Random): Buffer {
  const status = pick(random, ['200 OK', '200 OK', '200', '429 Too Many', '204 None', '304 Same']);
  const body = Buffer.from(generateEvents(random));
  const interim = chance(random, 0.1) ? 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' : '';
  const fields = ['Content-Type: text/event-stream'];
  if (chance(random, 0.3)) fields.push('X-Repeated: a', 'x-repeated:  b\t');
  if (chance(random, 0.2)) fields.push('Empty:');
  if (chance(random, 0.1)) fields.push(`X-Long: ${'y'.repeat(whole(random, 300))}`);
  const framing = pick(random, ['chunked', 'chunked', 'length', 'close'] as const);
  if (framing === 'chunked') fields.push('Transfer-Encoding: chunked');
  if (framing === 'length') fields.push(`Content-Length: ${body.length}`);
  const head = Buffer.from(`${interim}HTTP/1.1 ${status}\r\n${fields.join('\r\n')}\r\n\r\n`, 'latin1');
  if (/^[23]04/.test(status)) return head;
  return Buffer.concat([head, framing === 'chunked' ? chunked(body, random) : body]);
}

function chunked(body: Buffer, random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = Math.min(1 + whole(random, 60), body.length - at);
    const extension = chance(random, 0.1) ? ';name="value"' : '';
    parts.push(Buffer.from(`${size.toString(16)}${extension}\r\n`), body.subarray(at, at + size));
    parts.push(Buffer.from('\r\n'));
    at += size;
  }
  parts.push(Buffer.from(`0\r\n${chance(random, 0.2) ? 'Trailer: x\r\n' : ''}\r\n`));
  return Buffer.concat(parts);
}
