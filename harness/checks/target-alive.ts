import type { Check } from '../model.ts';
import { readyTarget } from './ready-target.ts';

/** The target answered, and its process lived until it was told to stop. */
export const targetAlive: Check = (scenario) => {
  const ready = readyTarget(scenario);
  const lost = scenario.target.find(({ event }) => event === 'lost');
  const finding = { check: 'target-alive', scenario: scenario.scenario, subject: '' } as const;
  const evidence = { pid: ready?.pid ?? null, detail: lost?.detail ?? null };
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
  return [{ ...finding, outcome: 'pass', reason: 'the target lived through the scenario', evidence }];
};
