import { basename, dirname, join, resolve } from 'node:path';
import { renderMarkdown, renderVerdict, terminalOptions } from '../../reports/index.ts';
import { EXIT_CODES, EXIT_INTERNAL } from '../exit-codes.ts';
import { JOURNAL_NAME, readJournal } from '../journal.ts';
import { judge } from '../judge.ts';
import type { RunRecord } from '../model.ts';
import { orderReports, type ReportOrder, shownPath, terminal, writeReports } from '../reporters.ts';
import { appendToStepSummary } from '../step-summary.ts';

/** `hydrotest report`: the reports of a run again, from its journal. The exit code is that of the run. */
export async function reportCommand(folder: string, { reporter }: { reporter?: string[] }): Promise<void> {
  const orders = await orderReports(reporter);
  const absolute = resolve(folder);
  const record = readJournal(join(absolute, JOURNAL_NAME));
  process.exitCode = (await makeReports(record, absolute, orders, true)).exitCode;
}

/**
 * Makes the reports of a run from its record, and says where they are. The verdict is printed in any case: on stderr
 * where a report for another program has stdout. A report that is missing must be seen in the exit code by whoever waits for
 * it, but takes nothing from a verdict that is not good. `htmlFile` is the HTML report's path as shown; null: none was made.
 * `hasJournal`: the folder has all of the record, so that reports can be made of it again.
 */
export async function makeReports(
  record: RunRecord,
  folder: string,
  orders: ReportOrder[],
  hasJournal: boolean,
): Promise<{ exitCode: number; htmlFile: string | null }> {
  const report = judge(record);
  const onStdout = orders.find(({ destination }) => destination.kind === 'stdout');
  const notes = onStdout === undefined || onStdout === terminal ? process.stdout : process.stderr;
  if (onStdout !== terminal) notes.write(renderVerdict(report, terminalOptions(notes)));
  const { paths, failures } = await writeReports(report, folder, orders);
  if (paths.length > 0) notes.write(`Reports: ${placesOf(paths, folder)}\n`);
  const summary = await appendToStepSummary((maxBytes) => renderMarkdown(report, { maxBytes }), process.env);
  if (summary !== null) notes.write(`${summary}\n`);
  for (const failure of failures) {
    const again = hasJournal ? ` The journal is whole: hydrotest report ${shownPath(folder)}` : '';
    process.stderr.write(`hydrotest: ${failure}${again}\n`);
  }
  const code = EXIT_CODES[report.verdict.outcome];
  const htmlFile = paths.find((path) => path.endsWith('.html'));
  return {
    exitCode: code === 0 && failures.length > 0 ? EXIT_INTERNAL : code,
    htmlFile: htmlFile === undefined ? null : shownPath(htmlFile),
  };
}

/** Those in the folder of the run in one, as a shell would write them. */
function placesOf(paths: string[], folder: string): string {
  const inFolder = paths.filter((path) => dirname(path) === folder);
  if (inFolder.length < 2) return paths.map(shownPath).join(', ');
  const others = paths.filter((path) => !inFolder.includes(path));
  const names = inFolder.map((path) => basename(path)).join(',');
  return [`${shownPath(folder)}/{${names}}`, ...others.map(shownPath)].join(', ');
}

/** Makes the reports that are files, all of them, and prints nothing. Returns a sentence for each that could not be made. */
export async function writeReportFiles(record: RunRecord, folder: string): Promise<string[]> {
  const report = judge(record);
  const orders = await orderReports(undefined);
  const files = orders.filter((order) => order !== terminal);
  return (await writeReports(report, folder, files)).failures;
}
