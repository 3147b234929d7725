import type { ReportedEnvironment, RunRecord, ScenarioRecord } from '../model.ts';
import { environmentWarnings } from './warnings.ts';

/** The surroundings of a run as its report has them. Pure. */
export function reportedEnvironment(record: RunRecord): ReportedEnvironment {
  return {
    ...record.run.environment,
    // A journal from before they were read has none.
    facts: record.run.environment.facts ?? [],
    targets: record.scenarios.flatMap(targetsOf),
    warnings: environmentWarnings(record),
  };
}

/** A process of the target each, with what was known at its start and in the end. */
function targetsOf({ scenario, environment }: ScenarioRecord): ReportedEnvironment['targets'] {
  const attempts = [...new Set(environment.map(({ attempt }) => attempt))];
  return attempts.map((attempt) => ({
    scenario,
    attempt,
    facts: environment.filter((entry) => entry.attempt === attempt).flatMap(({ facts }) => facts),
  }));
}
