import type { Change, ComparedMetric, ComparedSide, Comparison, MetricUnit } from '../harness/model.ts';
import { formatBytes, formatDuration, formatPercent } from './format.ts';
import { oneLine } from './text.ts';

/** What the tables of a comparison say of one metric; also of the page of trends. */
export const changeSymbols: Record<Change, string> = {
  worse: '✖',
  same: '✔',
  better: '▲',
  'cannot-tell': '?',
};

export const changeWords: Record<Change, string> = {
  worse: 'worse',
  same: 'same',
  better: 'better',
  'cannot-tell': 'cannot tell',
};

export function formatValue(value: number, unit: MetricUnit): string {
  return unit === 'bytes' ? formatBytes(value) : formatDuration(value);
}

export function metricName({ scenario, label, path, per }: ComparedMetric): string {
  return `${scenario}: ${label}${per === '' ? '' : ` a ${per}`}${path === '' ? '' : `, ${path}`}`;
}

/** `15.1 kB`; over several runs, their mean on the scale of the metric. */
export function sideWords(metric: ComparedMetric, side: 'baseline' | 'run'): string {
  const value = metric[side];
  return value === null ? '–' : formatValue(value.value, metric.unit);
}

/** `+3.1 % (−2 to +8.5)` or `+12 B (−30 to +46 B)`. */
export function effectWords({ effect, unit }: ComparedMetric): string {
  if (effect === null) return '–';
  if (effect.kind === 'ratio') {
    return `${percent(effect.value)} % (${percent(effect.low)} to ${percent(effect.high)})`;
  }
  return `${signed(effect.value, unit)} (${signed(effect.low, unit)} to ${signed(effect.high, unit)})`;
}

/** `+5 %` or `+48 B`: from where on a change is relevant. */
export function marginWords({ effect, unit }: ComparedMetric): string {
  if (effect === null) return '–';
  return effect.kind === 'ratio' ? `${percent(effect.relevantHigh)} %` : signed(effect.relevantHigh, unit);
}

export const spreadWords = { assumed: 'assumed spread', both: 'measured and assumed spread' } as const;

/** The worst first; otherwise in the order in which they were measured. */
export function sorted({ metrics }: Comparison): Comparison['metrics'] {
  const order: Change[] = ['worse', 'better', 'cannot-tell', 'same'];
  return metrics.toSorted((a, b) => order.indexOf(a.change) - order.indexOf(b.change));
}

export function countWords(counts: Comparison['counts']): string {
  const present = (['worse', 'better', 'same', 'cannot-tell'] as const).filter(
    (change) => counts[change] > 0,
  );
  return present.map((change) => `${counts[change]} ${changeWords[change]}`).join(' · ') || 'no metrics';
}

export function intervalNote(familyError: number): string {
  return `All intervals together hold the true changes with ${formatPercent(1 - familyError)}.`;
}

export function sideLines(title: string, { name, runs, leftOut }: ComparedSide): string[] {
  const outcomes = runs.map(({ runId, outcome }) => `${runId} (${outcome})`).join(', ');
  return [
    `${title}: ${oneLine(name)}, ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}${outcomes === '' ? '' : `: ${oneLine(outcomes)}`}`,
    ...leftOut.map(({ folder, reason }) => `  left out ${oneLine(folder)}: ${oneLine(reason)}`),
  ];
}

function percent(ratio: number): string {
  const value = (ratio - 1) * 100;
  const text = Math.abs(value).toFixed(Math.abs(value) < 10 ? 1 : 0);
  return `${sign(value)}${text}`;
}

function signed(value: number, unit: MetricUnit): string {
  return `${sign(value)}${formatValue(Math.abs(value), unit)}`;
}

function sign(value: number): string {
  return value < 0 ? '−' : '+';
}
