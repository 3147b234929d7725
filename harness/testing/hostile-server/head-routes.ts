import {
  answers,
  chunk,
  chunkedHead,
  eventsHead,
  forEver,
  goesOn,
  type HostileRoute,
  hello,
  noAnswer,
  okHead,
  plainHead,
  says,
} from './route.ts';

const endOfStream = '0\r\n\r\n';

/** A response that no client may take: a broken head. `tab` meets it in Node's own parser and comes back, as a browser does. */
function brokenHead(does: string, act: HostileRoute['act'], raw: RegExp): HostileRoute {
  return { does, at: 'request', act, raw, tab: /^client unanswered, 0 events.*: \S/, flood: noAnswer };
}

export const headRoutes: Record<string, HostileRoute> = {
  'endless-status-line': brokenHead(
    'a status line without an end',
    forEver('HTTP/1.1 200 ', 'x'.repeat(60_000)),
    /^protocol-error unanswered.*response head of more than 65536 bytes/,
  ),
  'endless-header-line': brokenHead(
    'a header line without an end',
    forEver(`${okHead}X-More: `, 'x'.repeat(60_000)),
    /^protocol-error unanswered.*response head of more than 65536 bytes/,
  ),
  'endless-headers': brokenHead(
    'headers without an end',
    forEver(okHead, 'X-More: more\r\n'.repeat(1_000)),
    /^protocol-error unanswered.*response head of more than 65536 bytes/,
  ),
  'too-many-headers': {
    ...brokenHead(
      '3,000 headers in 15 kB',
      says(`${eventsHead}${'x:y\r\n'.repeat(3_000)}\r\n${hello}`),
      /^protocol-error unanswered.*response head of more than 1000 lines/,
    ),
    // Node drops those above 2,000, as far as its 16 KiB go.
    tab: /^client (200|unanswered)/,
  },
  'nul-in-header': brokenHead(
    'a NUL in a header',
    says(`${eventsHead}X: a\0b\r\n\r\n${hello}`),
    /^protocol-error unanswered.*malformed header line/,
  ),
  'cr-in-header': brokenHead(
    'a CR without LF in a header',
    says(`${eventsHead}X: a\rY: b\r\n\r\n${hello}`),
    /^protocol-error unanswered.*malformed header line/,
  ),
  'folded-header': {
    ...brokenHead(
      'a header folded over two lines (obs-fold)',
      says(`${eventsHead}X: a\r\n b\r\n\r\n${hello}`),
      /^protocol-error unanswered.*malformed header line/,
    ),
    tab: /^client (200|unanswered)/,
  },
  'space-before-colon': brokenHead(
    'white space before the colon',
    says(`${okHead}Content-Type : text/event-stream\r\n\r\n${hello}`),
    /^protocol-error unanswered.*malformed header line/,
  ),
  'two-lengths': brokenHead(
    'two Content-Lengths that differ',
    says(`${eventsHead}Content-Length: 5\r\nContent-Length: 500\r\n\r\n${hello}`),
    /^protocol-error unanswered.*malformed Content-Length "5, 500"/,
  ),
  'negative-length': {
    ...brokenHead(
      'a negative Content-Length',
      says(`${eventsHead}Content-Length: -1\r\n\r\n${hello}`),
      /^protocol-error unanswered.*malformed Content-Length/,
    ),
    // autocannon's parser lets it pass.
    flood: /^4 × 200/,
  },
  'length-and-chunked': {
    ...brokenHead(
      'both Content-Length and Transfer-Encoding',
      says(`${eventsHead}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${hello}`),
      /^protocol-error unanswered.*both Transfer-Encoding and Content-Length/,
    ),
    // autocannon's parser lets it pass.
    flood: /^4 × 200/,
  },
  'interim-without-end': {
    does: 'interim responses (103) without an end',
    at: 'request',
    act: forEver('', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(100)),
    raw: /^protocol-error unanswered.*more than 100 interim responses/,
    tab: /^client unanswered.*more than 100 interim responses/,
    flood: /^(?!.*\b(200|429)\b)/,
  },
  'switches-protocols': {
    does: 'status 101, without having been asked',
    at: 'request',
    act: says(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello',
    ),
    raw: /^protocol-error 101.*the server switched protocols/,
    tab: /^client unanswered.*the server switched protocols/,
    flood: /./,
  },
  'not-http': brokenHead(
    'speaks another protocol',
    says('SSH-2.0-OpenSSH_9.6\r\n'),
    /^protocol-error unanswered.*not an HTTP\/1\.x response: it begins with "SSH-2\.0/,
  ),
  'binary-noise': brokenHead(
    'noise without an end',
    forEver('', Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 167) & 0xff))),
    /^protocol-error unanswered.*not an HTTP\/1\.x response/,
  ),
  'http-2-preface': brokenHead(
    'HTTP/2 frames without having been asked',
    says(Buffer.from('000012040000000000000300000064000400100000000600004000', 'hex')),
    /^protocol-error unanswered.*not an HTTP\/1\.x response/,
  ),
  'answers-first': {
    does: 'the response before the request',
    at: 'connect',
    act: says(Buffer.concat([Buffer.from(chunkedHead), chunk(hello)])),
    raw: goesOn,
    tab: goesOn,
    flood: noAnswer,
  },
  'second-response': {
    does: 'a second response right behind the first',
    at: 'request',
    act: says(
      `${chunkedHead}${chunk(hello)}${endOfStream}${answers('429 Too Many', '', 'no')}${answers('500 x')}`,
    ),
    raw: /^server-end 200, 1 events/,
    tab: /^client 200, \d+ events/,
    flood: /× 200/,
  },
  'closes-kept-alive': {
    does: 'says keep-alive and closes early',
    at: 'request',
    act: says(`${eventsHead}Connection: keep-alive\r\nContent-Length: 500\r\n\r\n${hello}`, 'close'),
    raw: /^server-reset 200, 1 events.*\d+ bytes before the end of the body/,
    tab: /^client 200, 1 events, 1 reconnects/,
    flood: noAnswer,
  },
  'ends-with-connection': {
    does: 'a body that ends with its connection, at once',
    at: 'request',
    act: says(`${plainHead}${hello}`, 'close'),
    raw: /^server-end 200, 1 events/,
    tab: /^client 200, 1 events, 1 reconnects/,
    flood: /./,
  },
};
