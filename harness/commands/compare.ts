import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { comparisonMarkdown, renderComparison, terminalOptions } from '../../reports/index.ts';
import { compare } from '../compare/compare.ts';
import { exitCodeOf, failOnOf } from '../compare/exit-code.ts';
import { readSide, type Side } from '../compare/side.ts';
import { differencesOf } from '../compare/unlike.ts';
import { HydrotestError } from '../errors.ts';
import type { Comparison } from '../model.ts';
import { usage } from '../option-values.ts';

/** Options of `compare`, as the command line gives them. */
export interface CompareOptions {
  failOn: string;
  allowUnlike?: boolean;
  out?: string;
}

/** `hydrotest compare <baseline> <run>`: what changed between runs that are there. */
export async function compareCommand(sides: string[], options: CompareOptions): Promise<void> {
  const failOn = failOnOf(options.failOn);
  const [baseline, run, ...more] = sides;
  if (baseline === undefined || run === undefined || more.length > 0)
    throw usage('compare needs two sides: the folders of a baseline and of a run.');
  const comparison = compareSides(readSide(baseline), readSide(run), options.allowUnlike === true);
  await writeComparison(comparison, resolve(options.out ?? 'reports/out/compare'));
  process.exitCode = exitCodeOf(comparison, failOn);
}

/** @throws HydrotestError `usage` when the runs are unlike and that was not allowed. */
export function compareSides(baseline: Side, run: Side, allowUnlike: boolean): Comparison {
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

/** Prints the comparison and writes compare.json and compare.md; in a job of GitHub Actions its summary too. */
export async function writeComparison(comparison: Comparison, folder: string): Promise<void> {
  process.stdout.write(`${renderComparison(comparison, terminalOptions(process.stdout))}\n`);
  const markdown = comparisonMarkdown(comparison);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'compare.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  await writeFile(join(folder, 'compare.md'), markdown);
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (summary !== undefined && summary !== '') await appendFile(summary, `${markdown}\n`);
  process.stdout.write(`\nReports: ${relative(process.cwd(), folder)}/{compare.json,compare.md}\n`);
}
