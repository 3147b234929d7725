import type { Finding, Report } from '../../harness/model.ts';
import type { CliResult } from './cli.ts';
import { shown } from './cli.ts';

/** The report of a run that has to have made one. */
export function reportOf(result: CliResult): Report {
  if (result.report === null) throw new Error(`no report was made: ${shown(result)}`);
  return result.report;
}

export function findingsOf(result: CliResult): Finding[] {
  return reportOf(result).scenarios.flatMap(({ findings }) => findings);
}

/** `scenario/check (subject)` of everything that did not pass. */
export function notPassed(result: CliResult): string[] {
  return findingsOf(result)
    .filter(({ outcome }) => outcome !== 'pass')
    .map(
      ({ scenario, check, subject, outcome }) =>
        `${outcome}: ${scenario}/${check}${subject && ` (${subject})`}`,
    );
}
