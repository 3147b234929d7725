import { escapes, forHeader } from './escapes.ts';
import { answers, forEver, type HostileRoute, says } from './route.ts';

const raw = /^refused 30\d, 0 events.*: redirected \(30\d\) to ".*, which this client does not follow/;

/** `to` makes the Location of the port that it came in at and the path asked for. */
function redirects(
  does: string,
  to: (port: number, path: string) => string,
  tab: RegExp,
  status = '302 Found',
): HostileRoute {
  return {
    does,
    at: 'request',
    act(socket, request, port) {
      const path = /^GET (\S+)/.exec(request)?.[1] ?? '/';
      socket.write(Buffer.from(answers(status, `Location: ${to(port, path)}\r\n`), 'latin1'));
    },
    raw,
    tab,
    flood: /^4 × 30\d/,
  };
}

const elsewhere = (location: string) =>
  new RegExp(
    `^protocol-error 302, 0 events.*: redirected \\(302\\) to "${location}.*, which is another origin: not followed`,
  );

export const redirectRoutes: Record<string, HostileRoute> = {
  'redirect-loop': redirects(
    'a redirect to itself',
    (_port, path) => path,
    /^protocol-error 307, 0 events.*: more than 20 redirects/,
    '307 Temporary Redirect',
  ),
  'redirect-chain': redirects(
    'a chain of redirects, each to another path',
    (_port, path) => `${path}x`,
    /^protocol-error 301, 0 events.*: more than 20 redirects/,
    '301 Moved',
  ),
  'redirect-to-host': redirects(
    'a redirect to another host',
    () => 'http://evil.example/events',
    elsewhere('http://evil'),
  ),
  'redirect-to-name': redirects(
    'a redirect to another name of the same host',
    (port) => `http://localhost:${port}/events`,
    elsewhere('http://localhost'),
  ),
  'redirect-to-port': redirects(
    'a redirect to another port',
    (port) => `http://127.0.0.1:${port === 1 ? 2 : 1}/events`,
    elsewhere('http://127'),
  ),
  'redirect-to-scheme-relative': redirects(
    'a redirect to //another host',
    () => '//evil.example/events',
    elsewhere('//evil'),
  ),
  'redirect-to-https': redirects(
    'a redirect to https on the same host and port',
    (port) => `https://127.0.0.1:${port}/events`,
    elsewhere('https://127'),
  ),
  'redirect-to-file': redirects('a redirect to a file', () => 'file:///etc/passwd', elsewhere('file:')),
  'redirect-with-credentials': redirects(
    'a redirect to itself with a user and a password',
    (port) => `http://admin:secret@127.0.0.1:${port}/events`,
    /^protocol-error 302, 0 events.*: redirected \(302\) to "http:.*, which carries a user name: not followed/,
  ),
  'redirect-to-nowhere': redirects(
    'a redirect to what is no URL',
    () => 'http://[::bad/',
    /^protocol-error 302, 0 events.*: redirected \(302\) to "http:.*, which is no URL: not followed/,
  ),
  'redirect-of-escapes': redirects(
    'a redirect to a path of terminal escapes',
    () => `http://evil.example/${Buffer.from(forHeader(escapes)).toString('latin1')}`,
    elsewhere('http://evil'),
  ),
  'redirect-without-location': {
    does: 'a redirect without Location',
    at: 'request',
    act: says(answers('302 Found')),
    raw: /^refused 302, 0 events/,
    tab: /^refused 302, 0 events/,
    flood: /^4 × 302/,
  },
  'redirect-with-endless-body': {
    does: 'a redirect with a body without an end',
    at: 'request',
    act: forEver('HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n', 'moved '.repeat(5_000)),
    raw,
    tab: /^protocol-error 302, 0 events.*: more than 20 redirects/,
    flood: /errors|time-outs/,
  },
};
