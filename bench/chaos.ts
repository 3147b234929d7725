/**
 * Runs the program many times, each time with a random fault at a random moment, and counts what it promises whatever
 * happens: a report or a clear error, an exit code that fits, and nothing left behind. Exit code 1 where a promise was broken.
 *
 *   npm run chaos                        240 runs, three at a time
 *   npm run chaos -- --runs 50 --jobs 2  fewer
 *   npm run chaos -- --only disk-full    one fault (several: separated by commas; (none) is a clean run)
 *   npm run chaos -- --seed 7 --case 31  one case again, as it was: its folder is kept
 *   npm run chaos -- --list              the faults
 *   npm run chaos -- --json              all results as JSON on standard output
 *
 * Linux only: what was left behind is looked up in /proc. What needs root (a disk that is full, a memory group) is left out or
 * made in another way without it.
 */
import { mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SERVER_VARIABLE } from './chaos/attached-server.ts';
import { processesOf } from './chaos/census.ts';
import { kill } from './chaos/fault.ts';

import { faults } from './chaos/faults/index.ts';
import { exploreMachine } from './chaos/machine.ts';
import { type ChaosCase, planCase } from './chaos/plan.ts';
import { judgeCase } from './chaos/promises.ts';
import { runCase } from './chaos/run-case.ts';
import { makeSandbox, type Sandbox } from './chaos/sandbox.ts';
import { type CaseResult, CLEAN, describeBroken, renderSummary, summarize } from './chaos/summary.ts';
import { command, EXIT_INTERRUPTED, OptionError, readOptions, wholeNumber } from './options.ts';

const CLI = fileURLToPath(new URL('../harness/cli.ts', import.meta.url));
const DEADLINE_MS = 120_000;

export interface ChaosOptions {
  seed: number;
  runs: number;
  jobs: number;
  /** Names of faults, or empty: all. */
  only: readonly string[];
  /** Number of the one case to run, or null. */
  number: number | null;
  json: boolean;
  /** The program that is run; without it: hydrotest. */
  program?: readonly string[];
}

/** Runs the cases, prints progress to standard error and a table to standard output, and returns the exit code. */
export async function runChaos(options: ChaosOptions): Promise<number> {
  const { seed, jobs, number, json } = options;
  const machine = exploreMachine();
  const cases = number === null ? planCases(options, machine) : [planCase(seed, number, machine)];
  for (const { name, unfit } of faults) {
    const reason = unfit?.(machine) ?? null;
    if (reason !== null) process.stderr.write(`chaos: ${name} is left out: ${reason}\n`);
  }
  const parent = mkdtempSync(join(tmpdir(), 'hydrotest-chaos-'));
  const sandboxes = new Map<string, Sandbox>();
  // Whoever started a process ends it: also where this one is stopped in the middle.
  const endAll = () => {
    for (const [id, sandbox] of sandboxes) {
      const started = [...processesOf(id), ...processesOf(id, SERVER_VARIABLE)];
      for (const { pid } of started) kill(pid, 'SIGKILL');
      sandbox.unmount();
    }
  };
  process.on('exit', endAll);

  const results: CaseResult[] = [];
  const runOne = async (chaosCase: ChaosCase) => {
    const id = `${process.pid}-${chaosCase.number}`;
    const sandbox = makeSandbox(id, parent);
    sandboxes.set(id, sandbox);
    const seen = await runCase(chaosCase, sandbox, {
      program: options.program ?? [process.execPath, CLI],
      machine,
      deadlineMs: DEADLINE_MS,
    });
    const judgement = judgeCase(chaosCase, seen);
    sandbox.unmount();
    sandboxes.delete(id);
    const keep = judgement.broken.length > 0 || number !== null;
    const result = { chaosCase, seen, ...judgement, folder: keep ? sandbox.folder : null };
    if (keep) writeFileSync(join(sandbox.folder, 'case.json'), `${JSON.stringify(result, null, 2)}\n`);
    else sandbox.remove();
    results.push(result);
    process.stderr.write(`${progressLine(result, results.length, cases.length)}\n`);
    if (judgement.broken.length > 0) process.stderr.write(`${describeBroken(result, seed)}\n`);
  };
  const queue = [...cases];
  // Ctrl-C: the cases that run are waited for, and the table shows those that there were. Once more ends at once.
  let interrupted = false;
  const onSignal = () => {
    if (interrupted) process.exit(EXIT_INTERRUPTED);
    interrupted = true;
    queue.length = 0;
    process.stderr.write('chaos: stopping after the cases that run\n');
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, onSignal);
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runOne(next);
  };
  try {
    await Promise.all(Array.from({ length: jobs }, worker));
  } finally {
    for (const name of signals) process.off(name, onSignal);
    process.off('exit', endAll);
    endAll();
  }

  const inOrder = results.toSorted((a, b) => a.chaosCase.number - b.chaosCase.number);
  const rows = summarize(
    inOrder,
    faults.map(({ name }) => name),
  );
  const broken = inOrder.filter((result) => result.broken.length > 0);
  if (json) process.stdout.write(`${JSON.stringify({ seed, rows, results: inOrder }, null, 2)}\n`);
  else {
    process.stdout.write(`${renderSummary(rows)}\n`);
    for (const result of broken) process.stdout.write(`${describeBroken(result, seed)}\n`);
    process.stdout.write(
      `${results.length - broken.length} of ${results.length} kept every promise, seed ${seed}\n`,
    );
  }
  if (inOrder.every(({ folder }) => folder === null)) rmdirSync(parent);
  if (interrupted) return EXIT_INTERRUPTED;
  return broken.length === 0 ? 0 : 1;
}

function planCases(
  { seed, runs, only }: ChaosOptions,
  machine: ReturnType<typeof exploreMachine>,
): ChaosCase[] {
  const cases: ChaosCase[] = [];
  for (let number = 0; cases.length < runs; number++) {
    const chaosCase = planCase(seed, number, machine);
    if (only.length === 0 || only.includes(chaosCase.fault?.name ?? CLEAN)) cases.push(chaosCase);
  }
  return cases;
}

function progressLine({ chaosCase, seen, broken }: CaseResult, done: number, total: number): string {
  const { number, fault, kind, target } = chaosCase;
  const state =
    broken.length === 0 ? 'kept' : `BROKEN: ${[...new Set(broken.map(({ promise }) => promise))].join(', ')}`;
  const struck = seen.struck === false ? ', came too late' : '';
  return `[${done}/${total}] case ${number}: ${fault?.name ?? CLEAN} on ${kind.name}/${target}${struck}: ended with ${seen.ending} after ${seen.seconds.toFixed(1)} s, ${state}`;
}

function listFaults(): void {
  const width = Math.max(...faults.map(({ name }) => name.length));
  for (const { name, describes } of faults) process.stdout.write(`${name.padEnd(width)}  ${describes}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await command('chaos', async () => {
    const { values } = readOptions({
      options: {
        seed: { type: 'string', default: '1' },
        runs: { type: 'string', default: '240' },
        jobs: { type: 'string', default: '3' },
        only: { type: 'string', default: '' },
        case: { type: 'string' },
        list: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    if (values.list) {
      listFaults();
      return 0;
    }
    const only = values.only.split(',').filter((name) => name !== '');
    const known = [...faults.map(({ name }) => name), CLEAN];
    for (const name of only)
      if (!known.includes(name))
        throw new OptionError(`--only ${name}: there is no such fault; --list shows them`);
    if (process.platform !== 'linux') throw new OptionError('this needs the /proc of Linux');
    return runChaos({
      seed: wholeNumber('--seed', values.seed, 0),
      runs: wholeNumber('--runs', values.runs),
      jobs: wholeNumber('--jobs', values.jobs),
      only,
      number: values.case === undefined ? null : wholeNumber('--case', values.case, 0),
      json: values.json,
    });
  });
}
