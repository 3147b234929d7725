import type { RunRecord, ScenarioRecord } from '../../model.ts';
import type { ScenarioName } from '../records.ts';

/** Takes something away from a healthy record. Applied twice, or behind another one, it does no harm. */
export type Take = (scenario: ScenarioRecord, run: RunRecord) => unknown;

/** A healthy record on which a check passes, and all that it stands on there. */
export interface Standing {
  scenario: ScenarioName;
  /** What tells this case from another of the same check; empty for the only one. */
  when: string;
  /** Makes the record the one that is meant, still healthy. */
  prepare?: Take;
  takes: Record<string, Take>;
  /** Of these, the ones after which what is left proves a failure: it may be told, and must not pass. */
  mayFail?: string[];
}

/** Removes what does not satisfy. */
export function keep<Item>(list: Item[], wanted: (item: Item, index: number) => boolean): void {
  list.splice(0, list.length, ...list.filter(wanted));
}

export const clear = (list: unknown[]): void => keep(list, () => false);

/** Every other one. */
export const halve = (list: unknown[]): void => keep(list, (_, index) => index % 2 === 0);

/** The first half. */
export const endEarly = (list: unknown[]): void => void list.splice(Math.ceil(list.length / 2), list.length);

export function set<Item extends object>(list: Item[], change: Partial<Item>): void {
  for (const item of list) Object.assign(item, change);
}

/** So many times as long, with a sample a second and one at each end of a phase. */
export function stretch(scenario: ScenarioRecord, run: RunRecord, factor: number): void {
  const at = (elapsedMs: number) => scenario.elapsedMs + (elapsedMs - scenario.elapsedMs) * factor;
  const [sample] = scenario.samples;
  if (sample === undefined || scenario.endedMs === null) return;
  scenario.endedMs = at(scenario.endedMs);
  run.durationMs = scenario.endedMs;
  const { phases, levels, cycles, loads, held } = scenario;
  for (const each of [...phases, ...levels, ...cycles, ...loads, ...held])
    each.elapsedMs = at(each.elapsedMs);
  clear(scenario.samples);
  for (const [index, { phase, elapsedMs }] of phases.entries()) {
    const untilMs = phases[index + 1]?.elapsedMs ?? scenario.endedMs;
    for (let now = elapsedMs; now < untilMs - 1; now += 1000)
      scenario.samples.push({ ...sample, phase, elapsedMs: now });
    scenario.samples.push({ ...sample, phase, elapsedMs: untilMs - 1 });
  }
}
