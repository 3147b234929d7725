import type { Check, CycleEntry, Finding } from '../model.ts';
import { positiveControl, probeFootprint } from '../verdict/controls.ts';
import { judgePath } from '../verdict/judge-path.ts';
import { leakDelta } from '../verdict/leak-delta.ts';
import { readyTarget } from './ready-target.ts';
import { bytesInWords } from './words.ts';

/** The path on which bytes are planted. */
export const CONTROL_PATH = 'positive control';

/**
 * Whether the measurement itself can be trusted: a leak that was planted has to be found again, with the rate that it has, and
 * reading alone must leave nothing behind.
 */
export const controls: Check = (scenario, { run: { config } }) => {
  const ready = readyTarget(scenario);
  const probe = ready?.leakProbe ?? 'rss';
  // Without a target that was ready it is not known which reading decides, nor of what.
  const first = ready === undefined ? [] : scenario.cycles.filter(({ attempt }) => attempt === 0);
  const wanted = (path: string) => config.paths.length === 0 || config.paths.includes(path);
  const findings: Finding[] = [];
  const add = (subject: string, outcome: Finding['outcome'], reason: string, evidence = {}) =>
    findings.push({ check: 'controls', scenario: scenario.scenario, subject, outcome, reason, evidence });

  const idle = first.filter(({ unit }) => unit === 'second');
  if (idle.length > 0) {
    const footprint = probeFootprint(idle, probe);
    const dose = medianDose(first.filter(({ unit }) => unit === 'connection'));
    // Where no connection was made it is the rate a second that reading could falsify.
    const bearableBytes =
      dose > 0 ? leakDelta(probe, 'connection') * dose : leakDelta(probe, 'second') * medianDose(idle);
    const { lowBytes, highBytes, bytesPerReading } = footprint;
    const evidence = { bytesPerReading, lowBytes, highBytes, bearableBytes };
    if (bytesPerReading === null || highBytes === null || lowBytes === null) {
      add('reading alone', 'invalid', 'too few idle readings to tell what reading leaves behind', evidence);
    } else if (lowBytes > bearableBytes) {
      const reason = `reading the target leaves ${bytesInWords(bytesPerReading)} a reading behind: as much as a leak at the threshold would (${bytesInWords(bearableBytes)}), so no rate can be trusted`;
      add('reading alone', 'invalid', reason, evidence);
    } else {
      const reason = `reading the target leaves ${bytesInWords(lowBytes)} to ${bytesInWords(highBytes)} a reading behind; a leak at the threshold would leave ${bytesInWords(bearableBytes)}`;
      add('reading alone', 'pass', reason, evidence);
    }
  } else if (wanted('idle')) {
    add('reading alone', 'invalid', 'no idle cycle was made, so it is not known what reading leaves behind');
  }

  const planted = first.filter(({ path }) => path === CONTROL_PATH);
  const basePath = 'abrupt drop';
  if (planted.length > 0) {
    const base = first.some(({ path }) => path === basePath)
      ? judgePath({
          path: basePath,
          cycles: first,
          drains: [],
          probe,
          budgetBytes: config.budgetBytes,
          trafficPerSecond: null,
          attached: false,
          neverQuiet: false,
        })
      : null;
    const control = positiveControl(planted, probe, base);
    const { plantedPerUnitBytes, ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes } = control;
    const evidence = { plantedPerUnitBytes, ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes };
    const seen = `${bytesInWords(ratePerUnitBytes)} (${bytesInWords(lowPerUnitBytes)} to ${bytesInWords(highPerUnitBytes)})`;
    const reason =
      control.outcome === 'pass'
        ? `a planted leak of ${bytesInWords(plantedPerUnitBytes)} a connection was found again as ${seen}`
        : `a planted leak of ${bytesInWords(plantedPerUnitBytes)} a connection was read as ${seen}: what this run calls stable may not be`;
    add('planted leak', control.outcome, reason, evidence);
  } else if (probe === 'heap' && wanted(CONTROL_PATH)) {
    add(
      'planted leak',
      'invalid',
      'no leak was planted, so it is not known whether one would have been seen',
    );
  }
  return findings;
};

function medianDose(cycles: readonly CycleEntry[]): number {
  const doses = cycles
    .filter(({ plannedDose }) => plannedDose > 0)
    .map(({ landedDose }) => landedDose)
    .sort((a, b) => a - b);
  return doses[doses.length >> 1] ?? 0;
}
