/**
 * Servers that nobody here wrote, from npm, one for each protocol: hydrotest on each, and on a twin with the leak that is usual for its
 * kind. The servers are in bench/protocols/, which needs nothing but `npm ci`.
 *
 *   npm run protocols                           every trial, one after the other
 *   npm run protocols -- CASE …                 only these servers
 *   npm run protocols -- --side leaky           only the twins
 *   npm run protocols -- --trial 'abrupt drop'  only trials of this name
 *   npm run protocols -- --out reports/out/…    keep the reports
 */
import { resolve } from 'node:path';
import { markdownTable } from './markdown.ts';
import { command, EXIT_INTERRUPTED, OptionError, readOptions } from './options.ts';
import { protocolCases } from './protocols/cases.ts';
import { runTrial, type TrialResult } from './protocols/run-trial.ts';

async function main(): Promise<number> {
  const { values, positionals } = readOptions({
    options: { side: { type: 'string' }, trial: { type: 'string' }, out: { type: 'string' } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => protocolCases.every((one) => one.name !== name));
  if (unknown.length > 0) throw new OptionError(`there is no case ${unknown.join(', ')}`);
  const plan = protocolCases
    .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    .flatMap((protocolCase) => protocolCase.trials.map((trial) => ({ protocolCase, trial })))
    .filter(({ trial }) => values.side === undefined || trial.side === values.side)
    .filter(({ trial }) => values.trial === undefined || trial.what === values.trial);
  if (plan.length === 0) throw new OptionError('no trial is of this name and on this side');
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => interrupt.abort(new Error(name)));
  const rows: string[][] = [];
  let okCount = 0;
  for (const { protocolCase, trial } of plan) {
    let result: TrialResult;
    try {
      const outDir = values.out === undefined ? null : resolve(values.out);
      result = await runTrial(protocolCase, trial, { outDir, signal: interrupt.signal });
    } catch (error) {
      if (!interrupt.signal.aborted) throw error;
      break;
    }
    const { verdict, ok, reasons, seconds } = result;
    if (ok) okCount += 1;
    const what = `${protocolCase.name}, ${trial.side}, ${trial.what}`;
    process.stderr.write(`${what}: ${verdict}${ok ? '' : ', NOT AS EXPECTED'}; ${reasons.join('; ')}\n`);
    const words = reasons[0] ?? '';
    rows.push([
      protocolCase.name,
      trial.side,
      trial.what,
      verdict,
      words,
      seconds.toFixed(0),
      ok ? 'yes' : 'NO',
    ]);
  }
  const titles = ['server', 'side', 'what', 'verdict', 'first finding', 'seconds', 'as expected'];
  process.stdout.write(
    `${markdownTable(
      titles.map((title) => ({ title, align: 'left' })),
      rows,
    )}\n`,
  );
  process.stdout.write(`${okCount} of ${plan.length} as expected, on Node ${process.versions.node}\n`);
  if (interrupt.signal.aborted) return EXIT_INTERRUPTED;
  return okCount === plan.length ? 0 : 1;
}

await command('protocols', main);
