import { quote } from './foreign-text.ts';
import { isRedirect, unfollowed } from './redirect.ts';

/**
 * What an answer means to someone who asked for an event stream.
 * - `events`: an event stream follows.
 * - `refused`: a well-formed no, 204 included: an EventSource gives up at it. `error`: a redirect, and where to.
 * - `protocol-error`: a yes that is no event stream.
 */
export type ResponseKind =
  | { kind: 'events' }
  | { kind: 'refused'; error: string | null }
  | { kind: 'protocol-error'; error: string };

const events: ResponseKind = { kind: 'events' };
const refused: ResponseKind = { kind: 'refused', error: null };
const eventStream = /^text\/event-stream[\t ]*(?:;|$)/i;

/** Judges a final response by its status and headers; a header that did not come is undefined. */
export function responseKind(
  status: number,
  contentType: string | undefined,
  contentEncoding: string | undefined,
  location?: string,
): ResponseKind {
  // We never offer to upgrade, so a server that switches protocols speaks something else (RFC 9110 §7.8).
  if (status === 101) return { kind: 'protocol-error', error: 'status 101: the server switched protocols' };
  if (location !== undefined && isRedirect(status)) {
    return { kind: 'refused', error: unfollowed(status, location) };
  }
  if (status !== 200) return refused;
  if (contentType === undefined || !eventStream.test(contentType)) {
    const seen = contentType === undefined ? 'no content type' : `content type ${quote(contentType)}`;
    return { kind: 'protocol-error', error: `status 200 with ${seen} instead of text/event-stream` };
  }
  // We send no Accept-Encoding; who encodes all the same would feed compressed bytes to the event parser.
  if (contentEncoding !== undefined && !/^identity$/i.test(contentEncoding)) {
    const seen = quote(contentEncoding);
    return { kind: 'protocol-error', error: `content encoding ${seen}, which was not asked for` };
  }
  return events;
}
