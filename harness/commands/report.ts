import { resolve } from 'node:path';
import { EXIT_CODES, EXIT_INTERNAL } from '../exit-codes.ts';
import { orderReports, type WrittenReports, writeReports } from '../reporters.ts';

/** `hydrotest report`: the reports of a run again, from its journal. The exit code is that of the run. */
export async function reportCommand(folder: string, { reporter }: { reporter?: string[] }): Promise<void> {
  const orders = await orderReports(reporter);
  process.exitCode = exitCodeOf(await writeReports(resolve(folder), orders));
}

/** A report that is missing must be seen by whoever waits for it; it takes nothing from a verdict that is not good. */
export function exitCodeOf({ report, failures }: WrittenReports): number {
  const code = EXIT_CODES[report.verdict.outcome];
  return code === 0 && failures.length > 0 ? EXIT_INTERNAL : code;
}
