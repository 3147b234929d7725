/**
 * How many streams `hydrotest run --scenarios hold` holds: 19,000 in one process, with an event a second on each, and 57,000 over three, with one every
 * five seconds, all of them parsed and checked, against servers that do nothing else (server.ts). All figures come from the journal and the report of
 * real runs.
 *
 *     node bench/bench.ts --only scale
 */
import { fileURLToPath } from 'node:url';
import type { LoadEntry, Report, ScenarioRecord } from '../../harness/model.ts';
import { median } from '../../harness/verdict/theil-sen.ts';
import { runCli } from '../accuracy/run-cli.ts';
import { type Column, markdownTable } from '../markdown.ts';
import type { Section, SectionOptions } from '../section.ts';

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
  const file = fileURLToPath(new URL('server.ts', import.meta.url));
  const server = `'${process.execPath}' '${file}' --port {port} --processes ${scale.servers} --interval ${scale.intervalMs}`;
  const { record, report, exitCode, errors } = await runCli([
    ...['--scenarios', 'hold', '--no-inspect', '--lifetime', 'none', '--mix', 'graceful-close'],
    ...['--streams', String(scale.streams), '--workers', String(scale.workers), '--budget', '8GB'],
    ...['--duration', `${scale.holdSeconds}s`, '--command', server, '--url', 'http://127.0.0.1:{port}/{key}'],
  ]);
  if (record === null || report === null)
    throw new Error(`the run made no report, exit code ${exitCode}: ${errors}`);
  return resultOf(scale, record.scenarios[0], report, exitCode);
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
