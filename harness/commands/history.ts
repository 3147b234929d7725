import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { trendPage } from '../../reports/index.ts';
import { readHistory } from '../compare/history.ts';
import { EXIT_NOT_MEASURED } from '../exit-codes.ts';

/** `hydrotest history`: the page of trends of a history. Exit code 3 where it holds no run. */
export async function historyCommand(file: string, options: { out: string }): Promise<void> {
  const history = readHistory(resolve(file));
  const { entries, skippedLineCount } = history;
  const out = resolve(options.out);
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, trendPage(history));
  const skipped =
    skippedLineCount === 0
      ? ''
      : `; ${skippedLineCount} ${skippedLineCount === 1 ? 'line' : 'lines'} of ${file} could not be read and were skipped`;
  process.stdout.write(
    `${options.out}: ${entries.length} ${entries.length === 1 ? 'run' : 'runs'}${skipped}\n`,
  );
  if (entries.length === 0) process.exitCode = EXIT_NOT_MEASURED;
}
