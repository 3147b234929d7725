import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../harness/model.ts';
import { hostileRoutes } from '../../harness/testing/hostile-server/routes.ts';
import { oneLine } from '../../reports/text.ts';

const CLI = fileURLToPath(new URL('../../harness/cli.ts', import.meta.url));
const SERVER = fileURLToPath(new URL('../../harness/testing/hostile-server/main.ts', import.meta.url));
/** A run takes a minute, most of it for the warm-up and the clean-up of a server that does neither; what takes this long does not end. */
const MOST_MS = 400_000;
const SAMPLE_MS = 500;
const PASSED = '0';
const BY_ITSELF = new Set(['0', '1', '2', '3']);

export interface ProgramRow {
  route: string;
  /** Exit code, or the signal that ended it. */
  exit: string;
  /** What it said first that is wrong with the server, on one line. */
  finding: string;
  /** Highest resident memory of the program, without its target. Null where there is no `/proc`. */
  peakBytes: number | null;
  /** What is not as it should be, in words. */
  faults: string[];
}

export interface ProgramOptions {
  routes: string[];
  atOnce: number;
  onRow(row: ProgramRow): void;
}

/** The whole program on each route; the route's server is its target. */
export async function runProgram({ routes, atOnce, onRow }: ProgramOptions): Promise<ProgramRow[]> {
  const left = [...routes];
  const rows: ProgramRow[] = [];
  const work = async (): Promise<void> => {
    for (let route = left.shift(); route !== undefined; route = left.shift()) {
      const row = await runOne(route);
      rows.push(row);
      onRow(row);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return rows.sort((a, b) => routes.indexOf(a.route) - routes.indexOf(b.route));
}

async function runOne(route: string): Promise<ProgramRow> {
  const folder = await mkdtemp(join(tmpdir(), 'hydrotest-hostile-'));
  const scheme = hostileRoutes[route]?.tls === undefined ? 'http' : 'https';
  const args = [
    ...['run', '--scenarios', 'tabs', '--duration', '1s', '--no-inspect', '--ready-timeout', '10s'],
    ...['--command', `${process.execPath} ${SERVER} --route ${route}`],
    ...['--url', `${scheme}://127.0.0.1:{port}/events`, '--out', folder],
  ];
  try {
    const { exit, output, peakBytes } = await endOf(args);
    const report = await reportIn(folder);
    const finding = report === null ? lastLine(output) : firstFinding(report);
    const goesOn = /^\^client/.test(hostileRoutes[route]?.tab.source ?? '');
    const faults = await spillsOf(folder, output);
    if (!BY_ITSELF.has(exit)) faults.push(`exit code ${exit}`);
    if (finding === '') faults.push('says nothing');
    if (exit === PASSED && !goesOn) faults.push('passed');
    return { route, exit, finding, peakBytes, faults };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface End {
  exit: string;
  output: string;
  peakBytes: number | null;
}

function endOf(args: string[]): Promise<End> {
  return new Promise((resolve) => {
    let peakBytes: number | null = null;
    const options = { timeout: MOST_MS, maxBuffer: 64e6, env: { ...process.env, CI: '', NO_COLOR: '1' } };
    const child = execFile(process.execPath, [CLI, ...args], options, (error, stdout, stderr) => {
      clearInterval(timer);
      const exit = error === null ? '0' : String(error.code ?? error.signal);
      resolve({ exit, output: `${stderr}\n${stdout}`, peakBytes });
    });
    const timer = setInterval(() => {
      peakBytes = highestBytes(child.pid) ?? peakBytes;
    }, SAMPLE_MS);
  });
}

/** The kernel's high-water mark, so that nothing is missed between two looks but what comes behind the last. */
function highestBytes(pid: number | undefined): number | null {
  try {
    const kib = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}

async function reportIn(folder: string): Promise<Report | null> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (basename(name) === 'report.json') return JSON.parse(await readFile(join(folder, name), 'utf8'));
  }
  return null;
}

function firstFinding({ scenarios, verdict }: Report): string {
  const findings = scenarios.flatMap((scenario) => scenario.findings);
  const first =
    findings.find(({ outcome }) => outcome === 'fail') ?? findings.find(({ outcome }) => outcome !== 'pass');
  return oneLine(first?.reason ?? verdict.reason).slice(0, 200);
}

/** It ended before a report: what it said last is why. */
function lastLine(output: string): string {
  return oneLine(output.trim().split('\n').at(-1) ?? '').slice(0, 200);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for.
const controls = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Controls, and markup that a browser would obey, in what was printed and in the files; the target's log is its own words. */
async function spillsOf(folder: string, output: string): Promise<string[]> {
  const spills = fileSpills('the terminal', output);
  for (const name of await readdir(folder, { recursive: true })) {
    if (!/\.(ndjson|json|html|md|xml)$/.test(name)) continue;
    spills.push(...fileSpills(basename(name), await readFile(join(folder, name), 'utf8')));
  }
  if (/internal error|\n {4}at /.test(output)) spills.push('a stack in the terminal');
  return spills;
}

function fileSpills(name: string, text: string): string[] {
  const control = controls.exec(text)?.[0];
  return [
    ...(control === undefined ? [] : [`U+${control.charCodeAt(0).toString(16)} in ${name}`]),
    ...(/html|xml/.test(name) && /<script>alert|<img src=x/.test(text) ? [`markup in ${name}`] : []),
  ];
}
