/** A real browser with pages of reports in it, for what only a browser shows. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContextOptions, chromium as launcher, type Page } from 'playwright-core';

export interface ReportPage {
  page: Page;
  /** What must not happen: errors, warnings of the console, violations of the policy, dialogs, requests to anywhere. */
  faults: string[];
}

/** Until `close`. */
export interface ReportBrowser {
  browser: Browser;
  open(html: string, options?: BrowserContextOptions): Promise<ReportPage>;
  close(): Promise<void>;
}

/** With `language: false` as on a machine without a locale, where the browser's language is none that `Intl` knows. */
export async function openBrowser({ language = true } = {}): Promise<ReportBrowser> {
  const folder = mkdtempSync(join(tmpdir(), 'hydrotest-page-'));
  // As a single process, the browser ends with its first page.
  const args = chromium.args.filter((arg) => !arg.startsWith('--lang') && arg !== '--single-process');
  const locale = language ? 'en_US.UTF-8' : 'C';
  const browser = await launcher.launch({
    executablePath: await chromium.executablePath(),
    args: language ? [...args, '--lang=en-US'] : args,
    env: { ...process.env, LANG: locale, LANGUAGE: '', LC_ALL: locale },
  });
  let count = 0;
  return {
    browser,
    async open(html, options = {}) {
      const file = join(folder, `${count++}.html`);
      writeFileSync(file, html);
      const address = pathToFileURL(file).href;
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
      });
      page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
      page.on('dialog', (dialog) => {
        faults.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('request', (request) => {
        const url = request.url();
        if (url !== address && !url.startsWith('data:')) faults.push(`request: ${url}`);
      });
      await page.addInitScript(
        `document.addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective));`,
      );
      await page.goto(address);
      return { page, faults };
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Milliseconds from the start of the page's load until its charts were drawn; null: it has none. */
export const drawnMs = `performance.getEntriesByName('charts drawn')[0]?.startTime ?? null`;
