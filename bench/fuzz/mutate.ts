import { chance, pick, type Random, whole } from './dice.ts';

/** Tokens on which parsers part ways: framing, line ends, field names, what is no text. */
const tokens: Buffer[] = [
  ...['0\r\n', '0\r\n\r\n', 'fffffffffffff\r\n', '-1\r\n', '0x5\r\n', '5;\r\n', '1 \r\n', 'a'],
  ...['\r', '\n', '\r\n', '\r\n\r\n', '\n\n', '\r\r', '\n\r', ' ', '\t', ':', '\u0000', '\u001b[2J'],
  ...['HTTP/1.1 200 OK\r\n', 'HTTP/2 200\r\n', 'HTTP/1.1 100 Go\r\n\r\n', 'Content-Length: 5\r\n'],
  ...['Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: gzip\r\n', 'X: y\r\n', ' folded\r\n'],
  ...[
    'data: x\n',
    'data',
    'id: 3\n',
    'id:\n',
    'event: reset\n',
    'retry: 5\n',
    'retry: 9999999999\n',
    ': c\n',
  ],
].map((text) => Buffer.from(text, 'latin1'));
tokens.push(
  ...['efbbbf', 'c3', 'e282', 'f09f8c', 'ff', 'eda080', 'c080', 'e280a8', 'f48fbfbf'].map((hex) =>
    Buffer.from(hex, 'hex'),
  ),
);
/** Beyond a limit of the parser's, or the reader's; rare, because they are long. */
const longTokens: Buffer[] = [
  ['id: ', 9_000, '\n'],
  ['event: ', 9_000, '\ndata: x\n\n'],
  ['1;', 5_000, '\r\n'],
  ['X: ', 70_000, '\r\n'],
].map(([start, length, end]) => Buffer.from(`${start}${'z'.repeat(Number(length))}${end}`));

/** Between one and eight faults at random places. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let left = 1 + whole(random, 8); left > 0; left -= 1) result = mutateOnce(result, random);
  return result;
}

function mutateOnce(bytes: Buffer, random: Random): Buffer {
  const at = whole(random, bytes.length + 1);
  const end = Math.min(bytes.length, at + whole(random, chance(random, 0.8) ? 6 : 80));
  const splice = (...middle: Buffer[]): Buffer =>
    Buffer.concat([bytes.subarray(0, at), ...middle, bytes.subarray(end)]);
  switch (
    pick(random, ['flip', 'byte', 'delete', 'repeat', 'token', 'token', 'replace', 'cut', 'long'] as const)
  ) {
    case 'flip':
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << whole(random, 8));
      return bytes;
    case 'byte':
      return splice(Buffer.from([whole(random, 256)]), bytes.subarray(at, end));
    case 'delete':
      return splice();
    case 'repeat':
      return splice(...Array<Buffer>(2 + whole(random, 3)).fill(bytes.subarray(at, end)));
    case 'token':
      return splice(pick(random, tokens), bytes.subarray(at, end));
    case 'replace':
      return splice(pick(random, tokens));
    case 'cut':
      return chance(random, 0.3) ? bytes.subarray(0, at) : bytes;
    case 'long':
      return chance(random, 0.1) ? splice(pick(random, longTokens), bytes.subarray(at, end)) : bytes;
  }
}
