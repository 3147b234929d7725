import { chunk, chunkedHead, goesOn, type HostileRoute, hello, noAnswer, oneByOne, says } from './route.ts';

const whole = `${chunkedHead}${chunk(hello)}0\r\n\r\n`;

/** Says nothing more, and keeps the connection. */
function stalls(where: string, text: string, line: RegExp): HostileRoute {
  return { does: `stalls ${where}`, at: 'request', act: says(text), raw: line, tab: line, flood: noAnswer };
}

const unanswered = /^client unanswered, 0 events/;

/** At which byte this connection is cut: `cut=<n>` in the query; without one, each connection at the next byte. */
function cutAt(request: string, count: number): number {
  const asked = /[?&]cut=(\d+)/.exec(request)?.[1];
  return Math.min(whole.length, asked === undefined ? count % whole.length : Number(asked));
}

function breaks(how: 'reset' | 'close'): HostileRoute {
  let count = 0;
  return {
    does: `${how === 'reset' ? 'resets' : 'closes'} behind each byte of a response, the next one on each connection`,
    at: 'request',
    act(socket, request) {
      const bytes = Buffer.from(whole.slice(0, cutAt(request, count++)));
      if (how === 'close') socket.end(bytes);
      else {
        socket.write(bytes);
        // The RST overtakes what the client has not read.
        setTimeout(() => socket.resetAndDestroy(), 20);
      }
    },
    raw: /^(server-(reset|end)) (unanswered|200), [01] events/,
    tab: /^client (unanswered|200), \d+ events, [1-9]/,
    flood: /./,
  };
}

/** Bytes of the response that `closes-at-each-byte` and `resets-at-each-byte` cut. */
export const cutResponseBytes = whole.length;

export const stallRoutes: Record<string, HostileRoute> = {
  'stall-at-once': stalls('before anything', '', unanswered),
  'stall-in-status-line': stalls('in the status line', 'HTTP/1.1 20', unanswered),
  'stall-in-headers': stalls('in the headers', chunkedHead.slice(0, 30), unanswered),
  'stall-behind-headers': stalls('behind the headers', chunkedHead, goesOn),
  'stall-in-chunk-size': stalls('in a chunk size', `${chunkedHead}${chunk(hello)}f`, /^client 200, 1 events/),
  'stall-in-event': stalls('in an event', `${chunkedHead}ff\r\ndata: ha`, /^client 200, 0 events/),
  'stall-in-trailers': stalls(
    'in the trailers',
    `${chunkedHead}${chunk(hello)}0\r\nA: b\r\n`,
    /^client 200, 1 events/,
  ),
  trickle: {
    does: 'headers, one byte a packet, and then never their end',
    at: 'request',
    act: oneByOne(chunkedHead.slice(0, -2)),
    raw: unanswered,
    tab: unanswered,
    flood: noAnswer,
  },
  'closes-at-once': {
    does: 'closes without a word',
    at: 'connect',
    act: (socket) => socket.end(),
    raw: /^server-reset unanswered.*closed before a response/,
    tab: /^client unanswered, 0 events, [1-9].*: \S/,
    flood: noAnswer,
  },
  'resets-at-once': {
    does: 'resets without a word',
    at: 'connect',
    act: (socket) => void socket.resetAndDestroy(),
    raw: /^(server-reset|connect-failed) unanswered/,
    tab: /^client unanswered, 0 events, [1-9].*: \S/,
    flood: noAnswer,
  },
  'closes-at-each-byte': breaks('close'),
  'resets-at-each-byte': breaks('reset'),
};
