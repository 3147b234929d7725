/**
 * The reference server under attack: good clients hold streams and get events at a fixed pace while hostile ones come, one kind after
 * the other; then hydrotest's own verdict says for each kind whether it left anything in the server. Exit code as of `hydrotest run`.
 *
 *     npm run attack -- [NAME …] [--seconds 5] [--brief] [--defective] [--out reports/out]
 *
 * `--defective` attacks a server that keeps what it refuses: the same command must then say that it leaks.
 */
import { join, resolve } from 'node:path';
import { listenForInterrupts } from '../harness/commands/interrupts.ts';
import { type Attack, attacks } from './attack/attacks.ts';
import { runAttackBench } from './attack/run.ts';
import { renderAttacks } from './attack/table.ts';
import { command, OptionError, readOptions, wholeNumber } from './options.ts';

const nameOf = ({ name }: Attack) => name.replaceAll(' ', '-');

const help = `Attacks the reference server, and says with hydrotest's own verdict whether that left anything in it.

  npm run attack -- [NAME …] [options]

  --seconds <number>  how long each attack goes on at full speed before its leak is measured (default 5)
  --brief             only that, some 8 s each; no leak is measured
  --defective         attack a server that keeps what it refuses: the verdict must then be a leak
  --out <folder>      where the journal goes (default reports/out)

Attacks (all of them take some 10 minutes), and what each of their connections does:
${attacks.map((attack) => `  ${nameOf(attack).padEnd(18)}${attack.does}`).join('\n')}

Exit code: 0 nothing is left, 1 something is, others as of hydrotest run.
`;

async function main(): Promise<number> {
  const { values, positionals } = readOptions({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      seconds: { type: 'string', default: '5' },
      brief: { type: 'boolean', default: false },
      defective: { type: 'boolean', default: false },
      out: { type: 'string', default: 'reports/out' },
    },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const unknown = positionals.filter((name) => !attacks.some((attack) => nameOf(attack) === name));
  if (unknown.length > 0)
    throw new OptionError(
      `there is no attack ${unknown.join(', ')}; there are ${attacks.map(nameOf).join(', ')}`,
    );
  const chosen =
    positionals.length === 0 ? attacks : attacks.filter((attack) => positionals.includes(nameOf(attack)));
  const note = (text: string) => void process.stderr.write(`${text}\n`);
  const interrupts = listenForInterrupts({ note, close: () => {} });
  const { rows, report, folder, exitCode } = await runAttackBench({
    attacks: chosen,
    forMs: wholeNumber('--seconds', values.seconds) * 1000,
    measures: !values.brief,
    defective: values.defective,
    out: resolve(values.out),
    signal: interrupts.signal,
    onPhase: note,
  }).finally(() => interrupts.close());
  process.stdout.write(`${renderAttacks(rows, report)}\nJournal: ${join(folder, 'journal.ndjson')}\n`);
  return exitCode;
}

await command('attack', main);
