import type { IncomingMessage } from 'node:http';

/** The path as it was sent, also from `GET http://host/path` (RFC 9112, section 3.2.2); nothing is resolved. */
export function requestPath(request: IncomingMessage): string {
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '');
  const path = target.split('?', 1)[0];
  return path || '/';
}
