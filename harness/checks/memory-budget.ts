import type { Check, SampleEntry, ScenarioRecord } from '../model.ts';
import { runsBackwards } from './in-order.ts';

/** One sample a second is planned; with less than half of them, a peak could have gone by unseen. */
const MIN_SAMPLE_RATIO = 0.5;

/** The longest stretch without a sample seen on a busy machine was 2.5 s; stopping an obstinate target takes 13 s more. */
const MAX_HOLE_MS = 30_000;

/** A phase begins and ends with a sample, and one a second is planned in between: what lasts for two has one. */
export const SURE_PHASE_MS = 2000;

/** The peak of the tree's resident memory, and of what is swapped out, stayed under the budget. */
export const memoryBudget: Check = (scenario, { run, durationMs }) => {
  const { budgetBytes } = run.config;
  const peakRssBytes = peakRss(scenario);
  const endMs = scenario.endedMs ?? durationMs;
  const seconds = (endMs - scenario.elapsedMs) / 1000;
  // Of a tree without a process or without memory nothing was read.
  const samples = scenario.samples.filter(({ processCount, rssBytes }) => processCount > 0 && rssBytes > 0);
  const longestHoleMs = longestHole(samples, scenario.elapsedMs, endMs);
  const sampleCount = samples.reduce((sum, { readingCount }) => sum + (readingCount ?? 1), 0);
  const swap = swapOf(scenario);
  const facts = { peakRssBytes, peakSwapBytes: swap.peakBytes, budgetBytes, sampleCount, longestHoleMs };
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
  if (swap.peakTogetherBytes > budgetBytes) {
    const reason = `memory peaked at ${megabytes(swap.peakTogetherBytes)} with what was swapped out (up to ${megabytes(swap.peakBytes ?? 0)}), over the budget of ${megabytes(budgetBytes)}: see which phase it rose in`;
    return [{ ...finding, outcome: 'fail', reason }];
  }
  if (peakRssBytes === null || sampleCount < Math.max(1, seconds * MIN_SAMPLE_RATIO)) {
    const reason = `only ${sampleCount} memory samples in ${seconds.toFixed(0)} s: the peak may have gone by unseen`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  if (longestHoleMs > MAX_HOLE_MS) {
    const reason = `no memory sample for ${(longestHoleMs / 1000).toFixed(0)} s: the peak may have gone by unseen`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  if (runsBackwards(samples)) {
    const reason = 'the times of the memory samples run backwards: where they are missing is not known';
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  const unseen = unseenPhase(scenario, samples, endMs);
  if (unseen !== null) {
    const reason = `no memory sample in the phase "${unseen}": the peak may have gone by unseen`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  if (peakRssBytes + (swap.peakBytes ?? 0) > budgetBytes) {
    const reason = `memory peaked at ${megabytes(peakRssBytes)} and what was swapped out at ${megabytes(swap.peakBytes ?? 0)}: whether both were so high at once, over the budget of ${megabytes(budgetBytes)}, no sample shows. Measure it without swap`;
    return [{ ...finding, outcome: 'inconclusive', reason }];
  }
  const reason = `memory peaked at ${megabytes(peakRssBytes)} of ${megabytes(budgetBytes)}`;
  return [{ ...finding, outcome: 'pass', reason }];
};

/**
 * What of the tree was swapped out at most, and together with what was resident at the same moment. `peakBytes` null: not told. A peak of
 * resident memory between two samples is known (the kernel's mark), but not how much was swapped out then.
 */
export function swapOf({ samples, cycles, levels, held }: ScenarioRecord): {
  peakBytes: number | null;
  peakTogetherBytes: number;
} {
  const readings = [...samples, ...[...cycles, ...levels, ...held].map(({ reading }) => reading)];
  let [peakBytes, peakTogetherBytes]: [number | null, number] = [null, 0];
  for (const { rssBytes, swapBytes } of readings) {
    // Undefined in a journal from before it was read.
    if (typeof swapBytes !== 'number') continue;
    peakBytes = Math.max(peakBytes ?? 0, swapBytes);
    if (swapBytes > 0) peakTogetherBytes = Math.max(peakTogetherBytes, rssBytes + swapBytes);
  }
  return { peakBytes, peakTogetherBytes };
}

/**
 * The highest resident memory of the process tree, or null without a sample that holds any. The kernel's high-water mark catches peaks
 * between samples, but it reaches back to the start of the process: it counts only where it rose during this scenario
 * or where the process began with it.
 */
export function peakRss(scenario: ScenarioRecord): number | null {
  const [first, last] = [scenario.samples[0], scenario.samples.at(-1)];
  if (first === undefined || last === undefined) return null;
  const own = scenario.command !== null || (first.peakRssBytes ?? 0) < (last.peakRssBytes ?? 0);
  const { samples, cycles, levels } = scenario;
  // Not Math.max(...): a sample a second for two days are more arguments than a call can have.
  const readings = [...cycles, ...levels, ...scenario.held].map(({ reading }) => reading);
  // In a journal from before samples were thinned out, each stands for itself.
  const sampled = samples.map((sample) => ({
    ...sample,
    rssBytes: Math.max(sample.rssBytes, sample.highestRssBytes ?? 0),
  }));
  const peak = [...sampled, ...readings].reduce(
    (highest, { rssBytes, peakRssBytes }) => Math.max(highest, rssBytes, own ? (peakRssBytes ?? 0) : 0),
    0,
  );
  return peak > 0 ? peak : null;
}

function longestHole(samples: readonly SampleEntry[], beginMs: number, endMs: number): number {
  let [longest, last] = [0, beginMs];
  for (const at of [...samples.map((sample) => sample.elapsedMs), endMs]) {
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}

/** The first phase that was long enough for a sample and has none; null: each has one. */
function unseenPhase(
  { phases }: ScenarioRecord,
  samples: readonly SampleEntry[],
  endMs: number,
): string | null {
  const unseen = phases.find(({ elapsedMs }, index) => {
    const untilMs = phases[index + 1]?.elapsedMs ?? endMs;
    if (untilMs - elapsedMs < SURE_PHASE_MS) return false;
    return !samples.some((sample) => sample.elapsedMs >= elapsedMs && sample.elapsedMs < untilMs);
  });
  return unseen?.phase ?? null;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}
