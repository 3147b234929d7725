import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContext, chromium as playwright } from 'playwright-core';
import { hashOf } from '../page.ts';

/** A real browser, with its back/forward cache, and what its pages had to complain about. */
export interface TestBrowser {
  /** Errors and policy violations of all pages, in their console and thrown. */
  readonly complaints: string[];
  /** A profile of its own: no locks, channels or caches in common with the others. */
  newProfile(): Promise<BrowserContext>;
  close(): Promise<void>;
}

/** One process for all tabs could not have one that hangs, and without web security there would be no policy to test. */
const unwantedArguments = ['--single-process', '--disable-web-security', '--allow-running-insecure-content'];

export async function openBrowser(): Promise<TestBrowser> {
  const browser: Browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [...chromium.args.filter((name) => !unwantedArguments.includes(name)), '--lang=en-US'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    env: { ...process.env, LANG: 'en_US.UTF-8' },
  });
  const complaints: string[] = [];
  return {
    complaints,
    async newProfile() {
      const profile = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC' });
      profile.setDefaultTimeout(20_000);
      profile.on('console', (message) => {
        // The browser writes each answer that is no success; what the page makes of it is what counts.
        const isAnswer = message.text().startsWith('Failed to load resource');
        if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
      });
      profile.on('weberror', (error) => void complaints.push(String(error.error())));
      return profile;
    },
    close: () => browser.close(),
  };
}

/** Gives a profile a page with some of its code replaced, under a policy that allows it. */
export async function changePage(profile: BrowserContext, changes: Record<string, string>): Promise<void> {
  await profile.route(
    ({ pathname }) => pathname === '/',
    async (route) => {
      const response = await route.fetch();
      const html = await response.text();
      let changed = html;
      for (const [from, to] of Object.entries(changes)) {
        if (changed.split(from).length !== 2) throw new Error(`the page has not exactly one ${from}`);
        changed = changed.replace(from, () => to);
      }
      const policy = response.headers()['content-security-policy'] ?? '';
      const newPolicy = policy.replace(hashOf(scriptOf(html)), hashOf(scriptOf(changed)));
      await route.fulfill({
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': newPolicy },
        body: changed,
      });
    },
  );
}

function scriptOf(html: string): string {
  return /<script type="module">(.*)<\/script>/s.exec(html)?.[1] ?? '';
}
