/**
 * The figures of `docs/benchmarks.md`, measured side by side in one run. Tools that the project does not depend on are
 * installed into a folder below the system's for temporary files, once.
 *
 *   npm run bench                                everything, three rounds, 10,000 streams; writes docs/benchmarks.md
 *   npm run bench -- --only clients,churn        only these sections: clients, churn, scale, server; prints them
 *   npm run bench -- --only clients --write      measures this section again, and leaves the others as they were
 *   npm run bench -- --rounds 5 --streams 19000  more of both
 *   npm run bench -- --quick                     small numbers, to see that everything works; prints them
 *   npm run bench -- --peers-dir FOLDER          where the tools are installed
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../harness/errors.ts';
import { openFileLimit } from '../harness/probes/open-files.ts';
import { command, exitOnSignals, OptionError, readOptions, wholeNumber } from './options.ts';
import { measureChurnSection } from './peers/churn-section.ts';
import { measureClients } from './peers/clients-section.ts';
import { measureScale } from './scale/section.ts';
import type { Section, SectionOptions } from './section.ts';
import { measureServer } from './server/section.ts';

type Measure = (options: SectionOptions) => Promise<Section>;

/** In the order of the document. */
const parts: Record<string, Measure> = {
  clients: measureClients,
  churn: measureChurnSection,
  scale: measureScale,
  server: measureServer,
};

const document = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
const bytesPerGib = 1024 ** 3;
/** What a client needs beside its streams: its own files, and those of a JVM. */
const spareFileCount = 1_000;

/** Measures the parts one after the other; one that fails is left out, and told on standard error. */
async function measureAll(names: string[], options: SectionOptions): Promise<Section[]> {
  const sections: Section[] = [];
  for (const name of names) {
    const startedMs = performance.now();
    try {
      const section = await parts[name]?.(options);
      if (section !== undefined) sections.push(section);
    } catch (error) {
      process.stderr.write(`${name}: ${messageOf(error)}\n`);
      continue;
    }
    process.stderr.write(`${name}: took ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`);
  }
  return sections;
}

/** One section as it stands in the document. Each says when and where it was measured: sections can be measured again one by one. */
function renderSection({ title, command: again, markdown }: Section): string {
  const processors = cpus();
  const kernel = `${process.platform} ${release()}`;
  const memory = `${Math.round(totalmem() / bytesPerGib)} GiB of memory`;
  const machine = `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${memory}, ${kernel}`;
  const day = new Date().toISOString().slice(0, 10);
  return `## ${title}\n\nMeasured on ${day}: \`${again}\`, Node ${process.versions.node}, ${machine}.\n\n${markdown.trim()}`;
}

const head = `# Benchmarks

\`npm run bench\` measures all of it and writes this document. Figures of different runs are not comparable; those of one section are of one run.`;

/** The document with the sections that were measured; what it said of others stays. */
export function renderDocument(sections: Section[], before: string): string {
  const old = before
    .split(/^(?=## )/m)
    .slice(1)
    .map((text) => text.trim());
  const fresh = new Map(sections.map((section) => [section.title, renderSection(section)]));
  const kept = old.map((text) => {
    const title = /^## (.*)$/m.exec(text)?.[1] ?? '';
    const replaced = fresh.get(title);
    fresh.delete(title);
    return replaced ?? text;
  });
  return `${[head, ...kept, ...fresh.values()].join('\n\n')}\n`;
}

async function run(): Promise<number> {
  const { values } = readOptions({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      streams: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      'peers-dir': { type: 'string', default: join(tmpdir(), 'hydrotest-peers') },
    },
  });
  const known = Object.keys(parts);
  const names = values.only?.split(',') ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new OptionError(`--only ${unknown.join(',')}: there are ${known.join(', ')}`);
  }
  const options: SectionOptions = {
    rounds: wholeNumber('--rounds', values.rounds ?? (values.quick ? '1' : '3')),
    streams: wholeNumber('--streams', values.streams ?? (values.quick ? '300' : '10000'), 100),
    quick: values.quick,
    peersDir: resolve(values['peers-dir']),
  };
  const limit = openFileLimit('self') ?? Number.POSITIVE_INFINITY;
  const most = limit - spareFileCount;
  if (options.streams > most) {
    throw new OptionError(
      `--streams ${options.streams}: a process may have ${limit} files open, which is enough for ${most}`,
    );
  }
  exitOnSignals();
  const sections = await measureAll(names, options);
  const before = existsSync(document) ? readFileSync(document, 'utf8') : '';
  const isWhole = sections.length === known.length && !options.quick;
  if (values.write || isWhole) {
    writeFileSync(document, renderDocument(sections, before));
    process.stderr.write('bench: wrote docs/benchmarks.md\n');
  } else process.stdout.write(renderDocument(sections, ''));
  return sections.length === names.length ? 0 : 1;
}

if (import.meta.main) await command('bench', run);
