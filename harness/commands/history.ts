import { statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { trendPage } from '../../reports/index.ts';
import { readHistory } from '../compare/history.ts';
import { EXIT_NOT_MEASURED } from '../exit-codes.ts';
import { usage } from '../option-values.ts';

/** `hydrotest history`: the page of trends of a history. Exit code 3 where it holds no run. */
export async function historyCommand(file: string, options: { out: string }): Promise<void> {
  const out = resolve(options.out);
  if (out === resolve(file)) throw usage(`--out ${options.out} is the history itself: name another file.`);
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw usage(`--out ${options.out} is a folder: name a file in it.`);
  const history = readHistory(resolve(file));
  const { entries, skippedLineCount } = history;
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
