import { randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { comparisonMarkdown, renderComparison, terminalOptions } from '../../reports/index.ts';
import { printableJson } from '../../reports/printable-json.ts';
import { compare } from '../compare/compare.ts';
import { exitCodeOf, type FailOn, failOnOf } from '../compare/exit-code.ts';
import { measureInTurns, type SideName } from '../compare/in-turns.ts';
import { readSide, type Side, sideOf } from '../compare/side.ts';
import { differencesOf } from '../compare/unlike.ts';
import { addWorktree, canBeCommand, commitOf, type Worktree } from '../compare/worktree.ts';
import { referenceTarget, type UserConfig } from '../config.ts';
import { HydrotestError, messageOf } from '../errors.ts';
import { EXIT_INTERNAL } from '../exit-codes.ts';
import type { Comparison } from '../model.ts';
import { usage, wholeNumber } from '../option-values.ts';
import { createProgress } from '../progress/progress.ts';
import { redact } from '../redact.ts';
import { shownPath } from '../reporters.ts';
import { appendToStepSummary } from '../step-summary.ts';
import { listenForInterrupts } from './interrupts.ts';
import { tellRemoteLoad } from './remote-notice.ts';
import { writeReportFiles } from './report.ts';
import { userConfigOf } from './run.ts';

/** Options of `compare`, as the command line gives them; beside its own it takes those of a run. */
export interface CompareOptions extends UserConfig {
  failOn: string;
  allowUnlike?: boolean;
  out?: string;
  /** A git ref, or a shell command in place of `command`. */
  baseline?: string;
  rounds?: string;
  setup?: string;
  config?: string;
}

const DEFAULT_OUT = 'reports/out';

/** `hydrotest compare <baseline> <run>`, or `--baseline`: what changed between runs that are there, or that are made now. */
export async function compareCommand(sides: string[], options: CompareOptions): Promise<void> {
  const { failOn: failOnText, allowUnlike, baseline: other, rounds, setup, ...runOptions } = options;
  const failOn = failOnOf(failOnText);
  const [baseline, run, ...more] = sides;
  if (other !== undefined) {
    if (sides.length > 0) throw usage('--baseline measures both sides now: give no folders with it.');
    process.exitCode = await measureBoth(other, { rounds, setup }, runOptions, failOn);
    return;
  }
  if (baseline === undefined || run === undefined || more.length > 0)
    throw usage('compare needs two sides: the folders of a baseline and of a run, or --baseline.');
  const { out: _, ...ofMeasuring } = { ...runOptions, rounds, setup };
  const unused = Object.entries(ofMeasuring).find(([, value]) => value !== undefined)?.[0];
  if (unused !== undefined)
    throw usage(
      `${optionOf(unused)} is for runs that are made now: give --baseline instead of folders with it.`,
    );
  const comparison = compareSides(readSide(baseline), readSide(run), allowUnlike === true);
  const folder = resolve(options.out ?? join(DEFAULT_OUT, 'compare'));
  process.exitCode = await writeComparison(comparison, folder, failOn);
}

/** Measures a baseline and what there is now in turns, and writes how they compare. Returns the exit code. */
async function measureBoth(
  other: string,
  { rounds, setup }: { rounds: string | undefined; setup: string | undefined },
  runOptions: UserConfig & { config?: string },
  failOn: FailOn,
): Promise<number> {
  const roundCount = wholeNumber('--rounds', rounds ?? '2', 1, 50);
  const said = await userConfigOf(runOptions);
  const isReference = [said.command, said.url, said.pid, said.port].every((one) => one === undefined);
  // The baseline takes the place of the command alone: URL and promises are those of the reference server then.
  const user = isReference ? { ...referenceTarget(), ...said } : said;
  const commit = commitOf(other, process.cwd());
  if (user.pid !== undefined || user.port !== undefined)
    throw usage(
      '--baseline starts both servers itself: give a command, not a pid or a port, also in the configuration.',
    );
  if (commit !== null && said.command === undefined)
    throw usage(`--baseline ${other} is a git ref: say with --command what is to be started in its folder.`);
  if (commit === null && setup !== undefined)
    throw usage(`--setup is for a git ref, and --baseline "${other}" is none in this folder.`);
  // A ref that was not fetched would be started as a command, and fail only when all has been measured.
  if (commit === null && !canBeCommand(other, user.cwd ?? process.cwd()))
    throw usage(
      `--baseline "${other}" is neither a commit that this repository has nor a command: check its name, or fetch it (actions/checkout: fetch-depth: 0).`,
    );
  const folder = join(resolve(user.out ?? DEFAULT_OUT), `compare-${stamp()}`);

  const progress = createProgress(process.stderr);
  const interrupt = listenForInterrupts(progress);
  const { signal } = interrupt;
  let worktree: Worktree | null = null;
  let folders: Record<SideName, string[]> = { A: [], B: [] };
  try {
    if (commit !== null) {
      progress.note(`baseline: ${other} (${commit.slice(0, 12)})`);
      worktree = await addWorktree(commit, process.cwd());
      if (setup !== undefined) await worktree.setUp(setup, signal);
    } else progress.note(`baseline: the command ${other}`);
    // One seed for all: what is random is the same on both sides.
    const seed = user.seed ?? randomInt(2 ** 31);
    const both = { ...user, seed };
    folders = await measureInTurns(
      {
        A: {
          user: {
            ...both,
            ...(worktree === null ? { command: other } : { cwd: folderIn(worktree, user.cwd) }),
            out: join(folder, 'baseline'),
          },
        },
        B: { user: { ...both, out: join(folder, 'run') } },
      },
      roundCount,
      {
        signal,
        onTurn: (side, number, total) =>
          progress.note(`${side} ${number} of ${total}: ${side === 'A' ? 'baseline' : 'run'}`),
        onStatus: progress.update,
        onRemote: (notice) =>
          tellRemoteLoad(notice, {
            note: progress.note,
            isTerminal: process.stderr.isTTY === true,
            signal: signal,
          }),
        onSkip: (scenario, reason) => progress.note(`skipped ${scenario}: ${reason}`),
        onEnd: async (record, done) => {
          for (const failure of await writeReportFiles(record, done)) progress.note(failure);
        },
      },
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    if (!(error instanceof HydrotestError && error.code === 'aborted'))
      progress.note(`while it was being stopped: ${messageOf(error)}`);
  } finally {
    worktree?.remove();
    progress.close();
    interrupt.close();
  }
  const [a, b] = [
    sideOf(redact(other), folders.A),
    sideOf(isReference ? 'the reference server' : redact(user.command ?? ''), folders.B),
  ];
  const stopped = signal.aborted
    ? `the measurement was stopped after ${a.runs.length + b.runs.length} of ${2 * roundCount} whole runs`
    : null;
  // Both were measured here and now, in one way: what is unlike the commands themselves have brought along.
  const comparison = compare(a, b, differencesOf(a.runs, b.runs), stopped);
  return writeComparison(comparison, folder, failOn);
}

/** `eventTime` → `--event-time`. */
function optionOf(name: string): string {
  return name === 'inspect'
    ? '--no-inspect'
    : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Where the checkout has what the user calls the folder of the command. */
function folderIn(worktree: Worktree, cwd: string | undefined): string {
  return cwd === undefined ? worktree.folder : join(worktree.folder, relative(process.cwd(), resolve(cwd)));
}

function stamp(): string {
  return new Date().toISOString().slice(0, 19).replaceAll(':', '-');
}

/** @throws HydrotestError `usage` when the runs are unlike and that was not allowed, or one is on both sides. */
export function compareSides(baseline: Side, run: Side, allowUnlike: boolean): Comparison {
  const twice = baseline.runs.find(({ folder }) => run.runs.some((other) => other.folder === folder));
  // A run is always like itself, and would hide what the others say.
  if (twice !== undefined)
    throw usage(
      `${shownPath(twice.folder)} is on both sides: give the baseline's runs a folder of their own.`,
    );
  const unlike = differencesOf(baseline.runs, run.runs);
  if (unlike.length > 0 && !allowUnlike) {
    const list = unlike.map(({ what, baseline: was, run: is }) => `  ${what}: ${was} → ${is}`).join('\n');
    throw new HydrotestError(
      'usage',
      `these runs are unlike, so what differs may not be the server's doing:\n${list}\nMeasure both in the same way on one machine, or say --allow-unlike.`,
    );
  }
  return compare(baseline, run, unlike);
}

/**
 * Prints the comparison and writes compare.json and compare.md; in a job of GitHub Actions its summary too. Returns the exit code: files
 * that are missing must be seen in it, but take nothing from one that is not good.
 */
export async function writeComparison(
  comparison: Comparison,
  folder: string,
  failOn: FailOn,
): Promise<number> {
  process.stdout.write(`${renderComparison(comparison, terminalOptions(process.stdout))}\n`);
  const code = exitCodeOf(comparison, failOn);
  const markdown = comparisonMarkdown(comparison);
  const summary = await appendToStepSummary(() => markdown, process.env);
  if (summary !== null) process.stdout.write(`${summary}\n`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'compare.json'), `${printableJson(comparison, 2)}\n`);
    await writeFile(join(folder, 'compare.md'), markdown);
  } catch (error) {
    const message = messageOf(error);
    process.stderr.write(
      `hydrotest: the comparison could not be written to ${shownPath(folder)}: ${message}.\n`,
    );
    return code === 0 ? EXIT_INTERNAL : code;
  }
  process.stdout.write(`\nReports: ${shownPath(folder)}/{compare.json,compare.md}\n`);
  return code;
}
