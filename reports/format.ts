/**
 * How this folder writes numbers. Units are decimal everywhere: 1 kB is 1,000 bytes, 1 MB is 1,000,000, so that a
 * budget of 500 MB is 500,000,000 bytes. Reports say so once, with `unitsNote`.
 */
import type {
  DoseUnit,
  Facts,
  Finding,
  LeakEvidence,
  LeakFinding,
  Outcome,
  Report,
} from '../harness/model.ts';
import { cleanText, oneLine } from './text.ts';

export const unitsNote = 'Units are decimal: 1 kB = 1,000 bytes, 1 MB = 1,000,000 bytes.';

/** What stands where nothing could be read. */
export const notMeasured = 'not measured';

export const outcomeSymbols: Record<Outcome, string> = {
  pass: '✔',
  fail: '✖',
  inconclusive: '?',
  invalid: '!',
};

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });

/** Three significant digits at most, without trailing zeros: 83.4, 500, 1.25, 5. */
function threeDigits(value: number): string {
  const magnitude = Math.abs(value);
  const decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2;
  return String(Number(value.toFixed(decimals)));
}

const minus = (text: string) => text.replace(/^-/, '−');

/** Bytes in B, kB, MB, GB or TB, to three significant digits. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return notMeasured;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  // 999.5 would be written as 1000: the next unit says it shorter.
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${minus(threeDigits(value))} ${units[unit]}`;
}

/** Milliseconds as people say them: `3.2 ms`, `850 ms`, `12.4 s`, `2 min 41 s`, `1 h 5 min`. */
export function formatDuration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return notMeasured;
  if (ms < 0) return `−${formatDuration(-ms)}`;
  if (ms < 999.5) return `${threeDigits(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return joined(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  return joined(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** A plain number with thousands separators and at most two decimals. */
export function formatCount(count: number | null): string {
  return count === null || !Number.isFinite(count) ? notMeasured : minus(grouped.format(count));
}

/** Bytes kept for ever by one unit of work: `12.4 B per connection`. */
export function formatRate(bytes: number | null, unit: DoseUnit): string {
  return bytes === null ? notMeasured : `${formatBytes(bytes)} per ${unit}`;
}

export function formatInterval({ lowPerUnitBytes: low, highPerUnitBytes: high }: LeakEvidence): string {
  return low === null || high === null ? notMeasured : `${formatBytes(low)} to ${formatBytes(high)}`;
}

/** 0.95 → `95 %`. */
export function formatPercent(ratio: number): string {
  return `${grouped.format(ratio * 100)} %`;
}

/** One fact behind a finding, ready to print: words and value. */
export interface PrintedFact {
  label: string;
  value: string;
}

const acronyms: Record<string, string> = {
  rss: 'RSS',
  pss: 'PSS',
  cpu: 'CPU',
  tcp: 'TCP',
  http: 'HTTP',
  url: 'URL',
  pid: 'PID',
  v8: 'V8',
};
// Words before `Count` that are no nouns: `openCount` is "open", but `openStreamCount` is "open streams".
const noNoun =
  /(?:ed|ing|s|open|held|lost|left|sent|kept|limit|wrong|other|silent|in|out|too|over|before|after|max|min)$/;

// `endedByServerCount` counts what was ended, not servers.
const preposition = /^(?:by|with|without|after|before|of|at|from)$/;

/** A key of `Facts` as words: `peakRssBytes` → `peak RSS`, `openStreamCount` → `open streams`. */
export function factLabel(key: string): string {
  const unit = /(?<=.)(?:Bytes|Ms|Count|Ratio)$/.exec(key)?.[0] ?? '';
  const words = oneLine(unit === '' ? key : key.slice(0, -unit.length))
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[\s_-]+/)
    .map((word) => word.toLowerCase());
  if (unit === 'Count' && !words.some((word) => preposition.test(word)))
    words.push(plural(words.pop() ?? ''));
  const text = words.map((word) => acronyms[word] ?? word).join(' ');
  return unit === 'Ratio' ? `${text} ratio` : text;
}

function plural(word: string): string {
  if (noNoun.test(word) && !word.endsWith('process')) return word;
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(?:s|x|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}

/** A value of `Facts` with the unit that its key ends in. Text keeps its line feeds and is not escaped. */
export function factValue(key: string, value: Facts[string]): string {
  if (value === null || value === undefined) return notMeasured;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return cleanText(value);
  if (key.endsWith('Bytes')) return formatBytes(value);
  if (key.endsWith('Ms')) return formatDuration(value);
  // Without a unit it may be a name, such as a process id or a port, which has no thousands separators.
  return key.endsWith('Count') || !Number.isInteger(value) ? formatCount(value) : String(value);
}

/** The evidence of a finding as printable facts, in a fixed order for leaks, else in the order of the check. */
export function evidenceFacts(finding: Finding): PrintedFact[] {
  if (finding.check === 'memory-leak') return leakFacts(finding.evidence);
  return Object.entries(finding.evidence).map(([key, value]) => ({
    label: factLabel(key),
    value: factValue(key, value),
  }));
}

function leakFacts(evidence: LeakEvidence): PrintedFact[] {
  return [
    { label: 'state', value: evidence.state },
    { label: 'leak rate', value: formatRate(evidence.ratePerUnitBytes, evidence.unit) },
    { label: `${formatPercent(evidence.confidence)} interval`, value: formatInterval(evidence) },
    { label: 'counts as a leak above', value: formatRate(evidence.deltaBytes, evidence.unit) },
    { label: 'smallest rate it could see', value: formatRate(evidence.detectableBytes, evidence.unit) },
    { label: 'measured on', value: probeWords[evidence.probe] },
    { label: 'cycles', value: formatCount(evidence.cycleCount) },
    { label: plural(evidence.unit), value: formatCount(evidence.doseCount) },
    { label: 'looks at the data', value: formatCount(evidence.look) },
  ];
}

export const probeWords: Record<LeakEvidence['probe'], string> = {
  heap: 'live heap',
  anonymous: 'anonymous memory',
  rss: 'RSS',
};

/** `memory-leak: abrupt drop`, or the check alone where it says it all. Not escaped. */
export function findingTitle(finding: Finding): string {
  const subject = oneLine(finding.subject);
  return subject === '' ? finding.check : `${finding.check}: ${subject}`;
}

/** Every leak measurement of a report, in the order of the run. */
export function leakFindings(report: Report): LeakFinding[] {
  return report.scenarios
    .flatMap((scenario) => scenario.findings)
    .filter((finding): finding is LeakFinding => finding.check === 'memory-leak');
}

/** `9 passed · 2 failed`: outcomes of the findings, without those that did not occur. */
export function formatCounts(counts: Record<Outcome, number>): string {
  const words: [Outcome, string][] = [
    ['pass', 'passed'],
    ['fail', 'failed'],
    ['inconclusive', 'inconclusive'],
    ['invalid', 'invalid'],
  ];
  const present = words.filter(([outcome]) => counts[outcome] > 0);
  return present.length === 0
    ? 'no findings'
    : present.map(([outcome, word]) => `${formatCount(counts[outcome])} ${word}`).join(' · ');
}

/** The sentence of the banner that tells of an incomplete run. */
export const incompleteNote =
  'This run did not come to its end: it was interrupted, or its journal ends early. What follows is what was measured until then.';
