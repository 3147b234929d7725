import { chunk, chunkedHead, type HostileRoute, hello, noAnswer, says } from './route.ts';

const failed = /^connect-failed unanswered, 0 events.*: \S/;
const comesBack = /^client unanswered, 0 events, [1-9].*: \S/;

export const tlsRoutes: Record<string, HostileRoute> = {
  'tls-stall': {
    does: 'takes the ClientHello and stalls',
    at: 'connect',
    tls: 'none',
    act: () => {},
    raw: /^client unanswered, 0 events/,
    tab: /^client unanswered, 0 events/,
    flood: noAnswer,
  },
  'tls-half-record': {
    does: 'begins a record of the handshake and stalls',
    at: 'connect',
    tls: 'none',
    act: says(Buffer.from('160303ffff02000000', 'hex')),
    raw: failed,
    tab: /^client unanswered, 0 events/,
    flood: noAnswer,
  },
  'tls-plain-text': {
    does: 'answers the ClientHello with plain HTTP',
    at: 'connect',
    tls: 'none',
    act: says(`${chunkedHead}${chunk(hello)}`),
    raw: failed,
    tab: comesBack,
    flood: noAnswer,
  },
  'tls-garbage': {
    does: 'answers the ClientHello with noise',
    at: 'connect',
    tls: 'none',
    act: says(Buffer.alloc(2_000, 0xa5), 'close'),
    raw: failed,
    tab: comesBack,
    flood: noAnswer,
  },
  'tls-close': {
    does: 'closes in the handshake',
    at: 'connect',
    tls: 'none',
    act: (socket) => socket.end(),
    raw: failed,
    tab: comesBack,
    flood: noAnswer,
  },
  'tls-self-signed': {
    does: 'a certificate that nobody vouches for',
    at: 'request',
    tls: 'certificate',
    act: says(`${chunkedHead}${chunk(hello)}`),
    raw: /^connect-failed unanswered, 0 events.*self-signed certificate/,
    tab: /^client unanswered, 0 events, [1-9].*self-signed certificate/,
    flood: noAnswer,
  },
};
