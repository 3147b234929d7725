/**
 * What the SQLite store promises, measured: its answers from ten million events, its rate against SQLite's own program, the
 * memory of streams against the JSONL store's, and what is left by processes that are killed.
 *
 *   npm run bench:store                       everything
 *   npm run bench:store -- --only pages       only this part: pages, steps, ingest, memory, kills
 *   npm run bench:store -- --rounds 5         medians of more rounds (5 unless said otherwise)
 *   npm run bench:store -- --events 1000000   a smaller workflow for the pages
 *   npm run bench:store -- --kills 100        processes killed of each kind (30)
 *   npm run bench:store -- --dir FOLDER       where the databases are made; the large one stays there, and is used again
 *   npm run bench:store -- --quick            small numbers, to see that everything works
 *   npm run bench:store -- --markdown         as docs/event-store.md has it
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, exitOnSignals, OptionError, readOptions, wholeNumber } from './options.ts';
import { isReached, type Measurement, renderMarkdown, renderTerminal } from './server/measurement.ts';
import { measureIngest } from './store/ingest.ts';
import { measureKills } from './store/kills.ts';
import type { StoreBenchOptions } from './store/options.ts';
import { measurePages } from './store/pages.ts';
import { measureSteps } from './store/steps.ts';
import { measureStreamMemory } from './store/stream-memory.ts';

const parts: Record<string, (options: StoreBenchOptions) => Promise<Measurement[]>> = {
  pages: measurePages,
  steps: measureSteps,
  ingest: measureIngest,
  memory: measureStreamMemory,
  kills: measureKills,
};

/** Resolves with 0; with 1 where a target is not reached. */
async function run(): Promise<number> {
  const { values } = readOptions({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      events: { type: 'string' },
      kills: { type: 'string' },
      dir: { type: 'string' },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
    },
  });
  const known = Object.keys(parts);
  const names = values.only?.split(',') ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new OptionError(`--only ${unknown.join(',')}: there are ${known.join(', ')}`);
  const { quick } = values;
  const dir = values.dir ?? mkdtempSync(join(tmpdir(), 'bench-store-'));
  const options: StoreBenchOptions = {
    dir,
    events: wholeNumber('--events', values.events ?? (quick ? '100000' : '10000000'), 10_000),
    rounds: wholeNumber('--rounds', values.rounds ?? (quick ? '1' : '5')),
    kills: wholeNumber('--kills', values.kills ?? (quick ? '2' : '30')),
    quick,
  };
  exitOnSignals();
  const removeDir = () => {
    if (values.dir === undefined) rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', removeDir);
  let areAllReached = true;
  for (const name of names) {
    for (const measurement of (await parts[name]?.(options)) ?? []) {
      process.stdout.write(`${(values.markdown ? renderMarkdown : renderTerminal)(measurement)}\n`);
      areAllReached &&= isReached(measurement);
    }
  }
  return areAllReached ? 0 : 1;
}

if (import.meta.main) await command('store', run);
