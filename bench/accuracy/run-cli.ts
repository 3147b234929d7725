import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JOURNAL_NAME, readJournal } from '../../harness/journal.ts';
import type { Report, RunRecord } from '../../harness/model.ts';

const CLI = fileURLToPath(new URL('../../harness/cli.ts', import.meta.url));

export interface CliRun {
  /** Null: the run made no report. */
  report: Report | null;
  record: RunRecord | null;
  exitCode: number | null;
  /** The last lines on stderr, for a run that made no report. */
  errors: string;
  seconds: number;
}

const running = new Set<ChildProcess>();

// Whoever started a process ends it: also where a bench is stopped in the middle.
process.on('exit', stopAll);

/** Stops all runs that go on: each ends its own target. */
export function stopAll(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** One run of the program, as a user would start it, with its reports read back and removed again. */
export async function runCli(args: readonly string[], env: Record<string, string> = {}): Promise<CliRun> {
  const out = await mkdtemp(join(tmpdir(), 'hydrotest-accuracy-'));
  const began = performance.now();
  try {
    const child = spawn(process.execPath, [CLI, 'run', ...args, '--out', out], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    running.add(child);
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)));
    const exitCode = await new Promise<number | null>((done) => child.once('close', done));
    running.delete(child);
    const seconds = (performance.now() - began) / 1000;
    const folder = /^Reports: .*?([^/]+)\/\{/m.exec(output)?.[1];
    if (folder === undefined) return { report: null, record: null, exitCode, errors, seconds };
    const report = JSON.parse(await readFile(join(out, folder, 'report.json'), 'utf8')) as Report;
    return { report, record: readJournal(join(out, folder, JOURNAL_NAME)), exitCode, errors, seconds };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
