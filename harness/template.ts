import { createHash } from 'node:crypto';

/** Fills `{name}` for each name given and leaves other braces alone. */
export function fill(template: string, values: Record<string, string | number | null>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return value === undefined || value === null ? whole : String(value);
  });
}

/** The n-th key of a run: `{n}` is the number, `{uuid}` a UUID that seed and number always give again. */
export function fillKey(template: string, seed: number, n: number): string {
  return fill(template, { n, uuid: template.includes('{uuid}') ? uuidOf(`${seed}/${n}`) : null });
}

/** A version 8 UUID (RFC 9562, 5.8: free content) from a text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
