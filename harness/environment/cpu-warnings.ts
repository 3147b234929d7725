import { affected, numberIn, percent, type Rule, seconds } from './sightings.ts';

/** The 99th percentile is reported: from 1 % of lost time on it is the loss's, and twice that is no rounding of ticks. */
const STEAL_RATIO = 0.02;
const THROTTLED_RATIO = 0.01;

/** Of all CPUs: with a quarter of them busy with something else, threads of target and harness wait for one another. */
const OTHER_LOAD_RATIO = 0.25;

/** Waiting for a disk is normal while a log is read once; this is not once. */
const IO_PRESSURE_RATIO = 0.25;

/** Two readings of two clocks lie less than 1 ms apart; daemons step a clock by 100 ms and more, and slew it by less. */
const CLOCK_STEP_MS = 50;

/** Which Node hydrotest's own tests run on (the devDependency `node`). */
export const TESTED_NODE_MAJOR = 24;

const cpuThrottled: Rule = (sightings) => {
  const ratioOf = ({ facts }: (typeof sightings)[number]) => {
    const [count, periods] = [numberIn(facts, 'throttledPeriodCount'), numberIn(facts, 'quotaPeriodCount')];
    return count === null || periods === null || periods === 0 ? null : count / periods;
  };
  const found = affected(sightings, (sighting) => {
    const ratio = ratioOf(sighting) ?? 0;
    return ratio >= THROTTLED_RATIO ? ratio : null;
  });
  if (found === null) return null;
  const { facts } = found.worst;
  const quota = numberIn(facts, 'cpuQuotaCores');
  return {
    warning: 'cpu-throttled',
    scenarios: found.scenarios,
    seen: `the target's CPU quota${quota === null ? '' : ` of ${Number(quota.toFixed(2))} cores`} stopped it in ${percent(ratioOf(found.worst) ?? 0)} of its periods, ${seconds(numberIn(facts, 'throttledMs') ?? 0)} in all`,
    effect:
      'each time it answers nothing until the next period: latencies, deadlines and the time to clean up are those of the quota',
    remedy: 'raise the quota, or know that production has the same',
    checks: ['responsiveness', 'timeout-close', 'cleanup'],
  };
};

const cpuSet: Rule = (sightings, record) => {
  const online = numberIn(record.run.environment.facts ?? [], 'onlineCpuCount');
  const found = affected(sightings, ({ facts }) => {
    const allowed = numberIn(facts, 'allowedCpuCount');
    return allowed === null || online === null ? null : online - allowed;
  });
  if (found === null) return null;
  return {
    warning: 'cpu-set',
    scenarios: found.scenarios,
    seen: `the target may run on ${numberIn(found.worst.facts, 'allowedCpuCount')} of ${online} CPUs (cpuset or taskset)`,
    effect:
      'its threads, those that collect garbage too, share them: latencies are higher than on the whole machine, and pools that are sized by CPUs are smaller',
    remedy: 'compare only with runs that have as many',
    checks: ['responsiveness', 'memory-budget'],
  };
};

const otherLoad: Rule = (sightings, { run }) => {
  const cpuCount = Math.max(
    1,
    numberIn(run.environment.facts ?? [], 'onlineCpuCount') ?? run.environment.cpuCount,
  );
  const found = affected(sightings, ({ facts }) => {
    const ratio = (numberIn(facts, 'otherCores') ?? 0) / cpuCount;
    return ratio >= OTHER_LOAD_RATIO ? ratio : null;
  });
  if (found === null) return null;
  const { facts } = found.worst;
  const waited = numberIn(facts, 'cpuPressureRatio');
  return {
    warning: 'other-load',
    scenarios: found.scenarios,
    seen: `other programs used ${(numberIn(facts, 'otherCores') ?? 0).toFixed(2)} of ${cpuCount} cores while it was measured${waited === null ? '' : `; in ${percent(waited)} of the time something waited for a CPU`}`,
    effect: 'latencies, deadlines and the load itself may be late because of them',
    remedy: 'close them, or measure on a machine of its own; memory figures stand',
    checks: ['responsiveness', 'generator-health', 'timeout-close', 'load-held'],
  };
};

const steal: Rule = (sightings) => {
  const found = affected(sightings, ({ facts }) => {
    const ratio = numberIn(facts, 'stealRatio') ?? 0;
    return ratio >= STEAL_RATIO ? ratio : null;
  });
  if (found === null) return null;
  return {
    warning: 'steal',
    scenarios: found.scenarios,
    seen: `the hypervisor gave ${percent(numberIn(found.worst.facts, 'stealRatio') ?? 0)} of this machine's CPU time to others`,
    effect: 'all that is timed may be late by that: the 99th percentile first',
    remedy: 'measure on a machine with CPUs of its own; memory figures stand',
    checks: ['responsiveness', 'generator-health', 'timeout-close'],
  };
};

const ioPressure: Rule = (sightings) => {
  const found = affected(sightings, ({ facts }) => {
    const ratio = numberIn(facts, 'ioPressureRatio') ?? 0;
    return ratio >= IO_PRESSURE_RATIO ? ratio : null;
  });
  if (found === null) return null;
  return {
    warning: 'io-pressure',
    scenarios: found.scenarios,
    seen: `in ${percent(numberIn(found.worst.facts, 'ioPressureRatio') ?? 0)} of the time something on this machine waited for a disk`,
    effect: 'a target that reads or writes files is late because of it',
    remedy: 'close what uses the disk, or put the data on another',
    checks: ['responsiveness', 'history-cost'],
  };
};

const clockStep: Rule = (sightings) => {
  const found = affected(sightings, ({ facts }) => {
    const step = Math.abs(numberIn(facts, 'clockStepMs') ?? 0);
    return step >= CLOCK_STEP_MS ? step : null;
  });
  if (found === null) return null;
  const step = numberIn(found.worst.facts, 'clockStepMs') ?? 0;
  return {
    warning: 'clock-step',
    scenarios: found.scenarios,
    seen: `the wall clock was set ${step < 0 ? 'back' : 'forward'} by ${Math.abs(step)} ms, or the machine slept`,
    effect:
      'events that were under way then seem that much faster or slower (--event-time); all else is timed by the monotonic clock',
    remedy: 'take the latencies of events from another run',
    checks: [],
  };
};

const harnessNode: Rule = (_, { run }) => {
  const major = Number(/^v?(\d+)/.exec(run.environment.nodeVersion)?.[1] ?? TESTED_NODE_MAJOR);
  if (major >= TESTED_NODE_MAJOR) return null;
  return {
    warning: 'harness-node',
    scenarios: [],
    seen: `hydrotest ran on Node ${run.environment.nodeVersion}, and its own tests run on ${TESTED_NODE_MAJOR}`,
    effect:
      'whether its clients let go of all that they open has not been checked on that version: sockets that are left behind may be their doing',
    remedy: `run it with Node ${TESTED_NODE_MAJOR}; the target may have any`,
    checks: ['cleanup', 'generator-health'],
  };
};

export const cpuRules: Rule[] = [cpuThrottled, otherLoad, steal, cpuSet, ioPressure, clockStep, harnessNode];
