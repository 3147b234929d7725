import type { Check } from '../model.ts';

/** The target answered, and its process lived until it was told to stop. Only the first process is the one on which the scenario ran. */
export const targetAlive: Check = (scenario) => {
  const ready = scenario.target.find(({ event, attempt }) => event === 'ready' && attempt === 0);
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
