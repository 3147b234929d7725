import { expect, test } from 'vitest';
import { HttpResponseParser, maxHeadBytes } from './http-response-parser.ts';

interface Parsed {
  status: number | null;
  headers: Record<string, string>;
  body: string;
  complete: boolean;
  failure: string | null;
  cut: string | null;
}

/** Pushes the text in pieces of the given size, then closes. */
function parse(text: string, pieceBytes = Infinity): Parsed {
  const parsed: Parsed = { status: null, headers: {}, body: '', complete: false, failure: null, cut: null };
  const parser = new HttpResponseParser({
    onHead(head) {
      expect(parsed.status).toBeNull();
      parsed.status = head.status;
      parsed.headers = Object.fromEntries(head.headers);
    },
    onBody(bytes) {
      parsed.body += bytes.toString('latin1');
    },
  });
  const bytes = Buffer.from(text, 'latin1');
  const step = Math.min(pieceBytes, bytes.length);
  for (let at = 0; at < bytes.length; at += step) parser.push(bytes.subarray(at, at + step));
  parsed.complete = parser.complete;
  parsed.failure = parser.failure;
  parsed.cut = parser.finish();
  return parsed;
}

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

const proper: [name: string, text: string, expected: Partial<Parsed>][] = [
  ['chunked', `${chunked}3\r\nabc\r\nA;ext="x"\r\n0123456789\r\n0\r\n\r\n`, { body: 'abc0123456789' }],
  ['chunked in capitals', `${ok}TRANSFER-ENCODING: Chunked\r\n\r\n2\r\n\r\n\r\n00\r\n\r\n`, { body: '\r\n' }],
  ['trailers', `${chunked}1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n`, { body: 'a' }],
  ['bytes behind the end', `${chunked}1\r\na\r\n0\r\n\r\nHTTP/1.1 500 more`, { body: 'a' }],
  ['length', `${ok}Content-Length: 3\r\n\r\nabcd`, { body: 'abc' }],
  ['length 0', `${ok}Content-Length: 0\r\n\r\n`, { body: '' }],
  ['no reason phrase', 'HTTP/1.0 429 \r\nContent-Length: 1\r\n\r\nx', { status: 429, body: 'x' }],
  ['no reason at all', 'HTTP/1.1 429\r\nContent-Length: 1\r\n\r\nx', { status: 429, body: 'x' }],
  ['204 has no body', 'HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n', { status: 204 }],
  ['304 has no body', 'HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n', { status: 304 }],
  [
    'interim',
    `HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n${chunked}0\r\n\r\n`,
    { status: 200 },
  ],
  [
    'repeated and padded headers',
    `${ok}A:  b \t\r\nContent-Length:0\r\na: c\r\nEmpty:\r\n\r\n`,
    { headers: { a: 'b, c', 'content-length': '0', empty: '' } },
  ],
];

test.each(proper)('a proper response, however it is cut: %s', (_name, text, expected) => {
  for (const pieceBytes of [Infinity, 1, 2, 3, 5, 7, 11]) {
    const parsed = parse(text, pieceBytes);
    expect(parsed).toMatchObject({ status: 200, complete: true, failure: null, cut: null, ...expected });
  }
});

test('a body until close is complete with the close', () => {
  for (const pieceBytes of [Infinity, 1]) {
    expect(parse(`${ok}\r\nabc`, pieceBytes)).toMatchObject({ body: 'abc', complete: false, cut: null });
  }
});

test.each([
  ['', /before a response/],
  ['HTTP/1.1 20', /inside the response head/],
  [`${ok}A: b\r\n`, /inside the response head/],
  [`${chunked}`, /before the last chunk/],
  [`${chunked}5\r\nab`, /3 bytes before the end of a chunk/],
  [`${chunked}2\r\nab`, /before the last chunk/],
  [`${chunked}0\r\n`, /before the last chunk/],
  [`${ok}Content-Length: 3\r\n\r\na`, /2 bytes before the end of the body/],
])('cut off: %j', (text, words) => {
  for (const pieceBytes of [Infinity, 1]) {
    const parsed = parse(text, pieceBytes);
    expect(parsed).toMatchObject({ complete: false, failure: null });
    expect(parsed.cut).toMatch(words);
  }
});

const wrong: [text: string, words: RegExp][] = [
  ['HTTP/2 200 OK\r\n\r\n', /not an HTTP\/1\.x response/],
  ['<html>', /not an HTTP\/1\.x response: it begins with "</],
  ['HTTP/1.2 200 OK\r\n\r\n', /malformed status line/],
  ['HTTP/1.1  200 OK\r\n\r\n', /malformed status line/],
  ['HTTP/1.1 20 OK\r\n\r\n', /malformed status line/],
  ['HTTP/1.1 2000 OK\r\n\r\n', /malformed status line/],
  [`${ok}No colon\r\n\r\n`, /malformed header line "No colon"/],
  [`${ok}A : b\r\n\r\n`, /malformed header line "A : b"/],
  [`${ok}A: b\r\n folded\r\n\r\n`, /malformed header line " folded"/],
  [`${ok}A: b\nB: c\r\n\r\n`, /malformed header line/],
  [`${ok}A: b\0\r\n\r\n`, /malformed header line/],
  [`${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`, /Transfer-Encoding "gzip, chunked"/],
  ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', /in an HTTP\/1\.0 response/],
  [`${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, /both/],
  [`${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, /malformed Content-Length "1, 2"/],
  [`${ok}Content-Length: -1\r\n\r\n`, /malformed Content-Length/],
  [`${chunked}\r\n`, /malformed chunk size line/],
  [`${chunked}0x1\r\n`, /malformed chunk size line "0x1/],
  [`${chunked}-1\r\n`, /malformed chunk size line/],
  [`${chunked}1\nab`, /malformed chunk size line/],
  [`${chunked}fffffffffffffffff\r\n`, /malformed chunk size line/],
  [`${chunked}1\r\nab\r\n`, /chunk is longer than its size says: "b/],
  [`${chunked}1\r\na\n`, /chunk is longer than its size says/],
];

test.each(wrong)('wrong, however it is cut: %j', (text, words) => {
  for (const pieceBytes of [Infinity, 1, 2, 3]) {
    const parsed = parse(`${text}whatever follows\r\n\r\n`, pieceBytes);
    expect(parsed.failure).toMatch(words);
    expect(parsed.complete).toBe(false);
  }
});

test('the head is bounded just above its limit, and passes just below it', () => {
  const padding = (bytes: number): string => `${ok}Content-Length: 0\r\nA: ${'x'.repeat(bytes)}`;
  const spare = maxHeadBytes - padding(0).length;
  for (const pieceBytes of [Infinity, 1000]) {
    expect(parse(`${padding(spare)}\r\n\r\n`, pieceBytes)).toMatchObject({ complete: true, failure: null });
    expect(parse(`${padding(spare + 1)}\r\n\r\n`, pieceBytes).failure).toMatch(/more than 65536 bytes/);
  }
  expect(parse(padding(spare + 1), 1000).failure).toMatch(/more than 65536 bytes/);
});

test('trailers and chunk extensions are bounded', () => {
  const trailers = `A: ${'x'.repeat(1000)}\r\n`.repeat(100);
  expect(parse(`${chunked}0\r\n${trailers}`, 999).failure).toMatch(/trailers of more than/);
  expect(parse(`${chunked}1;${'x'.repeat(5000)}`, 999).failure).toMatch(/chunk size line of more than/);
});

test('a head at its limit is judged alike, however it is cut', () => {
  const start = `${ok}A: `;
  const end = '\r\nContent-Length: 0\r\n\r\n';
  const headOf = (bytes: number) => `${start}${'x'.repeat(bytes - start.length - end.length + 4)}${end}`;
  for (const pieceBytes of [Infinity, maxHeadBytes + 1, maxHeadBytes + 3, 4_099]) {
    expect(parse(headOf(maxHeadBytes), pieceBytes)).toMatchObject({ failure: null, status: 200 });
    expect(parse(headOf(maxHeadBytes + 1), pieceBytes).failure).toMatch(/head of more than/);
    expect(parse(`x${headOf(maxHeadBytes + 1)}`, pieceBytes).failure).toMatch(/not an HTTP/);
  }
});
