import type { Change, ComparedMetric, MetricUnit } from '../harness/model.ts';
import { formatBytes, formatDuration } from './format.ts';

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

/** `15.1 kB`, and the number of runs that it comes from where there are several. */
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
