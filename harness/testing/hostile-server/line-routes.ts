import type { ProtocolRoute } from './protocol-route.ts';
import { chunk, forEver, manyTimes, okHead } from './route.ts';

const head = `${okHead}Content-Type: application/x-ndjson\r\n\r\n`;
const chunkedHead = `${okHead}Transfer-Encoding: chunked\r\n\r\n`;

export const lineRoutes: Record<string, ProtocolRoute> = {
  'ndjson-endless-line': {
    does: 'a line without an end',
    protocol: 'ndjson',
    at: 'request',
    act: forEver(`${head}{"a":1}\n`, 'x'.repeat(10_000)),
    raw: /^protocol-error 200, 1 events.*: line of more than \d+ bytes without an end/,
  },
  'ndjson-endless-line-in-small-chunks': {
    does: 'a line without an end, in chunks of 20 bytes',
    protocol: 'ndjson',
    at: 'request',
    act: forEver(chunkedHead, Buffer.alloc(52_000, chunk('x'.repeat(20)))),
    raw: /^protocol-error 200, 0 events.*: line of more than \d+ bytes without an end/,
  },
  'ndjson-empty-lines': {
    does: 'lines with nothing in them, for ever',
    protocol: 'ndjson',
    at: 'request',
    act: forEver(`${head}{"a":1}\n`, '\n'.repeat(10_000)),
    raw: /^client 200, 1 events/,
  },
  'chunked-endless-chunk': {
    does: 'a chunk that says it has 281 TB',
    protocol: 'chunked',
    at: 'request',
    act: forEver(`${chunkedHead}ffffffffffff\r\n`, 'x'.repeat(10_000)),
    raw: /^protocol-error 200, 0 events.*: chunk of more than \d+ bytes/,
  },
  'chunked-tiny-chunks': {
    does: 'a hundred thousand chunks of a byte',
    protocol: 'chunked',
    at: 'request',
    act: manyTimes(chunkedHead, Buffer.alloc(6000, chunk('x')), 100, '0\r\n\r\n'),
    raw: /^server-end 200, 100000 events/,
  },
  'chunked-no-chunks': {
    does: 'a body without chunks and without an end',
    protocol: 'chunked',
    at: 'request',
    act: forEver(`${okHead}\r\n`, 'x'.repeat(10_000)),
    raw: /^protocol-error 200, 0 events.*: chunk of more than \d+ bytes/,
  },
};
