/**
 * How this folder writes numbers. Units are decimal everywhere: 1 kB is 1,000 bytes, 1 MB is 1,000,000, so that a
 * budget of 500 MB is 500,000,000 bytes. Reports say so once, with `unitsNote`.
 */
import type { DoseUnit, Outcome } from '../harness/model.ts';
import { oneLine } from './text.ts';

export const unitsNote = 'Units are decimal: 1 kB = 1,000 bytes, 1 MB = 1,000,000 bytes.';

/** What stands where nothing could be read. */
export const notMeasured = 'not measured';

export const outcomeSymbols: Record<Outcome, string> = {
  pass: '✔',
  fail: '✖',
  inconclusive: '?',
  invalid: '!',
};

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** Three significant digits at most, without trailing zeros: 83.4, 500, 1.25, 5. */
function threeDigits(value: number): string {
  const magnitude = Math.abs(value);
  const decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2;
  return String(Number(value.toFixed(decimals)));
}

const minus = (text: string) => text.replace(/^-/, '−');

/** Bytes in B, kB, MB, GB or TB, to three significant digits. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return notMeasured;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  // 999.5 would be written as 1000: the next unit says it shorter.
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${minus(threeDigits(value))} ${units[unit]}`;
}

/** Milliseconds as people say them: `3.2 ms`, `850 ms`, `12.4 s`, `2 min 41 s`, `1 h 5 min`. */
export function formatDuration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return notMeasured;
  if (ms < 0) return `−${formatDuration(-ms)}`;
  if (ms < 999.5) return `${threeDigits(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return joined(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  return joined(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

const longUnits: [unit: string, seconds: number][] = [
  ['year', 365.25 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/**
 * A long time in one word and a number, as people say it: `42 seconds`, `16 hours`, `34 days`, `over 100 years`. A unit
 * is used from two of it on, so that `36 hours` does not become `2 days`; two digits are all that an extrapolated time has.
 */
export function formatLongTime(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds > 100 * 365.25 * 86_400) return 'over 100 years';
  if (seconds < 1) return 'less than a second';
  const [unit, length] = longUnits.find(([, size]) => seconds >= 2 * size) ?? ['second', 1];
  const count = seconds / length;
  const rounded = count < 9.95 ? Number(count.toFixed(1)) : Math.round(count);
  return `${formatCount(rounded)} ${unit}${rounded === 1 ? '' : 's'}`;
}

/** A plain number with thousands separators and at most two decimals. */
export function formatCount(count: number | null): string {
  return count === null || !Number.isFinite(count) ? notMeasured : minus(grouped.format(count));
}

/** Bytes kept for ever by one unit of work: `12.4 B per connection`. */
export function formatRate(bytes: number | null, unit: DoseUnit): string {
  return bytes === null ? notMeasured : `${formatBytes(bytes)} per ${oneLine(unit)}`;
}

/** An interval of bytes with its unit once where both ends have the same: `−3.1 to 3.9 B`, `850 B to 1.2 kB`. */
export function formatInterval(lowBytes: number | null, highBytes: number | null): string {
  if (lowBytes === null || highBytes === null) return notMeasured;
  const [low, high] = [formatBytes(lowBytes), formatBytes(highBytes)];
  const [number = '', unit] = low.split(' ');
  return high.endsWith(` ${unit}`) ? `${number} to ${high}` : `${low} to ${high}`;
}

/** 0.95 → `95 %`. */
export function formatPercent(ratio: number): string {
  return `${grouped.format(ratio * 100)} %`;
}

/** `9 passed · 2 failed`: outcomes of the findings, without those that did not occur. */
export function formatCounts(counts: Record<Outcome, number>): string {
  const words: [Outcome, string][] = [
    ['pass', 'passed'],
    ['fail', 'failed'],
    ['inconclusive', 'inconclusive'],
    ['invalid', 'invalid'],
  ];
  const present = words.filter(([outcome]) => counts[outcome] > 0);
  return present.length === 0
    ? 'no findings'
    : present.map(([outcome, word]) => `${formatCount(counts[outcome])} ${word}`).join(' · ');
}

/** The sentence of the banner that tells of an incomplete run. */
export const incompleteNote =
  'This run did not come to its end: it was interrupted, or its journal ends early. What follows is what was measured until then.';
