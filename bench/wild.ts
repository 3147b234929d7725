/**
 * Leaks found in the wild: published packages in a version that leaks and one that does not. Each is installed in a
 * folder below the system's for temporary files, and tested by the program as a user would: with the URL and nothing else.
 *
 *   node bench/wild.ts                          every case, both sides (takes a while: each side is a whole run)
 *   node bench/wild.ts CASE …                   only these
 *   node bench/wild.ts --scenarios churn        only these scenarios, to look at one of them
 *   node bench/wild.ts --out reports/out/wild   keep the reports
 */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { messageOf } from '../harness/errors.ts';
import { command, EXIT_INTERRUPTED, readOptions } from './options.ts';
import { InstallError } from './wild/install.ts';
import { runTrial, type Trial } from './wild/trial.ts';
import { readCases, type WildCase, type WildSide } from './wild/wild-case.ts';

const CASES = fileURLToPath(new URL('wild/', import.meta.url));

export interface WildOptions {
  /** Names of cases; empty: all. */
  cases: string[];
  /** Names of scenarios; empty: all that fit. */
  scenarios: string[];
  /** Folder that keeps the reports of the runs, or null. */
  outDir: string | null;
}

interface Row extends Trial {
  wildCase: WildCase;
  side: string;
  expected: WildSide;
  ok: boolean;
}

const EXIT_NOT_AS_EXPECTED = 1;
const EXIT_USAGE = 2;

/**
 * Runs the cases one after the other, prints progress to standard error and a table to standard output, and returns the
 * exit code: 0 when every verdict is as expected. Ctrl-C ends the run in progress; the table then shows the ones before.
 */
export async function runWild({ cases, scenarios, outDir }: WildOptions): Promise<number> {
  const all = readCases(CASES);
  const unknown = cases.filter((name) => !all.some((wildCase) => wildCase.name === name));
  if (unknown.length > 0) {
    const known = all.map(({ name }) => name).join(', ');
    process.stderr.write(`wild: there is no case ${unknown.join(', ')}. There are ${known}.\n`);
    return EXIT_USAGE;
  }
  const chosen = all.filter(({ name }) => cases.length === 0 || cases.includes(name));
  const plan = chosen.flatMap((wildCase) =>
    Object.entries(wildCase.sides).map(([side, expected]) => ({ wildCase, side, expected })),
  );
  const interrupt = listenForInterrupts();
  const rows: Row[] = [];
  try {
    for (const [index, { wildCase, side, expected }] of plan.entries()) {
      const what = `[${index + 1}/${plan.length}] ${wildCase.name}, ${side}: ${wildCase.package} ${expected.version}`;
      const trial = await runTrial(join(CASES, wildCase.name), wildCase, side, {
        scenarios,
        outDir,
        signal: interrupt.signal,
        onStep: (step) => process.stderr.write(`${what}: ${step} …\n`),
      });
      const ok = trial.verdict === expected.expected;
      process.stderr.write(`${what}: ${trial.verdict}${ok ? '' : `, expected ${expected.expected}`}\n`);
      rows.push({ ...trial, wildCase, side, expected, ok });
    }
  } catch (error) {
    if (!interrupt.signal.aborted && !(error instanceof InstallError)) throw error;
    process.stderr.write(`wild: ${messageOf(error)}\n`);
  } finally {
    interrupt.close();
  }
  const okCount = rows.filter(({ ok }) => ok).length;
  if (rows.length > 0) process.stdout.write(`${render(rows)}\n`);
  process.stdout.write(`${okCount} of ${plan.length} as expected, on Node ${process.versions.node}\n`);
  if (interrupt.signal.aborted) return EXIT_INTERRUPTED;
  return okCount === plan.length ? 0 : EXIT_NOT_AS_EXPECTED;
}

/** The program that runs gets the first signal from us; a second Ctrl-C reaches it from the terminal and ends it at once. */
function listenForInterrupts(): { signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (name: NodeJS.Signals) => controller.abort(new Error(`${name}: stopped`));
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    close() {
      for (const name of names) process.off(name, onSignal);
    },
  };
}

function render(rows: Row[]): string {
  const table = new Table({
    head: [
      'case',
      'side',
      'expected',
      'verdict',
      'leaks',
      'left behind, and what else',
      'issue',
      'seconds',
      'ok',
    ],
    colAligns: ['left', 'left', 'left', 'left', 'left', 'left', 'left', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const { wildCase, side, expected, verdict, leaks, others, seconds, ok } of rows) {
    table.push([
      wildCase.name,
      `${side} (${expected.version})`,
      expected.expected,
      verdict,
      leaks.join('\n'),
      others.join('\n'),
      wildCase.issues[0] ?? '',
      seconds.toFixed(0),
      ok ? 'yes' : 'NO',
    ]);
  }
  return table.toString();
}

if (import.meta.main) {
  await command('wild', () => {
    const { values, positionals } = readOptions({
      options: { scenarios: { type: 'string' }, out: { type: 'string' } },
      allowPositionals: true,
    });
    return runWild({
      cases: positionals,
      scenarios: values.scenarios?.split(',') ?? [],
      outDir: values.out === undefined ? null : resolve(values.out),
    });
  });
}
