import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { renderTerminal, reporters, terminalOptions } from '../../reports/index.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { JOURNAL_NAME, readJournal } from '../journal.ts';
import { judge } from '../judge.ts';
import type { Report } from '../model.ts';

/** `hydrotest report`: the reports of a run again, from its journal. The exit code is that of the run. */
export async function reportCommand(folder: string): Promise<void> {
  const { verdict } = await writeReports(resolve(folder));
  process.exitCode = EXIT_CODES[verdict.outcome];
}

/** Makes every report of a run from its journal, and prints the one for the terminal. */
export async function writeReports(folder: string): Promise<Report> {
  const report = await writeReportFiles(folder);
  process.stdout.write(`${renderTerminal(report, terminalOptions(process.stdout))}\n`);
  const shown = relative(process.cwd(), folder);
  process.stdout.write(`Reports: ${shown}/{${reporters.map(({ fileName }) => fileName).join(',')}}\n`);
  return report;
}

/** Makes the reports that are files. */
export async function writeReportFiles(folder: string): Promise<Report> {
  const report = judge(readJournal(join(folder, JOURNAL_NAME)));
  for (const { fileName, render } of reporters) await writeFile(join(folder, fileName), render(report));
  return report;
}
