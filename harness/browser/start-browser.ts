import { HydrotestError } from '../errors.ts';
import type { Browser, BrowserConfig } from '../model.ts';
import { abortable } from '../waiting.ts';
import { startBrowserProcess } from './browser-process.ts';
import { findBrowser } from './find-browser.ts';
import { countRows, ROW_COUNT_NAME } from './row-counter.ts';
import { openTab } from './tab.ts';

export interface StartOptions {
  pageUrl(key: string): string | null;
  headers: Record<string, string>;
  signal: AbortSignal;
}

/**
 * Starts a browser. Nothing is left of it when it throws.
 *
 * @throws HydrotestError `usage` where there is none, `internal` when it does not come up, and the signal's reason.
 */
export async function startBrowser(config: BrowserConfig | null, options: StartOptions): Promise<Browser> {
  if (config === null) throw new HydrotestError('internal', 'no browser was configured');
  const { executable, chromium, env } = await findBrowser(config.path);
  const { signal } = options;
  const process = await startBrowserProcess(executable, env, signal, hostOf(options.pageUrl('key')));
  try {
    const connection = await abortable(chromium.connectOverCDP(process.endpoint), signal);
    let isKilled = false;
    const [context] = connection.contexts();
    if (context === undefined) throw new HydrotestError('internal', 'the browser has no profile');
    await context.setExtraHTTPHeaders(options.headers);
    await context.addInitScript(countRows, { name: ROW_COUNT_NAME, selector: config.rows });
    let count = 0;
    return {
      version: connection.version(),
      open(key) {
        const url = options.pageUrl(key);
        if (url === null) throw new HydrotestError('usage', '--browser has no page to open: give --page.');
        count += 1;
        return openTab(context, { number: count, key, url });
      },
      checkAlive() {
        if (isKilled || connection.isConnected()) return;
        throw new HydrotestError(
          'internal',
          `the browser ended by itself, so that its tabs show nothing: the machine may lack memory for it${lastWords(process.output())}`,
        );
      },
      async kill() {
        isKilled = true;
        await process.kill();
        await connection.close().catch(() => {});
      },
    };
  } catch (error) {
    await process.kill();
    throw error;
  }
}

/** As a URL names it, without the brackets of an IPv6 address. */
function hostOf(url: string | null): string | null {
  return url === null ? null : new URL(url).hostname.replace(/^\[|\]$/g, '');
}

function lastWords(output: string): string {
  return output === '' ? '' : `; it printed last: ${output}`;
}
