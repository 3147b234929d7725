import type { Check, LoadEntry } from '../model.ts';
import { median } from '../verdict/theil-sen.ts';
import { untoldLoad } from './load-told.ts';

/**
 * Timers later than this are no accident of a busy machine: an event would be stamped that much too late. Of the intervals,
 * this part may be so bad: a collection, or a neighbour, takes one now and then.
 */
const MAX_LOOP_DELAY_MS = 100;
const MAX_BAD_RATIO = 0.2;

/** One core is all that a worker's JavaScript has; above this there is no reserve for a burst. */
const MAX_CORES = 0.9;

/** Arrivals that came late or not at all: above this the rate was not the one planned. */
const MAX_MISSED_RATIO = 0.01;

/** The processes that made the load kept up with their plan, so that what was measured is the target and not they. */
export const generatorHealth: Check = (scenario) => {
  const { loads } = scenario;
  const worst = (value: (entry: LoadEntry) => number) => Math.max(0, ...loads.map(value));
  const share = (bad: (entry: LoadEntry) => boolean) => loads.filter(bad).length / Math.max(1, loads.length);
  const last = loads.at(-1);
  const lateRatio = share(({ health }) => health.loopDelayP99Ms > MAX_LOOP_DELAY_MS);
  const busyRatio = share(({ health }) => health.busiestCores > MAX_CORES);
  const missedCount = last?.missedCount ?? 0;
  // Who came late was started all the same, and who found no room was not: only the plan has each of them once.
  const missedRatio = missedCount / Math.max(1, last?.plannedCount ?? 0);
  const evidence = {
    workerCount: last?.health.workerCount ?? 0,
    intervalCount: loads.length,
    loopDelayP99Ms: median(loads.map(({ health }) => health.loopDelayP99Ms)),
    loopDelayMaxMs: worst(({ health }) => health.loopDelayMaxMs),
    lateIntervalRatio: lateRatio,
    busiestCores: worst(({ health }) => health.busiestCores),
    busyIntervalRatio: busyRatio,
    missedCount,
    missedRatio,
    rssBytes: worst(({ health }) => health.rssBytes),
    rssPerStreamBytes: perStream(loads),
    heapUsedBytes: worst(({ health }) => health.heapUsedBytes),
  };
  const finding = { check: 'generator-health', scenario: scenario.scenario, subject: '', evidence } as const;
  const untold =
    untoldLoad(scenario) ??
    (loads.some(({ health }) => health.rssBytes <= 0) ? 'its workers used no memory' : null);
  if (untold !== null) {
    const reason = `it is not known whether the load was what was planned: ${untold}`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  const troubles = [
    lateRatio > MAX_BAD_RATIO &&
      `its event loop was more than ${MAX_LOOP_DELAY_MS} ms late in ${percent(lateRatio)} of the time`,
    busyRatio > MAX_BAD_RATIO && `a worker used ${evidence.busiestCores.toFixed(2)} cores of one`,
    missedRatio > MAX_MISSED_RATIO &&
      `${missedCount} arrivals (${percent(missedRatio)}) came late or not at all`,
  ].filter((trouble) => trouble !== false);
  if (troubles.length > 0) {
    const reason = `hydrotest itself was the bottleneck: ${troubles.join(', ')}. Latencies and rates are not the target's alone: use more --workers, fewer streams, or a quieter machine`;
    return [{ ...finding, outcome: 'inconclusive', reason }];
  }
  const reason = `${evidence.workerCount} worker ${evidence.workerCount === 1 ? 'process' : 'processes'} kept up: at most ${evidence.busiestCores.toFixed(2)} cores, event loop ${evidence.loopDelayP99Ms.toFixed(1)} ms late (p99), ${missedCount} arrivals missed`;
  return [{ ...finding, outcome: 'pass', reason }];
};

/** What a held stream costs the workers, where most are held; null: none was. */
function perStream(loads: LoadEntry[]): number | null {
  const fullest = loads.toSorted((a, b) => b.heldCount - a.heldCount)[0];
  if (fullest === undefined || fullest.heldCount === 0) return null;
  return (fullest.health.rssBytes - fullest.health.emptyRssBytes) / fullest.heldCount;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`;
}
