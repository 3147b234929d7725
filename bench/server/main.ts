/**
 * Whether the reference server holds up its side of the load. Each measurement prints its figures, its target, and ✔ or ✖;
 * the exit code is 1 when a target was missed.
 *
 *   node bench/server/main.ts                 all four
 *   node bench/server/main.ts memory          memory a held stream (Linux only)
 *   node bench/server/main.ts fan-out         one append to 1,000 streams
 *   node bench/server/main.ts appends         1,000 appends a second to 100 streams
 *   node bench/server/main.ts cpu             CPU, at rest and with events
 *   node bench/server/main.ts --rounds 5      each figure is the median of so many rounds (3)
 *   node bench/server/main.ts --quick         small loads: to see that all works
 */
import { command, OptionError, readOptions, wholeNumber } from '../options.ts';
import { isReached, renderTerminal } from './measurement.ts';
import { measurements } from './section.ts';

await command('server/main', async () => {
  const { values, positionals } = readOptions({
    options: { rounds: { type: 'string', default: '3' }, quick: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const options = { rounds: wholeNumber('--rounds', values.rounds), quick: values.quick };
  const names = Object.keys(measurements);
  const unknown = positionals.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new OptionError(`there is no ${unknown.join(', ')}, but ${names.join(', ')}`);
  let exitCode = 0;
  for (const name of positionals.length === 0 ? names : positionals) {
    for (const measure of measurements[name] ?? []) {
      const measurement = await measure(options);
      process.stdout.write(`${renderTerminal(measurement)}\n`);
      if (!isReached(measurement)) exitCode = 1;
    }
  }
  return exitCode;
});
