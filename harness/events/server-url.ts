import { usage } from '../option-values.ts';

/** Where the reference server listens when it is not told otherwise. */
export const defaultServerUrl = 'http://127.0.0.1:8080';

/**
 * The address of a path below the URL that was given for a server.
 *
 * @throws HydrotestError `usage`
 */
export function addressBelow(serverUrl: string, path: string): URL {
  let url: URL;
  try {
    url = new URL(serverUrl);
  } catch {
    throw usage(`--url "${serverUrl}" is no URL: write it as ${defaultServerUrl}.`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw usage(`--url "${serverUrl}" begins with neither http: nor https:.`);
  return new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url);
}
