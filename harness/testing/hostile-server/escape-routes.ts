import { escapes, forHeader, markup } from './escapes.ts';
import {
  answers,
  eventsHead,
  goesOn,
  type HostileRoute,
  noAnswer,
  okHead,
  plainHead,
  says,
} from './route.ts';

/** As bytes of UTF-8, in Latin-1: what `says` and a header take. */
const utf8 = (text: string) => Buffer.from(text).toString('latin1');
/** No line ends: they would end the field. */
const inField = utf8(`${escapes} ${markup}`.replace(/[\r\n\0]/g, ''));
/** No control characters but C1 as UTF-8: what a header may hold. */
const inHeader = utf8(forHeader(`${escapes} ${markup}`));

function streams(does: string, body: string): HostileRoute {
  return { does, at: 'request', act: says(plainHead + body), raw: goesOn, tab: goesOn, flood: noAnswer };
}

export const escapeRoutes: Record<string, HostileRoute> = {
  'escapes-in-data': streams('terminal escapes and markup in data', `data: ${inField}\n\n`),
  'escapes-in-ids': streams('terminal escapes and markup in ids', `id: ${inField}\ndata: a\n\n`),
  'escapes-in-names': streams('terminal escapes and markup in event names', `event: ${inField}\ndata: a\n\n`),
  'escapes-in-goodbye': {
    does: 'terminal escapes and markup in the reason of event: close',
    at: 'request',
    act: says(`${plainHead}event: close\ndata: ${inField}\n\n`, 'close'),
    raw: /^server-end 200, 1 events/,
    tab: /^server-end 200, 1 events/,
    flood: /./,
  },
  'escapes-in-content-type': {
    does: 'terminal escapes and markup in the content type',
    at: 'request',
    act: says(`${okHead}Content-Type: text/${inHeader}\r\nContent-Length: 0\r\n\r\n`),
    raw: /^protocol-error 200.*content type "text\//,
    tab: /^protocol-error 200.*content type "text\//,
    flood: /^4 × 200/,
  },
  'escapes-in-status-text': {
    does: 'terminal escapes and markup in the status text and Retry-After',
    at: 'request',
    act: says(answers(`429 ${inHeader}`, `Retry-After: ${inHeader}\r\n`)),
    raw: /^refused 429/,
    tab: /^refused 429/,
    flood: /^4 × 429/,
  },
  'escapes-for-a-response': {
    does: 'terminal escapes and markup in place of a response',
    at: 'request',
    act: says(utf8(`${escapes} ${markup}\r\n\r\n`)),
    raw: /^protocol-error unanswered.*not an HTTP/,
    tab: /^client unanswered.*: \S/,
    flood: noAnswer,
  },
  'escapes-in-a-header-line': {
    does: 'escapes in a header line, where none may be',
    at: 'request',
    act: says(`${eventsHead}${utf8(escapes.replace(/[\r\n]/g, ''))}\r\n\r\n`),
    raw: /^protocol-error unanswered.*malformed header line/,
    tab: /^client unanswered.*: \S/,
    flood: noAnswer,
  },
  'escapes-in-the-log': streams('terminal escapes and markup in its log, and dies', 'data: a\n\n'),
};
