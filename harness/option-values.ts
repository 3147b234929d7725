import { HydrotestError } from './errors.ts';

/** Values of options, as texts or numbers. Each throws HydrotestError `usage` with the option, its value and what to write instead. */

export function listOf(given: string[] | string | undefined): string[] {
  const names = typeof given === 'string' ? given.split(',') : (given ?? []);
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

export function wholeNumber(option: string, value: unknown, min: number, max: number): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number;
  throw usage(`${option} "${String(value)}" is not a whole number from ${min} to ${max}.`);
}

const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** `90` (seconds), `500ms`, `90s`, `10m`, `1.5h` → milliseconds. */
export function durationMs(option: string, value: unknown): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?$/.exec(String(value).trim());
  const ms = match === null ? 0 : Number(match[1]) * (DURATION_UNITS[match[2] ?? 's'] as number);
  // Timers of Node wrap around behind 2^31 - 1 ms.
  if (ms >= 1 && ms < 2 ** 31) return Math.round(ms);
  throw usage(`${option} "${String(value)}" is not a duration, such as 20s, 10m or 1h (up to 24 days).`);
}

const SIZE_UNITS: Record<string, number> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

export function sizeBytes(option: string, value: unknown): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kKMG]i?B|B)?$/.exec(String(value).trim());
  const bytes = match ? Number(match[1]) * (SIZE_UNITS[match[2] ?? 'B'] ?? Number.NaN) : Number.NaN;
  if (bytes >= 1 && bytes <= Number.MAX_SAFE_INTEGER) return Math.round(bytes);
  throw usage(`${option} "${String(value)}" is not a size, such as 500MB or 1.5GiB.`);
}

const SECONDS: Record<string, number> = {
  s: 1,
  sec: 1,
  m: 60,
  min: 60,
  h: 3600,
  hour: 3600,
  d: 86_400,
  day: 86_400,
};

/** `50`, `50/s`, `3000/min`, `1e6/day` → a second. */
export function perSecond(option: string, value: unknown): number {
  const match = /^(\d+(?:\.\d+)?(?:e\d+)?)\s*(?:\/\s*([a-z]+))?$/.exec(String(value).trim());
  const rate = match === null ? 0 : Number(match[1]) / (SECONDS[match[2] ?? 's'] ?? Number.NaN);
  if (rate > 0 && Number.isFinite(rate)) return rate;
  throw usage(`${option} "${String(value)}" is not a rate, such as 50/s, 3000/min or 1e6/day.`);
}

export function usage(message: string): HydrotestError {
  return new HydrotestError('usage', message);
}
