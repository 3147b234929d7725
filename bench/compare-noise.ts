/**
 * How far apart two runs of one and the same server are: the spread that `hydrotest compare` assumes where a side has a single
 * run. Runs the reference server again and again, and prints for each metric the standard deviation between runs with the upper end of its
 * 95 % interval.
 *
 *   node bench/compare-noise.ts                  ten runs, about ten minutes
 *   node bench/compare-noise.ts --runs 4         fewer
 *   node bench/compare-noise.ts --from <folder>  of runs that are there
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { compare } from '../harness/compare/compare.ts';
import { KINDS } from '../harness/compare/metric-kinds.ts';
import { readSide } from '../harness/compare/side.ts';
import { spreadOf } from '../harness/compare/spread.ts';
import { execute } from '../harness/execute.ts';
import type { Metric } from '../harness/model.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10' }, from: { type: 'string' } },
});
const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('SIGINT received')));

async function measure(): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), 'hydrotest-noise-'));
  const count = Number(values.runs);
  for (let i = 1; i <= count && !stop.signal.aborted; i++) {
    process.stderr.write(`run ${i} of ${count}\n`);
    await execute(
      {
        scenarios: 'hold,timeout,churn',
        paths: 'abrupt-drop,idle',
        streams: 200,
        duration: '5s',
        deadline: '5s',
        out,
      },
      { signal: stop.signal },
    );
  }
  return out;
}

const folder = values.from ?? (await measure());
const { runs, leftOut } = readSide(folder);
const table = new Table({
  head: ['Metric', 'Scale', 'Runs', 'Mean', 'Spread', 'At most (95 %)', 'Assumed'],
  style: { head: [], border: [] },
});
const ids = new Map(runs.flatMap(({ metrics }) => metrics).map((metric) => [metric.id, metric.kind]));
for (const [id, kind] of ids) {
  const found = runs
    .flatMap(({ metrics }) => metrics.find((metric) => metric.id === id) ?? [])
    .filter((metric): metric is Metric & { value: number } => metric.value !== null);
  const { scale, spread } = KINDS[kind];
  const spreads = spreadOf(found, scale);
  const show = (value: number) => (scale === 'ratio' ? value.toFixed(3) : value.toFixed(1));
  const mean = found.reduce((sum, { value }) => sum + value, 0) / found.length;
  table.push([
    id,
    scale,
    String(found.length),
    found.length === 0 ? '–' : mean.toFixed(1),
    spreads === null ? '–' : show(spreads.deviation),
    spreads === null ? '–' : show(spreads.highest),
    kind === 'leak-rate' ? "the fit's" : show(spread),
  ]);
}
/** What comparing these runs with each other says, which are all of one server: each with each, and two with two others. */
function selfComparisons(): string {
  const side = (indices: number[]) => ({
    name: indices.join(','),
    runs: indices.flatMap((i) => runs[i] ?? []),
    leftOut: [],
  });
  const all = runs.map((_, i) => i);
  const pairs = all.flatMap((i) => all.filter((j) => j !== i).map((j) => [[i], [j]]));
  const twos = all.flatMap((i) => all.filter((j) => j > i).map((j) => [i, j]));
  const fours = twos.flatMap((a) => twos.filter((b) => !b.some((i) => a.includes(i))).map((b) => [a, b]));
  const words = [pairs, fours].map((trials) => {
    const counts = { worse: 0, same: 0, better: 0, 'cannot-tell': 0 };
    let alarms = 0;
    for (const [a = [], b = []] of trials) {
      const comparison = compare(side(a), side(b), []);
      if (comparison.counts.worse + comparison.counts.better > 0) alarms++;
      for (const change of Object.keys(counts) as (keyof typeof counts)[])
        counts[change] += comparison.counts[change];
    }
    const size = trials[0]?.[0]?.length ?? 0;
    return `${trials.length} comparisons of ${size} with ${size}: ${alarms} with a false alarm; metrics: ${JSON.stringify(counts)}`;
  });
  return words.join('\n');
}

process.stdout.write(
  `${table.toString()}\n${selfComparisons()}\n${runs.length} runs, ${leftOut.length} left out: ${folder}\n`,
);
