import type { ScenarioRecord, TargetEntry } from '../model.ts';

/** The target on which the scenario ran, once it was ready. Later attempts have processes of their own. */
export function readyTarget({ target }: ScenarioRecord): TargetEntry | undefined {
  return target.find(({ event, attempt }) => event === 'ready' && attempt === 0);
}
