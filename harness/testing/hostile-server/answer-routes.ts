import { gzipSync } from 'node:zlib';
import { answers, eventsHead, forEver, type HostileRoute, hello, noAnswer, okHead, says } from './route.ts';

/** A well-formed no. */
function refuses(does: string, act: HostileRoute['act'], status: number, flood: RegExp): HostileRoute {
  const line = new RegExp(`^refused ${status}, 0 events`);
  return { does, at: 'request', act, raw: line, tab: line, flood };
}

function full(retryAfter: string): HostileRoute {
  return refuses(
    `429 with Retry-After: ${retryAfter}`,
    says(answers('429 Too Many Requests', `Retry-After: ${retryAfter}\r\n`, 'full')),
    429,
    /^4 × 429/,
  );
}

/** A yes that is no event stream. */
function otherContent(does: string, act: HostileRoute['act'], error: RegExp, flood = /./): HostileRoute {
  const line = new RegExp(`^protocol-error 200, 0 events.*: ${error.source}`);
  return { does, at: 'request', act, raw: line, tab: line, flood };
}

/** 20 MiB of nothing in 20 kB. */
const bomb = gzipSync(Buffer.alloc(20 * 2 ** 20));

export const answerRoutes: Record<string, HostileRoute> = {
  'gzip-bomb': otherContent(
    '20 MiB in 20 kB of gzip, without having been asked',
    says(
      Buffer.concat([
        Buffer.from(`${eventsHead}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`),
        bomb,
      ]),
    ),
    /content encoding "gzip", which was not asked for/,
  ),
  html: otherContent(
    'a page',
    says(`${okHead}Content-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>hello!`),
    /status 200 with content type "text\/html"/,
  ),
  'html-endless': otherContent(
    'a page without an end',
    forEver(`${okHead}Content-Type: text/html\r\n\r\n`, '<p>hello'.repeat(5_000)),
    /status 200 with content type "text\/html"/,
    noAnswer,
  ),
  'no-content-type': otherContent(
    '200 without a content type',
    says(`${okHead}\r\n${hello}`),
    /status 200 with no content type/,
    noAnswer,
  ),
  'content-type-huge': otherContent(
    'a content type of 10 kB',
    says(`${okHead}Content-Type: text/${'x'.repeat(10_000)}\r\nContent-Length: 0\r\n\r\n`),
    /status 200 with content type "text\/x{1,200}…"/,
  ),
  'no-content': refuses('204', says('HTTP/1.1 204 No Content\r\n\r\n'), 204, /^4 × 204/),
  'full-without-end': refuses(
    '429 with a body without an end',
    forEver('HTTP/1.1 429 Too Many Requests\r\n\r\n', 'full '.repeat(10_000)),
    429,
    noAnswer,
  ),
  'full-and-silent': {
    ...refuses(
      '429 with a body that never comes',
      says('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 10\r\n\r\n'),
      429,
      noAnswer,
    ),
    raw: /^client 429/,
  },
  'retry-after-negative': full('-1'),
  'retry-after-huge': full('1e9'),
  'retry-after-date': full('Wed, 21 Oct 2015 07:28:00 GMT'),
  'retry-after-words': full(`soon ${'x'.repeat(10_000)}`),
  unavailable: refuses('503', says(answers('503 Service Unavailable', '', 'busy')), 503, /^4 × 503/),
  'status-999': refuses('a status that there is not', says(answers('999 What')), 999, /^4 × 999/),
};
