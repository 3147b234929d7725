import { HydrotestError } from '../errors.ts';

/** Where a stream lives: what to dial, and what to ask for once connected. */
export interface RequestTarget {
  secure: boolean;
  /** Host name or address, without the brackets of an IPv6 address. */
  host: string;
  port: number;
  /** Value of the Host header: with the port unless it is the scheme's own. */
  authority: string;
  /** Path and query, percent-encoded. */
  path: string;
}

/** RFC 9110 §5.6.2: token. */
export const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * RFC 9110 §5.5: a field value holds no control characters but the tab. CR and LF above all: whoever got one
 * into a value would write headers of their own.
 */
export const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Splits a stream URL. Throws `usage` when it is none, not http(s), or carries a user name. */
export function parseTarget(url: string): RequestTarget {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new HydrotestError('usage', `stream URL ${JSON.stringify(url)} is not an http: or https: URL`, {
      observed: { url },
    });
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new HydrotestError(
      'usage',
      `stream URL for ${parsed.host} carries a user name: send an Authorization header instead`,
    );
  }
  const secure = parsed.protocol === 'https:';
  return {
    secure,
    host: parsed.hostname.startsWith('[') ? parsed.hostname.slice(1, -1) : parsed.hostname,
    port: parsed.port === '' ? (secure ? 443 : 80) : Number(parsed.port),
    authority: parsed.host,
    path: parsed.pathname + parsed.search,
  };
}

/** What an EventSource sends (the HTML standard, §9.2.2 and §9.2.3). */
export const eventStreamHeaders = { Accept: 'text/event-stream', 'Cache-Control': 'no-cache' };

export interface RequestParts {
  /** What the protocol itself sends, overridden by the user's headers; default: what an EventSource does. */
  own?: Record<string, string>;
  /** Default `keep-alive`; whoever is to switch the protocol has one of its own. */
  connection?: 'keep-alive' | 'close';
  /** Null: none. */
  body?: string | null;
}

/**
 * All headers of a request. Those of the user override the others, in any case. Throws `usage` for a name that is no token, or a
 * value with a line break, another control character, or one outside Latin-1.
 */
export function requestHeaders(
  target: RequestTarget,
  headers: Record<string, string>,
  { own = eventStreamHeaders, connection = 'keep-alive', body = null }: RequestParts = {},
): [string, string][] {
  const merged = new Map<string, [string, string]>([['host', ['Host', target.authority]]]);
  for (const [name, value] of Object.entries(own)) merged.set(name.toLowerCase(), [name, value]);
  if (!merged.has('connection')) merged.set('connection', ['Connection', connection]);
  for (const [name, value] of Object.entries(headers)) {
    if (!fieldName.test(name)) {
      throw new HydrotestError('usage', `header name ${JSON.stringify(name)} is not an HTTP token`);
    }
    if (!fieldValue.test(value)) {
      throw new HydrotestError(
        'usage',
        `value of header ${name} holds a line break, a control character or one outside Latin-1`,
        { observed: { name } },
      );
    }
    merged.set(name.toLowerCase(), [name, value]);
  }
  if (body !== null) merged.set('content-length', ['Content-Length', String(Buffer.byteLength(body))]);
  return [...merged.values()];
}

/** A request, ready to be sent in either version of HTTP. */
export interface PreparedRequest {
  target: RequestTarget;
  /** A POST where there is one. */
  body: string | null;
  headers: [string, string][];
  /** As it goes over the wire of HTTP/1.x, in Latin-1; a `{nonce}` of the protocol is left to fill. */
  text: string;
}

/** `version` 1.0 asks for no keep-alive. Throws what `parseTarget` and `requestHeaders` throw. */
export function makeRequest(
  url: string,
  headers: Record<string, string>,
  { version = '1.1', ...parts }: RequestParts & { version?: '1.0' | '1.1' | undefined } = {},
): PreparedRequest {
  const target = parseTarget(url);
  const { body = null } = parts;
  const all = requestHeaders(target, headers, {
    connection: version === '1.0' ? 'close' : 'keep-alive',
    ...parts,
  });
  const method = body === null ? 'GET' : 'POST';
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`);
  // Latin-1 characters, one for each byte of the body.
  const text = `${method} ${target.path} HTTP/${version}\r\n${lines.join('')}\r\n${Buffer.from(body ?? '').toString('latin1')}`;
  return { target, body, headers: all, text };
}

/** Requests that are kept: those of the keys that clients come back to, not all that there ever were. */
const MOST_KEPT = 256;
const kept: {
  headers: Record<string, string> | null;
  own: Record<string, string> | null;
  byUrl: Map<string, PreparedRequest>;
} = { headers: null, own: null, byUrl: new Map() };

/**
 * As `makeRequest`, for HTTP/1.1. Kept for the next stream with the same URL and body and the very same headers object, as clients that
 * come and go ask for the same again and again, and this is a good part of what ours cost more than bare sockets.
 */
export function prepareRequest(
  url: string,
  headers: Record<string, string>,
  own: Record<string, string>,
  body: string | null,
): PreparedRequest {
  const name = body === null ? url : `${url}\n${body}`;
  const isSame = headers === kept.headers && own === kept.own;
  const known = isSame ? kept.byUrl.get(name) : undefined;
  if (known !== undefined) return known;
  const prepared = makeRequest(url, headers, { own, body });
  if (!isSame || kept.byUrl.size >= MOST_KEPT) kept.byUrl.clear();
  kept.headers = headers;
  kept.own = own;
  kept.byUrl.set(name, prepared);
  return prepared;
}
