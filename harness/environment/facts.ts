import { readFileSync } from 'node:fs';
import type { EnvironmentFact, FactName, FactValues } from '../model.ts';

/** One fact. `value` null: not readable. */
export function fact<Name extends FactName>(
  name: Name,
  value: FactValues[Name] | null,
  source: string,
): EnvironmentFact {
  // The pair is right by the signature; the compiler cannot tell so for a name that it does not know.
  return { name, value, source } as EnvironmentFact;
}

/** The value of a fact, or null: it is not among them, or was not readable. */
export function valueIn<Name extends FactName>(
  facts: readonly EnvironmentFact[],
  name: Name,
): FactValues[Name] | null {
  const found = facts.find((one) => one.name === name);
  return (found?.value ?? null) as FactValues[Name] | null;
}

/** Text of a file of the kernel's, of any size; null: it is not there, or closed to us. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}

/** What a reading gave, or null where it failed: a fact that cannot be read is said to be so, and stops no run. */
export function attemptOf<Value>(read: () => Value | null): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The number behind `name ` in a file of `name value` lines, such as cpu.stat; null: there is none. */
export function numberOf(text: string | null, name: string): number | null {
  const match = text === null ? null : new RegExp(`^${name}:?\\s+(-?\\d+)`, 'm').exec(text);
  return match === null ? null : Number(match[1]);
}
