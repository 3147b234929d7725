/**
 * Hostile bytes to the response parser and the event reader, in process: valid responses, mutated, and read as a whole, in single bytes
 * and in random pieces. Whatever differs, throws, grows without a bound or disagrees with another reader is printed with its seed and
 * the shortest input that shows it; the exit code is then 1.
 *
 *     npm run fuzz -- [--seed 1] [--cases 100000] [--from 0]
 *
 * `--from N --cases 1` runs one case again.
 */
import { fuzz } from './fuzz/run.ts';
import { command, readOptions, wholeNumber } from './options.ts';

async function main(): Promise<number> {
  const { values } = readOptions({
    options: {
      seed: { type: 'string', default: '1' },
      cases: { type: 'string', default: '100000' },
      from: { type: 'string', default: '0' },
    },
  });
  const seed = wholeNumber('--seed', values.seed, 0);
  const startedMs = performance.now();
  const { caseCount, nodeCount, retainedCount, failures } = await fuzz({
    seed,
    cases: wholeNumber('--cases', values.cases),
    from: wholeNumber('--from', values.from, 0),
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `seed ${seed}: ${caseCount} cases in ${seconds} s, ${nodeCount} of them with Node's client too, ${retainedCount} fed on for ever; ${failures.length} failures\n`,
  );
  for (const { caseNumber, fault, input } of failures) {
    process.stdout.write(
      `\ncase ${caseNumber} (--seed ${seed} --from ${caseNumber} --cases 1): ${fault}\n` +
        `  input, ${input.length} bytes: ${JSON.stringify(input.subarray(0, 400).toString('latin1'))}\n`,
    );
  }
  return failures.length === 0 ? 0 : 1;
}

await command('fuzz', main);
