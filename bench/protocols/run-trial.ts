import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../harness/model.ts';
import { runChild } from '../wild/child.ts';
import type { ProtocolCase, Trial } from './cases.ts';

const CLI = fileURLToPath(new URL('../../harness/cli.ts', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));

export interface TrialResult {
  verdict: string;
  /** What did not pass, as `scenario/check (subject)`. */
  fails: string[];
  /** Whether the run came to its end, and found what it has to find and nothing else. */
  ok: boolean;
  /** The reason of each finding that did not pass; of a run that passes, of its first ones. */
  reasons: string[];
  seconds: number;
}

/** What hydrotest is called with for a trial, without where its reports go. */
export function trialArgs({ name, args }: Pick<ProtocolCase, 'name' | 'args'>, trial: Trial): string[] {
  const server = join(HERE, name, `${trial.side}.mjs`);
  const command = ['node', `'${server}'`, ...(trial.serverArgs ?? [])].join(' ');
  return [
    ...['run', '--command', command, ...args, ...trial.args],
    ...['--duration', '3s', '--grace', '3s', '--seed', '1'],
  ];
}

/** Findings that are not as a trial wants them, and what was missing; nothing: all is as it should be. */
export function differences(report: Report, { fails }: Trial): string[] {
  const found = report.scenarios.flatMap(({ findings }) => findings);
  const bad = found.filter(({ outcome }) => outcome !== 'pass').map((finding) => nameOf(finding));
  const undecided = found.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'fail').map(nameOf);
  return [
    ...(report.complete ? [] : ['the run did not come to its end']),
    ...bad.filter((name) => !fails.includes(name)).map((name) => `unexpected: ${name}`),
    ...fails.filter((name) => !bad.includes(name)).map((name) => `missing: ${name}`),
    ...undecided.map((name) => `not decided: ${name}`),
    ...((report.verdict.outcome === 'pass') === (fails.length === 0)
      ? []
      : [`verdict ${report.verdict.outcome}`]),
  ];
}

function nameOf({ scenario, check, subject }: Report['scenarios'][number]['findings'][number]): string {
  return `${scenario}/${check}${subject === '' ? '' : ` (${subject})`}`;
}

/** Runs the program on a server. `outDir`: keeps the reports; null: nothing is left. Throws the signal's reason on abort. */
export async function runTrial(
  protocolCase: ProtocolCase,
  trial: Trial,
  { outDir, signal }: { outDir: string | null; signal: AbortSignal },
): Promise<TrialResult> {
  const folder = mkdtempSync(join(tmpdir(), `hydrotest-protocols-${protocolCase.name}-`));
  const path = join(folder, 'report.json');
  try {
    const began = performance.now();
    const out = outDir ?? join(folder, 'out');
    const args = [...trialArgs(protocolCase, trial), '--out', out, '--reporter', `json=${path}`];
    const { code, stderr } = await runChild(process.execPath, [CLI, ...args], { cwd: folder, signal });
    signal.throwIfAborted();
    const seconds = (performance.now() - began) / 1000;
    if (!existsSync(path)) {
      const reasons = [`exit code ${code}: ${stderr.trim().split('\n').at(-1)}`];
      return { verdict: 'none', fails: [], ok: false, reasons, seconds };
    }
    const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
    const found = report.scenarios.flatMap(({ findings }) => findings);
    const bad = found.filter(({ outcome }) => outcome !== 'pass');
    const different = differences(report, trial);
    return {
      verdict: report.verdict.outcome,
      fails: bad.map(nameOf),
      ok: different.length === 0,
      reasons: [...different, ...(bad.length > 0 ? bad : firstOfEach(report)).map(({ reason }) => reason)],
      seconds,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** Of each scenario what it was run for. */
function firstOfEach({ scenarios }: Report) {
  return scenarios.flatMap(({ findings }) =>
    findings.filter(({ check }) => !STANDING.includes(check)).slice(0, 1),
  );
}

const STANDING = ['target-alive', 'ready-target', 'memory-budget', 'load-landed'];
