import { expect, test } from 'vitest';
import { EventPosition } from './event-position.ts';

/** For each prefix of the text, `x` where it ends inside an event and `.` where it does not. */
function positions(text: string, pieceBytes = 1): string {
  const position = new EventPosition();
  const bytes = Buffer.from(text);
  let seen = '';
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    position.push(bytes.subarray(at, at + pieceBytes));
    seen += position.isInside ? 'x' : '.';
  }
  return seen;
}

test.each([
  ['one event', 'data:a\n\n', 'xxxxxxx.'],
  ['two events', 'id:1\n\ndata\n\n', 'xxxxx.xxxxx.'],
  ['CRLF', 'a:b\r\n\r\na', 'xxxxx..x'],
  ['CR', 'a:b\r\ra', 'xxxx.x'],
  ['comments and keep-alives are between events', ': hi\n\n:\n\n\n\n', '...........'],
  ['a comment inside an event', 'a\n:b\n\n', 'xxxxx.'],
  ['a comment that ends in CRLF', ':\r\n\r\na', '.....x'],
  ['a byte order mark is no line', '\uFEFF:a\na', '......x'],
])('%s', (_what, text, expected) => {
  expect(positions(text)).toBe(expected);
});

test('the same in larger pieces', () => {
  const text = '\uFEFF: hello\r\nid: 1\rdata: grüße\r\n\r\n:\n\ndata: b\n\n';
  const byteByByte = positions(text);
  for (const pieceBytes of [2, 3, 5, 7]) {
    const expected = [...byteByByte].filter((_, index) => (index + 1) % pieceBytes === 0).join('');
    expect(positions(text, pieceBytes).slice(0, expected.length)).toBe(expected);
  }
});
