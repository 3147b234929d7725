import type { DoseUnit, RequestsEntry } from '../model.ts';

/** `4.10 kB`, `9.6 B`; `?` for what was not measured. */
export function bytesInWords(value: number | null): string {
  if (value === null) return '?';
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toFixed(1)} MB`;
  if (Math.abs(value) >= 1000) return `${(value / 1000).toFixed(2)} kB`;
  return `${value.toFixed(Math.abs(value) < 100 ? 1 : 0)} B`;
}

export function oneOf(unit: DoseUnit): string {
  return unit === 'event' ? 'an event' : `a ${unit}`;
}

/** ` (such as: …)` with what was wrong with the last answer that was wrong; empty where nobody told. */
export function problemOf(requests: readonly RequestsEntry[]): string {
  const last = requests.findLast(({ problem }) => problem !== undefined);
  return last?.problem === undefined ? '' : ` (such as: ${last.problem})`;
}
