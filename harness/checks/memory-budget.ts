import type { Check, ScenarioRecord } from '../model.ts';

/** One sample a second is planned; with less than half of them, a peak could have gone by unseen. */
const MIN_SAMPLE_RATIO = 0.5;

/** The peak of the tree's resident memory stayed under the budget. */
export const memoryBudget: Check = (scenario, { run }) => {
  const { budgetBytes } = run.config;
  const peakRssBytes = peakRss(scenario);
  const seconds = ((scenario.endedMs ?? scenario.elapsedMs) - scenario.elapsedMs) / 1000;
  const facts = { peakRssBytes, budgetBytes, sampleCount: scenario.samples.length };
  const finding = {
    check: 'memory-budget',
    scenario: scenario.scenario,
    subject: '',
    evidence: facts,
  } as const;
  if (peakRssBytes !== null && peakRssBytes > budgetBytes) {
    const reason = `memory peaked at ${megabytes(peakRssBytes)}, over the budget of ${megabytes(budgetBytes)}: see which phase it rose in`;
    return [{ ...finding, outcome: 'fail', reason }];
  }
  if (peakRssBytes === null || scenario.samples.length < Math.max(1, seconds * MIN_SAMPLE_RATIO)) {
    const reason = `only ${scenario.samples.length} memory samples in ${seconds.toFixed(0)} s: the peak may have gone by unseen`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  const reason = `memory peaked at ${megabytes(peakRssBytes)} of ${megabytes(budgetBytes)}`;
  return [{ ...finding, outcome: 'pass', reason }];
};

/**
 * The highest resident memory of the process tree, or null without a sample. The kernel's high-water mark catches peaks
 * between samples, but it reaches back to the start of the process: it counts only where it rose during this scenario
 * or where the process began with it.
 */
export function peakRss(scenario: ScenarioRecord): number | null {
  const [first, last] = [scenario.samples[0], scenario.samples.at(-1)];
  if (first === undefined || last === undefined) return null;
  const sampled = Math.max(...scenario.samples.map((sample) => sample.rssBytes));
  const own = scenario.command !== null || (first.peakRssBytes ?? 0) < (last.peakRssBytes ?? 0);
  return Math.max(sampled, own ? Math.max(...scenario.samples.map((sample) => sample.peakRssBytes ?? 0)) : 0);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}
