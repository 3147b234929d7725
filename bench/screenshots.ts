/**
 * Makes the pictures of the documentation: `npm run screenshots`. Runs hydrotest on the reference server, once as it is and
 * once with a defect, and takes PNGs of the reports, of the live view while a run goes on, and of the dashboard.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { findBrowser } from '../harness/browser/find-browser.ts';
import type { Outcome, Report } from '../harness/model.ts';
import { exitOnSignals } from './options.ts';
import { referenceArgs } from './reference-args.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const IMAGES = join(ROOT, 'docs/images');
const CLI = join(ROOT, 'harness/cli.ts');
const SERVER = join(ROOT, 'server/main.ts');

const WIDE = { width: 1200, height: 800 };
const PHONE = { width: 390, height: 844 };
const TIME_LIMIT_MS = 10 * 60_000;
/** What GitHub shows without making the reader wait. */
const MAX_BYTES = 200_000;
/** A whole report is long; behind this nobody reads a picture. */
const MAX_HEIGHT = 1900;

const FAULT = 'timer-and-tail-kept';
const GOOD_RUN = ['--scenarios', 'limit,timeout,tabs,hold,churn', '--paths', 'abrupt-drop,deadline'];
const BAD_RUN = ['--scenarios', 'limit,churn', '--paths', 'abrupt-drop', '--grace', '5s'];

interface Shot {
  name: string;
  url: string;
  scheme: 'light' | 'dark';
  viewport?: { width: number; height: number };
  whole?: boolean;
  /** What has to be there before the picture is taken. */
  ready?: string;
}

const children = new Set<ChildProcess>();
const folder = mkdtempSync(join(tmpdir(), 'hydrotest-screenshots-'));

function start(args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Runs hydrotest to its end, whatever that is, and returns the folder of the run. `meanwhile` gets each line that it prints. */
async function runHydrotest(
  name: string,
  args: string[],
  meanwhile?: (line: string) => void,
): Promise<string> {
  const out = join(folder, name);
  const child = start([CLI, 'run', '--seed', '1', '--out', out, ...args]);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface(stream).on('line', (line) => {
      console.log(`  ${line}`);
      meanwhile?.(line);
    });
  }
  await once(child, 'exit', { signal: AbortSignal.timeout(TIME_LIMIT_MS) });
  const [run] = readdirSync(out);
  if (run === undefined) throw new Error(`hydrotest ${args.join(' ')} made no run`);
  return join(out, run);
}

async function take(browser: Browser, shot: Shot): Promise<void> {
  const viewport = shot.viewport ?? WIDE;
  const page = await browser.newPage({ viewport, colorScheme: shot.scheme, deviceScaleFactor: 1 });
  try {
    await page.goto(shot.url);
    if (shot.ready !== undefined) await page.waitForSelector(shot.ready, { timeout: 30_000 });
    const path = join(IMAGES, `${shot.name}.png`);
    const height = await page.evaluate('document.documentElement.scrollHeight');
    const clip = { x: 0, y: 0, width: viewport.width, height: Math.min(Number(height), MAX_HEIGHT) };
    await page.screenshot(shot.whole === true ? { path, fullPage: true, clip } : { path });
    const { size } = statSync(path);
    console.log(`${path}  ${Math.round(size / 1000)} kB${size > MAX_BYTES ? '  too large' : ''}`);
    if (size > MAX_BYTES) process.exitCode = 1;
  } finally {
    await page.close();
  }
}

/** A picture of a good run that shows a bad one would be worse than none: on a busy machine a load may not land. */
async function takeReport(browser: Browser, name: string, run: string, outcome: Outcome): Promise<void> {
  const report = JSON.parse(readFileSync(join(run, 'report.json'), 'utf8')) as Report;
  if (report.verdict.outcome !== outcome) {
    throw new Error(`the run for ${name} was to be "${outcome}" and is not: ${report.verdict.reason}`);
  }
  const url = pathToFileURL(join(run, 'report.html')).href;
  for (const scheme of ['light', 'dark'] as const)
    await take(browser, { name: `${name}-${scheme}`, url, scheme });
  await take(browser, { name: `${name}-whole`, url, scheme: 'light', whole: true });
}

/** While a run goes on: its line `Live view: URL` says where it can be watched. */
async function takeLiveView(browser: Browser): Promise<void> {
  let shooting: Promise<void> | null = null;
  await runHydrotest('live', ['--ui', '--scenarios', 'hold,churn', '--paths', 'abrupt-drop'], (line) => {
    const url = /Live view: (\S+)/.exec(line)?.[1];
    if (url === undefined || shooting !== null) return;
    shooting = (async () => {
      // Long enough for a chart to have something to show.
      await sleep(12_000);
      for (const scheme of ['light', 'dark'] as const)
        await take(browser, { name: `live-${scheme}`, url, scheme });
    })();
    shooting.catch(() => {});
  });
  if (shooting === null) throw new Error('the run never said where its live view is');
  await shooting;
}

async function takeDashboard(browser: Browser): Promise<void> {
  const dir = join(folder, 'agents');
  const workflows = ['invoice-7841', 'support-triage', 'nightly-import', 'crawl-docs'];
  const kinds = ['step.started', 'tool.called', 'tool.result', 'message.delta', 'step.finished'];
  for (const [index, workflow] of workflows.entries()) {
    mkdirSync(join(dir, workflow), { recursive: true });
    const lines = Array.from({ length: 12 * (index + 1) }, (_, i) =>
      JSON.stringify({
        type: kinds[i % kinds.length],
        at: new Date(Date.now() - (60 - i) * 1000).toISOString(),
        step: Math.floor(i / kinds.length) + 1,
        message: `${workflow}: ${kinds[i % kinds.length]?.replace('.', ' ')} ${i + 1}`,
      }),
    );
    appendFileSync(join(dir, workflow, 'events.jsonl'), `${lines.join('\n')}\n`);
  }
  const server = start([SERVER, '--port', '0', '--dir', dir]);
  if (server.stdout === null) throw new Error('the server has no output');
  server.stderr?.resume();
  const [line] = await once(createInterface(server.stdout), 'line');
  const { url } = JSON.parse(String(line)) as { url: string };
  const page = `${url}/?workflow=${workflows[1]}`;
  const ready = '[data-row]';
  await take(browser, { name: 'dashboard-light', url: page, scheme: 'light', ready });
  await take(browser, { name: 'dashboard-dark', url: page, scheme: 'dark', ready });
  await take(browser, { name: 'dashboard-phone', url: page, scheme: 'light', viewport: PHONE, ready });
  server.kill('SIGTERM');
  await once(server, 'exit');
}

// hydrotest ends its own target when it is told to stop, and its guardian does when it is not.
process.on('exit', () => {
  for (const child of children) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});
exitOnSignals();

/** Names of what to take: `dashboard`, `report`, `fault`, `live`; none: all. */
const wanted = new Set(process.argv.slice(2));
const wants = (name: string) => wanted.size === 0 || wanted.has(name);

mkdirSync(IMAGES, { recursive: true });
const { executable, chromium, env } = await findBrowser(null);
const browser = await chromium.launch({
  executablePath: executable,
  args: ['--lang=en-US'],
  env: { ...(process.env as Record<string, string>), ...env, LANG: 'en_US.UTF-8' },
});
try {
  if (wants('dashboard')) await takeDashboard(browser);
  if (wants('report')) await takeReport(browser, 'report', await runHydrotest('good', GOOD_RUN), 'pass');
  if (wants('fault')) {
    await takeReport(
      browser,
      'report-leak',
      await runHydrotest('bad', [...referenceArgs(FAULT), ...BAD_RUN]),
      'fail',
    );
  }
  if (wants('live')) await takeLiveView(browser);
} finally {
  await browser.close();
}
