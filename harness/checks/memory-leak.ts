import type { Check, CycleEntry, LeakEvidence, LeakFinding, Outcome } from '../model.ts';
import { estimateLeak, hasLanded, type LeakProbe } from '../verdict/estimate-leak.ts';

const OUTCOMES: Record<LeakEvidence['state'], Outcome> = {
  stable: 'pass',
  bounded: 'pass',
  leak: 'fail',
  inconclusive: 'inconclusive',
  invalid: 'invalid',
};

/** For each path that the scenario measured: does a unit of work leave bytes behind? */
export const memoryLeak: Check = (scenario) => {
  const ready = scenario.target.find(({ event }) => event === 'ready');
  const probe: LeakProbe = ready?.leakProbe ?? 'rss';
  const paths = new Map<string, CycleEntry[]>();
  for (const cycle of scenario.cycles) {
    const cycles = paths.get(cycle.path);
    if (cycles === undefined) paths.set(cycle.path, [cycle]);
    else cycles.push(cycle);
  }
  // A scenario that was to measure a leak and journalled no cycle at all measured nothing.
  if (paths.size === 0) paths.set('', []);
  return [...paths].map(([path, cycles]): LeakFinding => {
    // Without a target that was ready it is not known which reading decides, nor of what.
    const evidence = estimateLeak(ready === undefined ? [] : cycles, probe);
    return {
      check: 'memory-leak',
      scenario: scenario.scenario,
      subject: path,
      outcome: OUTCOMES[evidence.state],
      reason: explain(evidence, cycles),
      evidence,
    };
  });
};

function explain(leak: LeakEvidence, cycles: CycleEntry[]): string {
  const { unit, deltaBytes, lowPerUnitBytes: low, highPerUnitBytes: high, ratePerUnitBytes: rate } = leak;
  const confidence = `${(leak.confidence * 100).toFixed(1)} %`;
  const one = unit === 'event' ? 'an event' : `a ${unit}`;
  const interval = `${bytes(low)} to ${bytes(high)}, ${confidence}`;
  switch (leak.state) {
    case 'stable':
      return `keeps less than ${bytes(high)} ${one} (${confidence}), over ${leak.doseCount} ${unit}s`;
    case 'leak':
      return `keeps ${bytes(rate)} ${one} for ever (${interval}): look for what ${one} on this path adds and nothing removes`;
    case 'bounded':
      return `grew by ${bytes(rate)} ${one} at first and then stopped, as a cache or a pool does`;
    case 'inconclusive':
      return `the rate of ${bytes(rate)} ${one} (${interval}) cannot be told from the threshold of ${bytes(deltaBytes)} after ${leak.look} looks: run it again with less other load`;
    case 'invalid':
      return `not measured: ${whyNotMeasured(leak, cycles)}`;
  }
}

function whyNotMeasured({ unit, cycleCount }: LeakEvidence, cycles: CycleEntry[]): string {
  const failed = cycles.find((cycle) => !hasLanded(cycle));
  if (failed !== undefined) {
    const { landedDose, plannedDose } = failed;
    return `in cycle ${cycles.indexOf(failed) + 1} only ${landedDose} of ${plannedDose} ${unit}s did what they should`;
  }
  const counted = cycles.filter((cycle) => !cycle.warmup);
  const unsettled = counted.filter((cycle) => !cycle.reading.settled).length;
  return `${counted.length} cycles were made and ${cycleCount} readings can be used (${unsettled} did not settle)`;
}

function bytes(value: number | null): string {
  if (value === null) return '?';
  if (Math.abs(value) >= 1000) return `${(value / 1000).toFixed(2)} kB`;
  return `${value.toFixed(Math.abs(value) < 100 ? 1 : 0)} B`;
}
