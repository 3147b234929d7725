import type { Reporter } from '../harness/model.ts';
import { printableJson } from './printable-json.ts';

/** The report as data. Its shape is published as `report.schema.json` and versioned by `schemaVersion`. */
export const json: Reporter = {
  name: 'json',
  fileName: 'report.json',
  render: (report) => `${printableJson(report, 2)}\n`,
};
