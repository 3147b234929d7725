/**
 * What of the surroundings changes figures, from what was recorded. Pure. None of these decides anything: what a check can make of such a
 * figure, it does itself. Each threshold is explained in docs/environment.md; on a quiet machine there is no warning at all.
 */
import type { EnvironmentWarning, RunRecord } from '../model.ts';
import { cpuRules } from './cpu-warnings.ts';
import { memoryRules } from './memory-warnings.ts';
import { settingsRules } from './settings-warnings.ts';
import { sightingsOf } from './sightings.ts';

export function environmentWarnings(record: RunRecord): EnvironmentWarning[] {
  const sightings = sightingsOf(record);
  return [...memoryRules, ...settingsRules, ...cpuRules].flatMap((rule) => rule(sightings, record) ?? []);
}
