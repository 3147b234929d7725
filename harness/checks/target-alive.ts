import type { Check, TargetEntry } from '../model.ts';
import { readyTarget } from './ready-target.ts';

/** The target answered, and its processes lived, the same ones and never stopped, until it was told to end. */
export const targetAlive: Check = (scenario) => {
  const { target } = scenario;
  const ready = readyTarget(scenario);
  const lost = target.find(({ event }) => event === 'lost');
  const disturbed = target.filter(({ event }) => DISTURBED.has(event));
  const finding = { check: 'target-alive', scenario: scenario.scenario, subject: '' } as const;
  const evidence = { pid: ready?.pid ?? null, detail: lost?.detail ?? disturbed[0]?.detail ?? null };
  if (lost !== undefined) {
    return [
      {
        ...finding,
        outcome: 'fail',
        reason: `the target ended in the middle of the scenario: ${lost.detail ?? 'unknown why'}`,
        evidence,
      },
    ];
  }
  if (ready === undefined)
    return [
      { ...finding, outcome: 'invalid', reason: scenario.error ?? 'the target was never ready', evidence },
    ];
  if (disturbed.length > 0)
    return [{ ...finding, outcome: 'invalid', reason: describe(disturbed), evidence }];
  return [{ ...finding, outcome: 'pass', reason: 'the target lived through the scenario', evidence }];
};

/** What somebody else did to it: it shows nothing of the server, neither good nor bad. */
const DISTURBED: ReadonlySet<TargetEntry['event']> = new Set(['starved', 'stopped', 'continued', 'replaced']);

const SHOWN = 4;

function describe(entries: TargetEntry[]): string {
  const told = [...new Set(entries.map(({ detail }) => detail ?? 'the target was disturbed'))];
  const more = told.length > SHOWN ? `; ${told.length - SHOWN} more of that kind` : '';
  return `${told.slice(0, SHOWN).join('; ')}${more}`;
}
