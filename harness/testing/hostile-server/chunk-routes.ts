import {
  chunk,
  chunkedHead,
  forEver,
  goesOn,
  type HostileRoute,
  hello,
  manyTimes,
  noAnswer,
  oneByOne,
  says,
} from './route.ts';

const good = chunk(hello).toString('latin1');

/** The head is good: the tab is in, and loses its connection when the body breaks, as a browser would. */
function brokenChunk(does: string, act: HostileRoute['act'], raw: RegExp): HostileRoute {
  return { does, at: 'request', act, raw, tab: /^client 200, \d+ events, [1-9].*: \S/, flood: noAnswer };
}

export const chunkRoutes: Record<string, HostileRoute> = {
  'chunk-too-long': brokenChunk(
    'a chunk with more bytes than its size says',
    says(`${chunkedHead}3\r\n${hello}\r\n`),
    /^protocol-error 200.*chunk is longer than its size says/,
  ),
  'chunk-too-short': {
    ...brokenChunk(
      'a chunk with fewer bytes than its size says, then the end',
      says(`${chunkedHead}${good}ff\r\n${hello}\r\n0\r\n\r\n`, 'close'),
      /^server-reset 200.*bytes before the end of a chunk/,
    ),
  },
  'chunk-negative': {
    ...brokenChunk(
      'a negative chunk size',
      says(`${chunkedHead}${good}-1\r\n${hello}\r\n`),
      /^protocol-error 200, 1 events.*malformed chunk size line "-1/,
    ),
    // autocannon's parser lets it pass.
    flood: /^4 × 200/,
  },
  'chunk-overflow': brokenChunk(
    'a chunk size of 2^64 and more',
    says(`${chunkedHead}${good}ffffffffffffffff1\r\n${hello}\r\n`),
    /^protocol-error 200, 1 events.*malformed chunk size line/,
  ),
  'chunk-not-hex': brokenChunk(
    'a chunk size that is no number',
    says(`${chunkedHead}${good}0x10\r\n${hello}\r\n`),
    /^protocol-error 200, 1 events.*malformed chunk size line/,
  ),
  'chunk-without-size': {
    ...brokenChunk(
      'chunked in the head alone',
      says(`${chunkedHead}${hello}`),
      /^protocol-error 200.*malformed chunk size line/,
    ),
    // autocannon's parser lets it pass.
    flood: /^4 × 200/,
  },
  'chunk-size-endless': {
    ...brokenChunk(
      'a chunk size of noughts without an end',
      forEver(`${chunkedHead}${good}`, '0'.repeat(60_000)),
      /^protocol-error 200, 1 events.*chunk size line of more than 4096 bytes/,
    ),
    // Node's parser counts digits but these, and keeps none of them.
    tab: goesOn,
  },
  'chunk-extension-endless': brokenChunk(
    'a chunk extension of megabytes',
    forEver(`${chunkedHead}${good}1;a=`, 'x'.repeat(60_000)),
    /^protocol-error 200, 1 events.*chunk size line of more than 4096 bytes/,
  ),
  'no-last-chunk': brokenChunk(
    'closes without the last chunk',
    says(`${chunkedHead}${good}`, 'close'),
    /^server-reset 200, 1 events.*before the last chunk/,
  ),
  'trailers-endless': brokenChunk(
    'trailers without an end',
    forEver(`${chunkedHead}${good}0\r\n`, 'X-More: more\r\n'.repeat(1_000)),
    /^protocol-error 200, 1 events.*trailers of more than 65536 bytes/,
  ),
  'million-chunks': {
    does: 'a million chunks of one byte',
    at: 'request',
    act: manyTimes(chunkedHead, Buffer.from('1\r\n:\r\n'.repeat(1_000)), 1_000, '0\r\n\r\n'),
    raw: /^(server-end|client) 200, 0 events/,
    tab: goesOn,
    flood: /./,
  },
  'byte-by-byte': {
    does: 'a good response, one byte a packet',
    at: 'request',
    act: oneByOne(`${chunkedHead}${good}${good}`),
    raw: goesOn,
    tab: goesOn,
    flood: noAnswer,
  },
};
