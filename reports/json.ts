import type { Reporter } from '../harness/model.ts';

/** The report as data. Its shape is published as `report.schema.json` and versioned by `schemaVersion`. */
export const json: Reporter = {
  name: 'json',
  fileName: 'report.json',
  render: (report) => `${JSON.stringify(report, null, 2)}\n`,
};
