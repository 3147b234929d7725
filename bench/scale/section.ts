/**
 * How many streams `hydrotest run --scenarios hold` holds: 19,000 in one process, with an event a second on each, and 57,000 over three, with one every
 * five seconds, all of them parsed and checked, against servers that do nothing else (server.ts). All figures come from the journal and the report of
 * real runs.
 *
 *     node bench/bench.ts --only scale
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JOURNAL_NAME, readJournal } from '../../harness/journal.ts';
import { judge } from '../../harness/judge.ts';
import type { LoadEntry, Report, ScenarioRecord } from '../../harness/model.ts';
import { type Column, markdownTable } from '../markdown.ts';
import type { Section, SectionOptions } from '../section.ts';

const root = join(import.meta.dirname, '..', '..');

export interface Scale {
  streams: number;
  workers: number;
  servers: number;
  /** Milliseconds between two events of a stream. */
  intervalMs: number;
  holdSeconds: number;
}

export interface ScaleResult {
  scale: Scale;
  heldCount: number;
  /** Over the ramp, from the first to the last stream. */
  opensPerSecond: number;
  kibPerStream: number | null;
  /** While all were held: of all workers together. */
  cores: number;
  eventsPerSecond: number;
  gapCount: number;
  duplicateCount: number;
  exitCode: number | null;
}

const full: Scale[] = [
  { streams: 19_000, workers: 1, servers: 1, intervalMs: 1000, holdSeconds: 20 },
  { streams: 57_000, workers: 3, servers: 3, intervalMs: 5000, holdSeconds: 20 },
];
const quick: Scale[] = [{ streams: 2000, workers: 2, servers: 2, intervalMs: 1000, holdSeconds: 5 }];

export async function measureScale(options: Pick<SectionOptions, 'quick'>): Promise<Section> {
  const results: ScaleResult[] = [];
  for (const scale of options.quick ? quick : full) {
    process.stderr.write(
      `scale: ${scale.streams} streams, ${scale.workers} workers, ${scale.servers} server processes\n`,
    );
    results.push(await run(scale));
  }
  return { title: 'Scale', command: 'npm run bench -- --only scale', markdown: tableOf(results) };
}

async function run(scale: Scale): Promise<ScaleResult> {
  const out = mkdtempSync(join(tmpdir(), 'hydrotest-scale-'));
  const server = `'${process.execPath}' '${join(root, 'bench/scale/server.ts')}' --port {port} --processes ${scale.servers} --interval ${scale.intervalMs}`;
  const options = [
    ...[
      'run',
      '--scenarios',
      'hold',
      '--no-inspect',
      '--lifetime',
      'none',
      '--mix',
      'graceful-close',
      '--budget',
      '8GB',
    ],
    ...['--streams', String(scale.streams), '--workers', String(scale.workers)],
    ...['--duration', `${scale.holdSeconds}s`, '--command', server, '--url', 'http://127.0.0.1:{port}/{key}'],
    ...['--out', out],
  ];
  const child = spawn(process.execPath, ['harness/cli.ts', ...options], { cwd: root, stdio: 'ignore' });
  const stop = () => child.kill('SIGINT');
  process.once('SIGINT', stop);
  try {
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    const [folder] = readdirSync(out);
    if (folder === undefined) throw new Error(`the run left no journal, exit code ${exitCode}`);
    const record = readJournal(join(out, folder, JOURNAL_NAME));
    return resultOf(scale, record.scenarios[0], judge(record), exitCode);
  } finally {
    process.off('SIGINT', stop);
    rmSync(out, { recursive: true, force: true });
  }
}

function resultOf(
  scale: Scale,
  scenario: ScenarioRecord | undefined,
  report: Report,
  exitCode: number | null,
): ScaleResult {
  const loads = scenario?.loads ?? [];
  const evidence = (check: string) =>
    (report.scenarios[0]?.findings.find((finding) => finding.check === check)?.evidence ?? {}) as Record<
      string,
      number | null
    >;
  const held = evidence('load-held');
  const steady = loads.filter(
    ({ heldCount, phase }) => phase.startsWith('hold') && heldCount >= 0.99 * scale.streams,
  );
  const samples = (scenario?.samples ?? []).filter(({ phase }) => phase.startsWith('hold'));
  const [first, last] = [samples[0], samples.at(-1)];
  const seconds = ((last?.elapsedMs ?? 0) - (first?.elapsedMs ?? 0)) / 1000;
  return {
    scale,
    heldCount: held.heldCount ?? 0,
    opensPerSecond: rampRate(loads, scale.streams),
    kibPerStream: bytesToKib(evidence('generator-health').rssPerStreamBytes ?? null),
    cores: median(steady.map(({ health }) => health.cores)),
    eventsPerSecond: ((last?.eventCount ?? 0) - (first?.eventCount ?? 0)) / Math.max(1, seconds),
    gapCount: held.fedGapCount ?? 0,
    duplicateCount: held.fedDuplicateCount ?? 0,
    exitCode,
  };
}

/** Between the readings that show the first streams and most of them. */
function rampRate(loads: LoadEntry[], streams: number): number {
  const rising = loads.filter(({ heldCount }) => heldCount > 0 && heldCount < 0.99 * streams);
  const [first, last] = [rising[0], rising.at(-1)];
  if (first === undefined || last === undefined || first === last) return Number.NaN;
  return ((last.heldCount - first.heldCount) / (last.elapsedMs - first.elapsedMs)) * 1000;
}

const right = (title: string): Column => ({ title, align: 'right' });
const columns = [
  'streams asked for',
  'workers',
  'server processes',
  'held',
  'opened a second',
  'KiB a stream, of the workers',
  'an event every',
  'events a second',
  'cores, of all workers',
  'gaps and repeats',
  'exit code',
].map(right);

function tableOf(results: ScaleResult[]): string {
  const number = (value: number, digits = 0) =>
    Number.isFinite(value) ? value.toLocaleString('en-US', { maximumFractionDigits: digits }) : '–';
  const rows = results.map(({ scale, ...result }) => [
    number(scale.streams),
    String(scale.workers),
    String(scale.servers),
    number(result.heldCount),
    number(result.opensPerSecond),
    result.kibPerStream === null ? '–' : number(result.kibPerStream, 1),
    `${scale.intervalMs / 1000} s`,
    number(result.eventsPerSecond),
    number(result.cores, 2),
    number(result.gapCount + result.duplicateCount),
    String(result.exitCode),
  ]);
  return `${markdownTable(columns, rows)}

One run each of \`hydrotest run --scenarios hold\`, from its own journal and report, against servers that do nothing but hold streams and send each its events
evenly spread. It plans to open 2,000 a second. Memory is what the workers' resident memory grew by, and cores what they used while all were held. Exit code 0: the
load was held, no event was missing, and hydrotest was not the bottleneck; 3: it was, by its own measure.`;
}

function bytesToKib(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 1024;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
