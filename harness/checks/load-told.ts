import type { ScenarioRecord } from '../model.ts';
import { runsBackwards } from './in-order.ts';
import { SURE_PHASE_MS } from './memory-budget.ts';

/** How a load goes is told beside each sample but the first of a phase; a worker that is late leaves one out now and then. */
const MIN_TOLD_RATIO = 0.4;

/** Around the load, and while its streams are ended: nothing is told there. */
const NO_LOAD = new Set(['begin', 'warm-up', 'empty', 'clean-up']);

/** Why too little is known of how the load went, in words, or null: it was told all the time. */
export function untoldLoad(scenario: ScenarioRecord): string | null {
  const { loads, phases, samples } = scenario;
  if (loads.length === 0) return 'no worker told how it went';
  if (loads.every(({ plannedCount }) => plannedCount === 0)) return 'nothing was planned';
  if (loads.some(({ health }) => health.workerCount < 1)) return 'no worker process was there to make it';
  if (runsBackwards(loads)) return 'the times at which workers told of it run backwards';
  const first = phases.findIndex(({ phase }) => loads.some((entry) => entry.phase === phase));
  const last = phases.findLastIndex(({ phase }) => !NO_LOAD.has(phase));
  // The streams are ended in the last one, of which nothing is told.
  const untold = phases.slice(first < 0 ? 0 : first, last).find(({ phase, elapsedMs }, index, all) => {
    const untilMs = (all[index + 1] ?? phases[last])?.elapsedMs ?? elapsedMs;
    if (untilMs - elapsedMs < SURE_PHASE_MS) return false;
    const within = (entry: { elapsedMs: number }) =>
      entry.elapsedMs >= elapsedMs && entry.elapsedMs <= untilMs;
    const toldCount = loads.filter((entry) => entry.phase === phase && within(entry)).length;
    const sampleCount = samples.filter((sample) => sample.phase === phase && within(sample)).length;
    return toldCount < Math.max(1, MIN_TOLD_RATIO * (sampleCount - 1));
  });
  return untold === undefined
    ? null
    : `workers told too little of how it went in the phase "${untold.phase}"`;
}
