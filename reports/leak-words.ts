/** The evidence of a leak measurement in words. Nothing is decided here: what is said is in the evidence. */
import type { DoseUnit, Finding, GrowthShape, LeakEvidence, LeakState } from '../harness/model.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatInterval,
  formatLongTime,
  formatPercent,
  formatRate,
  notMeasured,
} from './format.ts';
import { cleanText, oneLine } from './text.ts';

/** One fact behind a finding, ready to print: words and value. A value may have several lines. */
export interface PrintedFact {
  label: string;
  value: string;
}

export const stateWords: Record<LeakState, string> = {
  stable: 'stable',
  leak: 'leak',
  bounded: 'bounded',
  'late-release': 'late release',
  inconclusive: 'inconclusive',
  invalid: 'invalid',
};

export const probeWords: Record<LeakEvidence['probe'], string> = {
  heap: 'live heap',
  anonymous: 'anonymous memory',
  rss: 'RSS',
};

const shapeWords: Record<GrowthShape, string> = {
  flat: 'flat: memory does not follow the work',
  line: 'a line: each unit of work adds as much as the one before',
  bend: 'a bend: it grew and then stopped',
  steps: 'steps: it grew in one or a few jumps',
  climb: 'a climb: every cycle kept more, by amounts that differ',
};

/** The unit that a path is first to be read in: what explains its growth, else what the path is made of. */
export function leadUnit({ cause, unit }: LeakEvidence): DoseUnit {
  return cause ?? unit;
}

/** The smallest rate of a unit that is called a leak on this path; null: the unit was not fitted. */
export function deltaOf(evidence: LeakEvidence, unit: DoseUnit): number | null {
  const fitted = evidence.rates.find((rate) => rate.unit === unit);
  return fitted?.deltaBytes ?? (unit === evidence.unit ? evidence.deltaBytes : null);
}

/**
 * When the rate alone fills the memory budget: `At 1 connection a second this server crosses 500 MB in 34 days; at 50 a
 * second, in 16 hours.` Null for findings that tell no such time.
 */
export function budgetSentence(finding: Finding, budgetBytes: number): string | null {
  if (finding.check !== 'memory-leak') return null;
  const { timeToBudget } = finding.evidence;
  const unit = leadUnit(finding.evidence);
  const [first, ...others] = timeToBudget;
  if (first === undefined) return null;
  const crosses = `this server crosses ${formatBytes(budgetBytes)} in ${formatLongTime(first.seconds)}`;
  if (unit === 'second') return `Whatever its clients do, ${crosses}.`;
  const plural = first.trafficPerSecond === 1 ? '' : 's';
  const parts = [
    `At ${formatCount(first.trafficPerSecond)} ${oneLine(unit)}${plural} a second ${crosses}`,
    ...others.map(
      ({ trafficPerSecond, seconds }) =>
        `at ${formatCount(trafficPerSecond)} a second, in ${formatLongTime(seconds)}`,
    ),
  ];
  return `${parts.join('; ')}.`;
}

/** `held for about 42 s, then given back`; null where nothing was waited for or nothing came back. */
export function releaseWords({ state, release }: LeakEvidence): string | null {
  if (state !== 'late-release' || release === null) return null;
  const { releasedAfterMs, waitedMs } = release;
  return releasedAfterMs === null
    ? `given back within ${formatDuration(waitedMs)}`
    : `held for about ${formatDuration(releasedAfterMs)}, then given back`;
}

export function leakFacts(evidence: LeakEvidence): PrintedFact[] {
  const { unit, confounded, residualCorrelation: correlation } = evidence;
  const facts: [label: string, value: string | null][] = [
    ['state', stateWords[evidence.state]],
    ['late release', releaseWords(evidence)],
    ['leak rate', formatRate(evidence.ratePerUnitBytes, unit)],
    [`${formatPercent(evidence.confidence)} interval`, interval(evidence)],
    ['counts as a leak above', formatRate(evidence.deltaBytes, unit)],
    ['smallest rate it could see', formatRate(evidence.detectableBytes, unit)],
    ['grows with', causeWords(evidence)],
    ['rates, fitted together', evidence.rates.length === 0 ? null : evidence.rates.map(rateLine).join('\n')],
    [
      'rates that cannot be told apart',
      confounded.length === 0 ? null : confounded.map(unitsTogether).join('\n'),
    ],
    ['shape of the growth', evidence.ratePerUnitBytes === null ? null : shapeWords[evidence.shape]],
    ['growth until it stopped', evidence.plateauBytes === null ? null : formatBytes(evidence.plateauBytes)],
    confirmationFact(evidence),
    ['after a long wait', drainWords(evidence)],
    ['measured on', probeWords[evidence.probe]],
    ['cycles', formatCount(evidence.cycleCount)],
    [`${unit}s`, formatCount(evidence.doseCount)],
    ['looks at the data', formatCount(evidence.look)],
    [
      'correlation of neighbouring residuals',
      correlation === null ? notMeasured : correlationWords(correlation),
    ],
  ];
  return facts.flatMap(([label, value]) =>
    value === null ? [] : [{ label: oneLine(label), value: cleanText(value) }],
  );
}

function interval({
  lowPerUnitBytes,
  highPerUnitBytes,
}: Pick<LeakEvidence, 'lowPerUnitBytes' | 'highPerUnitBytes'>) {
  return formatInterval(lowPerUnitBytes, highPerUnitBytes);
}

function rateLine(rate: LeakEvidence['rates'][number]): string {
  const { unit, ratePerUnitBytes, deltaBytes, doseCount } = rate;
  return `${formatRate(ratePerUnitBytes, unit)} (${interval(rate)}; leak above ${formatBytes(deltaBytes)}; ${formatCount(doseCount)} ${unit}s)`;
}

function unitsTogether(units: DoseUnit[]): string {
  return units.map((unit) => `${unit}s`).join(' and ');
}

/** What the growth goes with. Only a suspected leak has a cause, so that without one there is nothing to say of others. */
function causeWords({ cause, state, confounded }: LeakEvidence): string | null {
  if (cause === null) return state === 'leak' ? 'the cycles do not tell' : null;
  const together = confounded.find((units) => units.includes(cause));
  return together === undefined ? `${cause}s` : `${unitsTogether(together)}, which rose together`;
}

function confirmationFact({ confirmation, state, unit }: LeakEvidence): [string, string | null] {
  if (confirmation === null) return ['measured again', state === 'leak' ? 'no' : null];
  const { freshProcess, doseCount, ratePerUnitBytes } = confirmation;
  const where = freshProcess ? 'again, on a fresh process' : 'again, on the same process';
  const rate =
    ratePerUnitBytes === null
      ? 'the rate was not measured'
      : `${formatRate(ratePerUnitBytes, unit)} (${interval(confirmation)})`;
  return [where, `${stateWords[confirmation.state]}: ${rate} over ${formatCount(doseCount)} ${unit}s`];
}

function drainWords({ release }: LeakEvidence): string | null {
  if (release === null) return null;
  const { waitedMs, grownBytes, keptBytes, releasedAfterMs } = release;
  const kept = `${formatBytes(keptBytes)} of ${formatBytes(grownBytes)} were still held after ${formatDuration(waitedMs)}`;
  return releasedAfterMs === null
    ? `${kept}; nothing came back`
    : `${kept}; half of what came back did so within ${formatDuration(releasedAfterMs)}`;
}

/** Errors that follow each other make a nominal interval too narrow; above 0.3 it was widened. */
function correlationWords(correlation: number): string {
  const value = correlation.toFixed(2).replace('-', '−');
  return correlation > 0.3 ? `${value} (above 0.3: the interval is widened)` : value;
}
