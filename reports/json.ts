import type { Reporter } from '../harness/model.ts';

/** Controls that JSON leaves as they are, and a terminal may not: C1 and DEL, those of direction and line. */
const controls = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The report as data. Its shape is published as `report.schema.json` and versioned by `schemaVersion`. */
export const json: Reporter = {
  name: 'json',
  fileName: 'report.json',
  render: (report) => `${JSON.stringify(report, null, 2).replace(controls, escaped)}\n`,
};
