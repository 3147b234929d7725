import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../harness/model.ts';
import { hostileRoutes } from '../../harness/testing/hostile-server/routes.ts';

const CLI = fileURLToPath(new URL('../../harness/cli.ts', import.meta.url));
const SERVER = fileURLToPath(new URL('../../harness/testing/hostile-server/main.ts', import.meta.url));
/** A run of a second takes well under half a minute; what takes this long does not end. */
const MOST_MS = 180_000;
const PASSED = '0';
const BY_ITSELF = new Set(['0', '1', '2', '3']);

export interface ProgramRow {
  route: string;
  /** Exit code, or the signal that ended it. */
  exit: string;
  /** What it said first that is wrong with the server, on one line. */
  finding: string;
  /** It ended by itself, said something, and passed only what no client can tell from a good stream. */
  isFair: boolean;
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
    ...['--reporter', `json=${join(folder, 'report.json')}`],
  ];
  try {
    const { exit, output } = await endOf(args);
    const finding = await findingOf(join(folder, 'report.json'), output);
    const goesOn = /^\^client/.test(hostileRoutes[route]?.tab.source ?? '');
    return {
      route,
      exit,
      finding,
      isFair: BY_ITSELF.has(exit) && finding !== '' && (exit !== PASSED || goesOn),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function endOf(args: string[]): Promise<{ exit: string; output: string }> {
  return new Promise((resolve) => {
    const options = { timeout: MOST_MS, maxBuffer: 64e6, env: { ...process.env, CI: '', NO_COLOR: '1' } };
    execFile(process.execPath, [CLI, ...args], options, (error, stdout, stderr) => {
      const exit = error === null ? '0' : String(error.code ?? error.signal);
      resolve({ exit, output: `${stderr}\n${stdout}` });
    });
  });
}

async function findingOf(path: string, output: string): Promise<string> {
  try {
    const { scenarios, verdict } = JSON.parse(await readFile(path, 'utf8')) as Report;
    const findings = scenarios.flatMap((scenario) => scenario.findings);
    const first =
      findings.find(({ outcome }) => outcome === 'fail') ??
      findings.find(({ outcome }) => outcome !== 'pass');
    return (first?.reason ?? verdict.reason).replace(/\s+/g, ' ').slice(0, 200);
  } catch {
    // It ended before a report: what it said last is why.
    return output.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  }
}
