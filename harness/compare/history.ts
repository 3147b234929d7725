import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { printableJson } from '../../reports/printable-json.ts';
import { HydrotestError, messageOf } from '../errors.ts';
import type { History, HistoryEntry, HistoryMetric, Metric, RunMetrics } from '../model.ts';
import { exactStudentQuantile } from '../verdict/quantiles.ts';
import { ASSUMED_DEGREES, KINDS } from './metric-kinds.ts';
import { traitsOf } from './unlike.ts';

/** Intervals of a history are for the eye: each on its own, at 95 %. */
const PROBABILITY = 0.975;

/** A run as a line of a history. Pure. */
export function historyEntryOf(run: RunMetrics, gitCommit: string | null): HistoryEntry {
  const { runId, startedAt, environment, outcome, unusable } = run;
  const traits = JSON.stringify({
    ...traitsOf(run),
    memory: `${Math.round(environment.memoryBytes / 1e9)} GB`,
  });
  return {
    type: 'hydrotest-history',
    schemaVersion: 1,
    runId,
    startedAt,
    gitCommit,
    environmentHash: createHash('sha256').update(traits).digest('hex').slice(0, 12),
    environment: `${environment.cpuCount} × ${environment.cpuModel}, ${environment.platform}, Node ${environment.nodeVersion.replace(/^v/, '')}`,
    outcome,
    unusable,
    metrics: unusable === null ? run.metrics.map(historyMetricOf) : [],
  };
}

function historyMetricOf(metric: Metric): HistoryMetric {
  const { id, kind, scenario, path, unit, per, value, missing } = metric;
  const { label, scale, spread } = KINDS[kind];
  const named = { id, kind, label, scenario, path, unit, per, value, missing };
  if (value === null) return { ...named, low: null, high: null };
  const half = exactStudentQuantile(PROBABILITY, ASSUMED_DEGREES) * Math.hypot(spread, metric.standardError);
  if (scale === 'ratio') return { ...named, low: value * Math.exp(-half), high: value * Math.exp(half) };
  // The interval of a leak rate is that of its verdict.
  return { ...named, low: metric.low ?? value - half, high: metric.high ?? value + half };
}

/**
 * Finds what can never be a history before anything runs.
 *
 * @throws HydrotestError `usage`.
 */
export function checkHistory(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new HydrotestError('usage', `--history "${file}" is a folder: name a file in it.`);
}

/**
 * Appends one line, in one write: two runs that end at the same time do not mix theirs (write(2) with O_APPEND). A line that a crash has torn before it is
 * closed first, so that it spoils no other.
 *
 * @throws HydrotestError `journal` when it cannot be written.
 */
export async function appendHistory(file: string, entry: HistoryEntry): Promise<void> {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const handle = await open(file, 'a+');
    try {
      const { size } = await handle.stat();
      const last = size === 0 ? '\n' : (await handle.read(Buffer.alloc(1), 0, 1, size - 1)).buffer.toString();
      const line = Buffer.from(`${last === '\n' ? '' : '\n'}${printableJson(entry)}\n`);
      const { bytesWritten } = await handle.write(line);
      if (bytesWritten < line.length)
        throw new Error(`only ${bytesWritten} of ${line.length} bytes were written`);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const message = messageOf(cause);
    throw new HydrotestError(
      'journal',
      `the history ${file} cannot be written: ${message}. Free space, or give another --history.`,
      { cause },
    );
  }
}

const finite = z.number().nullable();
const entrySchema = z.object({
  type: z.literal('hydrotest-history'),
  schemaVersion: z.literal(1),
  runId: z.string(),
  startedAt: z.iso.datetime(),
  gitCommit: z.string().nullable(),
  environmentHash: z.string(),
  environment: z.string(),
  outcome: z.enum(['pass', 'fail', 'inconclusive', 'invalid']),
  unusable: z.string().nullable(),
  metrics: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      label: z.string(),
      scenario: z.string(),
      path: z.string(),
      unit: z.enum(['bytes', 'ms']),
      per: z.string(),
      value: finite,
      low: finite,
      high: finite,
      missing: z.string().nullable(),
    }),
  ),
});

/**
 * Reads a history back. Torn lines and those of something else are counted and left out.
 *
 * @throws HydrotestError `usage` when there is no such file.
 */
export function readHistory(file: string): History {
  if (!existsSync(file)) {
    throw new HydrotestError(
      'usage',
      `there is no history at ${file}: make one with hydrotest run --history ${file}.`,
    );
  }
  if (statSync(file).isDirectory())
    throw new HydrotestError('usage', `${file} is a folder: give the history itself.`);
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const entries = lines.map(parseEntry).filter((entry) => entry !== null);
  return {
    entries: entries.toSorted((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt)),
    skippedLineCount: lines.length - entries.length,
  };
}

function parseEntry(line: string): HistoryEntry | null {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(line));
    return parsed.success ? (parsed.data as HistoryEntry) : null;
  } catch {
    return null;
  }
}
