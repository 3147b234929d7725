import type {
  Check,
  CycleEntry,
  DoseUnit,
  LeakEvidence,
  LeakFinding,
  Outcome,
  ScenarioRecord,
} from '../model.ts';
import { hasLanded, type LeakProbe, MIN_CYCLES, mayBeGarbage } from '../verdict/estimate-leak.ts';
import { judgePath } from '../verdict/judge-path.ts';
import { CONTROL_PATH } from './controls.ts';
import { readyTarget } from './ready-target.ts';
import { bytesInWords, oneOf } from './words.ts';

const OUTCOMES: Record<LeakEvidence['state'], Outcome> = {
  stable: 'pass',
  bounded: 'pass',
  'late-release': 'pass',
  leak: 'fail',
  inconclusive: 'inconclusive',
  invalid: 'invalid',
};

/** For each path that the scenario measured: does a unit of work leave bytes behind? */
export const memoryLeak: Check = (scenario, { run: { config } }) => {
  const ready = readyTarget(scenario);
  const probe: LeakProbe = ready?.leakProbe ?? 'rss';
  // Planted bytes are a control, not a path of the target's: see controls.ts.
  const cycles = scenario.cycles.filter(({ path }) => path !== CONTROL_PATH);
  // Each path that the scenario was to measure has been measured, or was skipped for a reason that the report gives.
  const skipped = new Set(scenario.skippedPaths.map(({ path }) => path));
  const asked = scenario.paths.filter(
    (path) => path !== CONTROL_PATH && (config.paths.length === 0 || config.paths.includes(path)),
  );
  const paths = new Set([...asked.filter((path) => !skipped.has(path)), ...cycles.map(({ path }) => path)]);
  // Without a name of what was to be measured, nothing says that it was.
  if (paths.size === 0 && scenario.paths.length === 0) paths.add('');
  // In the middle of the wait, what is still there may come back yet.
  const drains = isStillWaiting(scenario)
    ? scenario.drains.filter(({ moment }) => moment === 'before')
    : scenario.drains;
  return [...paths].map((path): LeakFinding => {
    const own = cycles.filter((cycle) => cycle.path === path);
    const judged = judgePath({
      path,
      // Without a target that was ready it is not known which reading decides, nor of what.
      cycles: ready === undefined ? [] : cycles,
      drains,
      probe,
      budgetBytes: config.budgetBytes,
      trafficPerSecond: config.trafficPerSecond,
      attached: config.target.mode !== 'spawn',
      neverQuiet: own.some(({ quiet }) => !quiet),
    });
    const evidence: LeakEvidence = isStandingStill(own, probe) ? { ...judged, state: 'invalid' } : judged;
    return {
      check: 'memory-leak',
      scenario: scenario.scenario,
      subject: path,
      outcome: OUTCOMES[evidence.state],
      reason: explain(evidence, own),
      evidence,
    };
  });
};

/** To accept, answer and close a connection takes the kernel alone some 20 µs, and CPU time is told in steps of 10 ms. */
const SURE_WORK = 5000;

/**
 * The processes that were read did nothing at all while the work was done: they are not those that serve, or the reading is an
 * old one again and again. A collection costs CPU time even where there was no work.
 */
function isStandingStill(cycles: readonly CycleEntry[], probe: LeakProbe): boolean {
  const counted = cycles.filter(({ warmup }) => !warmup);
  const workCount = counted.reduce((sum, { doses }) => sum + doses.connection + doses.rejection, 0);
  if (counted.length < MIN_CYCLES || (probe !== 'heap' && workCount < SURE_WORK)) return false;
  return counted.every(({ reading }) => reading.cpuMs === counted[0]?.reading.cpuMs);
}

/** The scenario has not ended, or not by itself, and no phase began behind its last look at what comes back late. */
function isStillWaiting({ endedMs, error, phases, drains }: ScenarioRecord): boolean {
  const last = drains.at(-1);
  if (last === undefined || (endedMs !== null && error === null)) return false;
  return phases.every(({ elapsedMs }) => elapsedMs <= last.elapsedMs);
}

function explain(leak: LeakEvidence, cycles: CycleEntry[]): string {
  const { unit, lowPerUnitBytes: low, highPerUnitBytes: high, ratePerUnitBytes: rate } = leak;
  const confidence = `${(leak.confidence * 100).toFixed(1)} %`;
  const one = oneOf(unit);
  const interval = `${bytesInWords(low)} to ${bytesInWords(high)}, ${confidence}`;
  switch (leak.state) {
    case 'stable':
      return `keeps less than ${bytesInWords(high)} ${one} (${confidence}), over ${Math.round(leak.doseCount)} ${unit}s`;
    case 'leak':
      return `keeps ${bytesInWords(rate)} ${one} for ever (${interval})${confirmed(leak)}: look for what ${lookFor(leak)} and nothing removes`;
    case 'bounded':
      return `grew by ${bytesInWords(leak.plateauBytes)} at first and then stopped, as a cache or a pool does`;
    case 'late-release':
      return `held ${bytesInWords(rate)} ${one} for some time and gave it back${released(leak)}: no leak, but memory in use grows with the traffic of that time`;
    case 'inconclusive':
      return undecided(leak, interval);
    case 'invalid':
      return `not measured: ${whyNotMeasured(leak, cycles)}`;
  }
}

function confirmed({ confirmation, release }: LeakEvidence): string {
  if (confirmation === null) return '';
  const where = confirmation.freshProcess ? 'on a fresh process' : 'by measuring it again';
  const waited =
    release === null ? '' : `; ${Math.round(release.waitedMs / 1000)} s later it was still there`;
  return `, confirmed ${where}${waited}`;
}

const ADDED_BY: Record<DoseUnit, string> = {
  connection: 'a connection on this path adds',
  event: 'an event on this path adds',
  rejection: 'a rejection adds',
  second: 'a timer adds as time passes',
};

function lookFor({ cause, unit }: LeakEvidence): string {
  return ADDED_BY[cause ?? unit];
}

function released({ release }: LeakEvidence): string {
  return release?.releasedAfterMs === null || release === null
    ? ''
    : ` within ${Math.round(release.releasedAfterMs / 1000)} s`;
}

function undecided(leak: LeakEvidence, interval: string): string {
  const { confirmation, deltaBytes, release, unit, ratePerUnitBytes, lowPerUnitBytes } = leak;
  const one = oneOf(unit);
  const rate = `the rate of ${bytesInWords(ratePerUnitBytes)} ${one} (${interval})`;
  if (confirmation !== null && confirmation.state !== 'leak') {
    const where = confirmation.freshProcess ? 'a fresh process' : 'the second measurement';
    return `${rate} looks like a leak, but ${where} did not show it (${confirmation.state}, ${bytesInWords(confirmation.ratePerUnitBytes)} ${one}): run it again with less other load`;
  }
  const span = (leak.points.at(-1)?.dose ?? 0) - (leak.points[0]?.dose ?? 0);
  const grownBytes = (ratePerUnitBytes ?? 0) * span;
  if ((lowPerUnitBytes ?? 0) > deltaBytes && mayBeGarbage(leak.probe, grownBytes)) {
    return `${rate} looks like a leak, but ${bytesInWords(grownBytes)} may be garbage, which cannot be collected from here: for a Node.js server leave out --no-inspect, otherwise run this path alone for longer`;
  }
  if (confirmation === null && (lowPerUnitBytes ?? 0) > deltaBytes) {
    return `${rate} looks like a leak, but it could not be confirmed: see the gaps of this scenario`;
  }
  if (confirmation !== null) {
    const where = confirmation.freshProcess ? 'on a fresh process too' : 'when it was measured again';
    const open =
      release === null
        ? 'it was not waited for what is released late: see the gaps of this scenario'
        : `of ${bytesInWords(release.grownBytes)} only ${bytesInWords(release.keptBytes)} were still there ${Math.round(release.waitedMs / 1000)} s later, which is too near to the threshold of ${bytesInWords(deltaBytes)}: run it again with a longer --grace`;
    return `${rate} looks like a leak, ${where}, but ${open}`;
  }
  if (leak.shape === 'bend' || leak.shape === 'steps') {
    return `${rate} comes in ${leak.shape === 'bend' ? 'a rise that may have stopped' : 'steps'} and cannot be told from a cache that fills: run this path alone for longer`;
  }
  return `${rate} cannot be told from the threshold of ${bytesInWords(deltaBytes)} after ${leak.look} looks: run it again with less other load`;
}

function whyNotMeasured({ unit, cycleCount, probe }: LeakEvidence, cycles: CycleEntry[]): string {
  const failed = cycles.find((cycle) => !hasLanded(cycle));
  if (failed !== undefined) {
    const { landedDose, plannedDose } = failed;
    return `in cycle ${cycles.indexOf(failed) + 1} only ${landedDose} of ${plannedDose} ${unit}s did what they should`;
  }
  if (cycles.some(({ sameProcesses }) => !sameProcesses)) {
    return 'the processes of the target changed while it was measured';
  }
  const counted = cycles.filter((cycle) => !cycle.warmup);
  if (isStandingStill(cycles, probe)) {
    return `the processes that were read used no CPU time in ${counted.length} cycles: are they those that serve? Give the --pid or --port of the server itself`;
  }
  const unsettled = counted.filter((cycle) => !cycle.reading.settled).length;
  return `${counted.length} cycles were made and ${cycleCount} readings can be used (${unsettled} did not settle)`;
}
