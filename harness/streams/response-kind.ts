import { quote } from './foreign-text.ts';
import type { ResponseHead } from './http-response-parser.ts';
import { isRedirect, unfollowed } from './redirect.ts';

/**
 * What an answer means to someone who asked for a stream.
 * - `events`: the stream follows.
 * - `refused`: a well-formed no, 204 included: an EventSource gives up at it. `error`: a redirect, and where to.
 * - `protocol-error`: a yes that is not what was asked for.
 */
export type ResponseKind =
  | { kind: 'events' }
  | { kind: 'refused'; error: string | null }
  | { kind: 'protocol-error'; error: string };

export const accepted: ResponseKind = { kind: 'events' };
const refused: ResponseKind = { kind: 'refused', error: null };

/**
 * `none` is no coding that is registered: servers send it (GraphQL Yoga does) so that no proxy compresses, and browsers take the body as
 * it is.
 */
const unencoded = /^(identity|none)$/i;

/**
 * Judges a final response over HTTP.
 *
 * @param mediaType what the body has to be, in lower case; null: anything
 */
export function responseKind({ status, headers }: ResponseHead, mediaType: string | null): ResponseKind {
  // We do not offer to upgrade here, so a server that switches protocols speaks something else (RFC 9110 §7.8).
  if (status === 101) return { kind: 'protocol-error', error: 'status 101: the server switched protocols' };
  const no = refusalKind({ status, headers });
  if (no !== null) return no;
  const contentType = headers.get('content-type');
  if (mediaType !== null && mediaTypeOf(contentType) !== mediaType) {
    const seen = contentType === undefined ? 'no content type' : `content type ${quote(contentType)}`;
    return { kind: 'protocol-error', error: `status 200 with ${seen} instead of ${mediaType}` };
  }
  // We send no Accept-Encoding; who encodes all the same would feed compressed bytes to the event parser.
  const contentEncoding = headers.get('content-encoding');
  if (contentEncoding !== undefined && !unencoded.test(contentEncoding)) {
    const seen = quote(contentEncoding);
    return { kind: 'protocol-error', error: `content encoding ${seen}, which was not asked for` };
  }
  return accepted;
}

/** A well-formed no, or null for a 200. */
export function refusalKind({ status, headers }: ResponseHead): ResponseKind | null {
  const location = headers.get('location');
  if (location !== undefined && isRedirect(status)) {
    return { kind: 'refused', error: unfollowed(status, location) };
  }
  return status === 200 ? null : refused;
}

/** Type and subtype in lower case, without parameters (RFC 9110 §8.3.1). */
export function mediaTypeOf(contentType: string | undefined): string | null {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? null;
}
