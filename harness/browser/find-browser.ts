import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { HydrotestError } from '../errors.ts';

type Playwright = typeof import('playwright-core');

export interface FoundBrowser {
  executable: string;
  chromium: Playwright['chromium'];
  /** What this build needs beside its executable, such as a folder of fonts. */
  env: Record<string, string>;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/**
 * Finds a Chromium and what drives it: the path given, `HYDROTEST_CHROMIUM` or `CHROME_PATH`, the package
 * `@sparticuz/chromium`, which unpacks itself into the folder for temporary files and stays there, then PATH.
 *
 * @throws HydrotestError `usage`, saying what to install or which path is wrong.
 */
export async function findBrowser(path: string | null): Promise<FoundBrowser> {
  const playwright = await optional<Playwright>(() => import('playwright-core'));
  if (playwright === null) {
    throw new HydrotestError(
      'usage',
      '--browser needs the package playwright-core: npm install --save-dev playwright-core @sparticuz/chromium (the latter is a Chromium, for those who have none).',
    );
  }
  const { chromium } = playwright;
  const given: [source: string, path: string | undefined][] = [
    ['--browser', path ?? undefined],
    ['HYDROTEST_CHROMIUM', process.env.HYDROTEST_CHROMIUM],
    ['CHROME_PATH', process.env.CHROME_PATH],
  ];
  for (const [source, text] of given) {
    if (text === undefined || text === '') continue;
    const executable = isAbsolute(text) ? text : resolve(text);
    if (await isExecutable(executable)) return { executable, chromium, env: {} };
    throw new HydrotestError(
      'usage',
      `${source} "${text}" is no program that can be run (looked for ${executable}): give the path of a Chromium.`,
    );
  }
  const unpacked = await optional(() => import('@sparticuz/chromium'));
  if (unpacked !== null) {
    const executable = await unpacked.default.executablePath();
    // Its fonts lie beside it, for machines that have none.
    return { executable, chromium, env: { FONTCONFIG_PATH: join(executable, '..', 'fonts') } };
  }
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const executable = join(folder, name);
      if (folder !== '' && (await isExecutable(executable))) return { executable, chromium, env: {} };
    }
  }
  throw new HydrotestError(
    'usage',
    '--browser found no Chromium: npm install --save-dev @sparticuz/chromium, or give the path of one: --browser /usr/bin/chromium.',
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Null: the package is not installed. What it throws by itself comes through. */
async function optional<T>(load: () => Promise<T>): Promise<T | null> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}
