/**
 * How often `hydrotest compare` is wrong on made-up runs whose truth is known: two sides of the same server (any "worse" or "better" is a
 * false alarm), where runs spread as assumed, half, two and three times as much, also with heavy tails; and how often changes are found.
 *
 *   node bench/simulate-compare.ts          2,000 comparisons of 20 metrics a cell, some seconds
 *   node bench/simulate-compare.ts 10000    more of them
 */
import Table from 'cli-table3';
import { changeOf, type MeasuredMetric } from '../harness/compare/change.ts';
import { FAMILY_ERROR } from '../harness/compare/compare.ts';
import { metricOf } from '../harness/compare/metric.ts';
import { KINDS } from '../harness/compare/metric-kinds.ts';
import type { MetricKind } from '../harness/model.ts';
import { createRandom } from '../harness/random.ts';

const comparisons = Number(process.argv.slice(2).find((argument) => argument !== '--') ?? 2000);
const FAMILY = 20;
const SIZES = [1, 2, 3, 5, 10];
const MEAN_BYTES: Partial<Record<MetricKind, number>> = {
  'held-heap': 16_000,
  'peak-memory': 110e6,
  'event-p99': 60,
};

/** A standard normal value (Box and Muller), or one of Student's t with 3 degrees, scaled to the same deviation. */
function noise(random: () => number, heavy: boolean): number {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  if (!heavy) return normal();
  const square = normal() ** 2 + normal() ** 2 + normal() ** 2;
  return normal() / Math.sqrt(square / 3) / Math.sqrt(3);
}

interface Truth {
  kind: MetricKind;
  /** True spread, as a multiple of the assumed one. */
  spreadFactor: number;
  heavy: boolean;
  /** Run / baseline. */
  ratio: number;
}

function compared(random: () => number, size: number, { kind, spreadFactor, heavy, ratio }: Truth) {
  const facts = KINDS[kind];
  const side = (mean: number) =>
    Array.from({ length: size }, () => {
      const value = mean * Math.exp(spreadFactor * facts.spread * noise(random, heavy));
      return metricOf(kind, 'simulated', { value }) as MeasuredMetric;
    });
  const mean = MEAN_BYTES[kind] ?? 1;
  return changeOf(side(mean), side(mean * ratio), facts, FAMILY_ERROR / FAMILY).change;
}

const percent = (count: number, of: number) => `${((100 * count) / of).toFixed(2)} %`;

/** Comparisons of a whole family in which something is called worse or better, though nothing changed. */
function alarms(size: number, truth: Omit<Truth, 'ratio'>): string {
  const random = createRandom(1000 * size + Math.round(10 * truth.spreadFactor));
  let count = 0;
  for (let i = 0; i < comparisons; i++) {
    let wrong = false;
    for (let j = 0; j < FAMILY; j++) {
      const change = compared(random, size, { ...truth, ratio: 1 });
      if (change === 'worse' || change === 'better') wrong = true;
    }
    if (wrong) count++;
  }
  return percent(count, comparisons);
}

function found(size: number, truth: Truth, wanted: string): string {
  const random = createRandom(7 * size);
  let count = 0;
  for (let i = 0; i < comparisons; i++) if (compared(random, size, truth) === wanted) count++;
  return percent(count, comparisons);
}

function print(title: string, rows: string[][]): void {
  const head = ['', ...SIZES.map((size) => `${size} ${size === 1 ? 'run' : 'runs'} a side`)];
  const table = new Table({ head, style: { head: [], border: [] } });
  table.push(...rows);
  process.stdout.write(`${title}\n${table.toString()}\n\n`);
}

for (const kind of ['held-heap', 'peak-memory', 'event-p99'] as const) {
  print(
    `False alarms in A/A comparisons of ${FAMILY} metrics: ${KINDS[kind].label}`,
    [0.5, 1, 2, 3].flatMap((spreadFactor) =>
      [false, true].map((heavy) => [
        `spread ${spreadFactor} × assumed${heavy ? ', heavy tails' : ''}`,
        ...SIZES.map((size) => alarms(size, { kind, spreadFactor, heavy })),
      ]),
    ),
  );
}
print('Live heap a held stream, spread as measured (two thirds of what is assumed): how often it is told', [
  ...[1, 1.1, 1.2, 1.3, 1.5].map((ratio) => [
    ratio === 1 ? 'no change: same' : `${ratio} × as much: worse`,
    ...SIZES.map((size) =>
      found(
        size,
        { kind: 'held-heap', spreadFactor: 2 / 3, heavy: false, ratio },
        ratio === 1 ? 'same' : 'worse',
      ),
    ),
  ]),
]);
