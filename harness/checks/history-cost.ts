import type { Check, ScenarioRecord } from '../model.ts';
import { median } from '../verdict/theil-sen.ts';
import { megabytes, SURE_PHASE_MS } from './memory-budget.ts';

/** Replaying 1,000 events costs a few MB of buffers on any server; a history that is read whole costs its whole size. */
const MAX_EXTRA_BYTES = 64e6;

/** A file read whole takes some 100 times longer when it is 10,000 times larger; 5 leaves room for a busy machine. */
const MAX_TIME_RATIO = 5;

/** Below this the ratio of two times is noise. */
const FREE_TIME_MS = 250;

/** Connecting to a workflow with a huge history costs what it costs with a small one. */
export const historyCost: Check = (scenario) => {
  const small = firstEventMs(scenario, 'small history');
  const large = firstEventMs(scenario, 'large history');
  const { before, after } = peaks(scenario);
  const evidence = {
    smallFirstEventMs: small,
    largeFirstEventMs: large,
    peakBeforeBytes: before,
    peakAfterBytes: after,
    maxExtraBytes: MAX_EXTRA_BYTES,
    maxTimeRatio: MAX_TIME_RATIO,
    largeHistoryBytes: scenario.feeds
      .filter(({ phase }) => phase === 'write large history')
      .reduce((sum, { byteCount }) => sum + byteCount, 0),
  };
  const finding = { check: 'history-cost', scenario: scenario.scenario, subject: '', evidence } as const;
  const extra = before === null || after === null ? null : after - before;
  const problems: string[] = [];
  if (extra !== null && extra > MAX_EXTRA_BYTES)
    problems.push(`memory peaked ${megabytes(extra)} higher than with a small one`);
  if (small !== null && large !== null && large > Math.max(small * MAX_TIME_RATIO, small + FREE_TIME_MS)) {
    problems.push(`the first event took ${large.toFixed(0)} ms instead of ${small.toFixed(0)} ms`);
  }
  const unanswered = scenario.streams.filter(
    ({ phase, firstEventMs }) => phase === 'large history' && firstEventMs === null,
  ).length;
  if (small !== null && unanswered > 0) problems.push(`${unanswered} streams got no event at all`);
  const size = megabytes(evidence.largeHistoryBytes);
  if (problems.length > 0) {
    const reason = `with a history of ${size} ${problems.join(', ')}: read the last events backwards from the end of the file`;
    return [{ ...finding, outcome: 'fail', reason }];
  }
  if (extra === null || small === null || large === null) {
    return [{ ...finding, outcome: 'invalid', reason: 'the cost of a large history was not measured' }];
  }
  // Even held in memory whole, it would have stayed below the threshold.
  if (evidence.largeHistoryBytes <= MAX_EXTRA_BYTES) {
    const reason = `a history of ${size} is too small to show what a large one costs`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  const reason = `with a history of ${size} the first event took ${large.toFixed(0)} ms (small: ${small.toFixed(0)} ms) and memory peaked ${megabytes(extra)} higher`;
  return [{ ...finding, outcome: 'pass', reason }];
};

function firstEventMs(scenario: ScenarioRecord, phase: string): number | null {
  const times = scenario.streams
    .filter((stream) => stream.phase === phase)
    .map((stream) => stream.firstEventMs);
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : median(known);
}

/**
 * Memory at the first and at the last reading of the large replay, which are null where there are not two.
 *
 * The kernel's high-water mark where there is one: a history that is read and dropped at once shows in it alone. Where
 * it stands far above the memory in use, because the target had a higher peak long ago, it would not move, and hides it.
 */
function peaks(scenario: ScenarioRecord): { before: number | null; after: number | null } {
  const samples = scenario.samples.filter(({ phase, rssBytes }) => phase === 'large history' && rssBytes > 0);
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || first === last) return { before: null, after: null };
  // The phase ends with a sample: without it, nobody looked when the replay was over.
  const index = scenario.phases.findIndex(({ phase }) => phase === 'large history');
  const endMs = scenario.phases[index + 1]?.elapsedMs ?? last.elapsedMs;
  if (endMs - last.elapsedMs >= SURE_PHASE_MS) return { before: null, after: null };
  const { rssBytes, peakRssBytes } = first;
  if (peakRssBytes !== null && last.peakRssBytes !== null && peakRssBytes - rssBytes <= MAX_EXTRA_BYTES) {
    return { before: peakRssBytes, after: last.peakRssBytes };
  }
  const earlier = scenario.samples.filter(({ phase }) => phase === 'small history');
  const highest = (some: typeof samples) => Math.max(...some.map((sample) => sample.rssBytes));
  return { before: highest([...earlier, first]), after: highest(samples) };
}
