/** Findings as words: their titles, and their evidence as labels and values that are ready to print. */
import type { Facts, Finding, LeakFinding, Report } from '../harness/model.ts';
import { formatBytes, formatCount, formatDuration, notMeasured } from './format.ts';
import { leakFacts, type PrintedFact } from './leak-words.ts';
import { cleanText, oneLine } from './text.ts';

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

/** `memory-leak: abrupt drop`, or the check alone where it says it all. Not escaped. */
export function findingTitle(finding: Finding): string {
  const subject = oneLine(finding.subject);
  const check = oneLine(finding.check);
  return subject === '' ? check : `${check}: ${subject}`;
}

/** Every leak measurement of a report, in the order of the run. */
export function leakFindings(report: Report): LeakFinding[] {
  return report.scenarios
    .flatMap((scenario) => scenario.findings)
    .filter((finding): finding is LeakFinding => finding.check === 'memory-leak');
}
