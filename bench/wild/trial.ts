import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../harness/model.ts';
import { runChild } from './child.ts';
import { install } from './install.ts';
import { type Reading, readReport } from './reading.ts';
import type { WildCase } from './wild-case.ts';

const CLI = fileURLToPath(new URL('../../harness/cli.ts', import.meta.url));

export interface Trial extends Reading {
  /** Of the run; the installation does not count. */
  seconds: number;
}

export interface TrialOptions {
  /** Names of scenarios; empty: all that fit, as a user gets them who names none. */
  scenarios: string[];
  /** Where the reports of the run stay; null: they are removed with everything else. */
  outDir: string | null;
  signal: AbortSignal;
  /** Called with what happens next. */
  onStep(step: string): void;
}

/**
 * Installs one side of a case in a folder of its own, runs the program on it as a user would who knows the URL and
 * nothing else, and removes the folder.
 *
 * @throws InstallError when the packages cannot be installed, and the signal's reason on abort.
 */
export async function runTrial(
  caseFolder: string,
  wildCase: WildCase,
  side: string,
  { scenarios, outDir, signal, onStep }: TrialOptions,
): Promise<Trial> {
  const folder = mkdtempSync(join(tmpdir(), `hydrotest-wild-${wildCase.name}-${side}-`));
  try {
    for (const from of [caseFolder, join(caseFolder, side)]) {
      for (const entry of readdirSync(from, { withFileTypes: true })) {
        if (entry.isFile() && entry.name !== 'case.json') {
          copyFileSync(join(from, entry.name), join(folder, entry.name));
        }
      }
    }
    onStep('installing');
    const command = await install(folder, signal);
    onStep('testing');
    const began = performance.now();
    const url = `http://127.0.0.1:{port}${wildCase.endpoint}`;
    const out = outDir === null ? join(folder, 'out') : join(outDir, wildCase.name, side);
    const chosen = scenarios.length === 0 ? [] : ['--scenarios', scenarios.join(',')];
    const args = [CLI, 'run', '--command', command, '--url', url, '--out', out, ...chosen];
    const { code, stdout, stderr } = await runChild(process.execPath, args, { cwd: folder, signal });
    signal.throwIfAborted();
    const report = findReport(folder, stdout);
    const reading = readReport(report);
    if (report === null) reading.others.push(`exit code ${code}: ${stderr.trim().split('\n').at(-1)}`);
    return { ...reading, seconds: (performance.now() - began) / 1000 };
  } finally {
    // What a target writes while it ends can come between the listing of a folder and its removal.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

function findReport(cwd: string, stdout: string): Report | null {
  const shown = /^Reports: (.+)\/\{/m.exec(stdout)?.[1];
  const path = resolve(cwd, shown ?? '', 'report.json');
  return shown !== undefined && existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : null;
}
