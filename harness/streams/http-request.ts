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

/**
 * The headers that an EventSource sends, overridden (in any case) by those of the user.
 * Throws `usage` for a name that is no token, or a value with a line break, another control character, or one
 * outside Latin-1.
 */
export function requestHeaders(
  target: RequestTarget,
  headers: Record<string, string>,
  connection: 'keep-alive' | 'close' = 'keep-alive',
): [string, string][] {
  const merged = new Map<string, [string, string]>([
    ['host', ['Host', target.authority]],
    ['accept', ['Accept', 'text/event-stream']],
    ['cache-control', ['Cache-Control', 'no-cache']],
    ['connection', ['Connection', connection]],
  ]);
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
  return [...merged.values()];
}

/**
 * The request as it goes over the wire, in Latin-1. One of HTTP/1.0 asks for no keep-alive. Throws what
 * `requestHeaders` throws.
 */
export function requestText(
  target: RequestTarget,
  headers: Record<string, string>,
  version: '1.0' | '1.1' = '1.1',
): string {
  let text = `GET ${target.path} HTTP/${version}\r\n`;
  const connection = version === '1.0' ? 'close' : 'keep-alive';
  for (const [name, value] of requestHeaders(target, headers, connection)) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

export interface PreparedRequest {
  target: RequestTarget;
  text: string;
}

/** URLs that are kept: the keys that clients come back to, not all that there ever were. */
const MOST_KEPT = 256;
const kept: { headers: Record<string, string> | null; byUrl: Map<string, PreparedRequest> } = {
  headers: null,
  byUrl: new Map(),
};

/**
 * Where a request of HTTP/1.1 goes and what it says. Kept for the next stream with the same URL and the very same headers object, as
 * clients that come and go ask for the same again and again, and this is a good part of what ours cost more than bare sockets. Throws what `parseTarget` and `requestText` throw.
 */
export function prepareRequest(url: string, headers: Record<string, string>): PreparedRequest {
  const known = headers === kept.headers ? kept.byUrl.get(url) : undefined;
  if (known !== undefined) return known;
  const target = parseTarget(url);
  const prepared = { target, text: requestText(target, headers) };
  if (headers !== kept.headers || kept.byUrl.size >= MOST_KEPT) kept.byUrl.clear();
  kept.headers = headers;
  kept.byUrl.set(url, prepared);
  return prepared;
}
