import { quote } from './foreign-text.ts';

/** The Fetch standard's limit (HTTP-redirect fetch, step 7). */
export const maxRedirectCount = 20;
const redirects = new Set([301, 302, 303, 307, 308]);

/** Where a redirect leads, or why nobody goes there. */
export type Redirection = { to: URL } | { refusal: string };

export function isRedirect(status: number): boolean {
  return redirects.has(status);
}

/**
 * A redirect is followed on the origin that the user named and nowhere else: whoever answers there must not choose where the
 * load, and the user's headers with it, goes. That holds for https in place of http, too: another port, another server.
 */
export function redirection(status: number, location: string, from: URL, redirectCount: number): Redirection {
  const where = `redirected (${status}) to ${quote(location)}`;
  const to = URL.parse(location, from.href);
  if (to === null) return { refusal: `${where}, which is no URL: not followed` };
  if (to.origin !== from.origin) return { refusal: `${where}, which is another origin: not followed` };
  if (to.username !== '' || to.password !== '')
    return { refusal: `${where}, which carries a user name: not followed` };
  if (redirectCount >= maxRedirectCount)
    return { refusal: `${where}: more than ${maxRedirectCount} redirects` };
  return { to };
}

/** What a client that follows none has to say of one. */
export function unfollowed(status: number, location: string): string {
  return `redirected (${status}) to ${quote(location)}, which this client does not follow`;
}
