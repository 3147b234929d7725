import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DoseUnit } from '../../harness/model.ts';

/** A published package in a version that leaks and one that does not, with the same small server over both. */
export interface WildCase {
  /** Also the name of its folder, which holds the server and one folder a side. */
  name: string;
  package: string;
  /** Path of the event stream. */
  endpoint: string;
  /** What the leak is counted in. */
  unit: DoseUnit;
  mechanism: string;
  /** What a client has to do for it to leak. */
  trigger: string;
  /** Public reports, as `owner/repository#number`; the first one stands in the table. */
  issues: string[];
  /** How `bytesPerUnit` was found, without hydrotest. */
  measuredBy: string;
  sides: Record<string, WildSide>;
}

export interface WildSide {
  version: string;
  expected: 'leak' | 'no leak';
  bytesPerUnit: number;
}

/** All cases of a folder, in the order of their names. */
export function readCases(folder: string): WildCase[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => JSON.parse(readFileSync(join(folder, name, 'case.json'), 'utf8')) as WildCase)
    .sort((a, b) => a.name.localeCompare(b.name));
}
