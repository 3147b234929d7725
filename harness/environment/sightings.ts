import type {
  EnvironmentFact,
  EnvironmentWarning,
  FactName,
  FactValues,
  RunRecord,
  ScenarioRecord,
} from '../model.ts';
import { valueIn } from './facts.ts';

/** A process of a target, with what is known of its surroundings. */
export interface Sighting {
  scenario: ScenarioRecord;
  facts: EnvironmentFact[];
}

/** Null: nothing to warn of. */
export type Rule = (sightings: readonly Sighting[], record: RunRecord) => EnvironmentWarning | null;

export function sightingsOf(record: RunRecord): Sighting[] {
  return record.scenarios.flatMap((scenario) => {
    const attempts = [...new Set(scenario.environment.map(({ attempt }) => attempt))];
    return attempts.map((attempt) => ({
      scenario,
      facts: scenario.environment.filter((entry) => entry.attempt === attempt).flatMap(({ facts }) => facts),
    }));
  });
}

/** A number that was read; null also for a limit that nobody set. */
export function numberIn(facts: readonly EnvironmentFact[], name: FactName): number | null {
  const value = valueIn(facts, name);
  return typeof value === 'number' ? value : null;
}

/** Text that was read and says something: null also for `none`. */
export function textIn(facts: readonly EnvironmentFact[], name: FactName): string | null {
  const value: FactValues[FactName] | null = valueIn(facts, name);
  return typeof value === 'string' && value !== 'none' ? value : null;
}

/** Where a rule applies, the worst first: `badness` null or 0 and below is "not here". */
export function affected(
  sightings: readonly Sighting[],
  badness: (sighting: Sighting) => number | null,
): { worst: Sighting; scenarios: string[] } | null {
  const bad = sightings
    .map((sighting) => ({ sighting, by: badness(sighting) ?? 0 }))
    .filter(({ by }) => by > 0)
    .toSorted((a, b) => b.by - a.by);
  const worst = bad[0]?.sighting;
  if (worst === undefined) return null;
  return { worst, scenarios: [...new Set(bad.map(({ sighting }) => sighting.scenario.scenario))] };
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`;
}
