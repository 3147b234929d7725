/** A journal that others have written: hostile text in any field, and as any name of one, is refused with its line, or stays text. */
import { describe, expect, test } from 'vitest';
import { compare } from '../harness/compare/compare.ts';
import { measuredIn } from '../harness/compare/side.ts';
import { readLines } from '../harness/journal.ts';
import { parseEntry } from '../harness/journal-entry.ts';
import { judge } from '../harness/judge.ts';
import type { JournalEntry, RunRecord } from '../harness/model.ts';
import { healthyTabs, tabOf, tabs } from '../harness/testing/browser-entries.ts';
import { readingOf } from '../harness/testing/entries.ts';
import { journalOf } from '../harness/testing/examine.ts';
import { healthyRun } from '../harness/testing/records.ts';
import { comparisonMarkdown, renderComparison } from './index.ts';
import { faultIn, looks, markdownFault, none, payload } from './testing/hostile-text.ts';
import { kindOf, type LeafPath, leaves, replaced } from './testing/leaves.ts';

/** A run in which something is wrong at each place that has words for it. */
function talkativeRun(): RunRecord {
  const record = healthyRun(['reject', 'hold', 'tabs']);
  for (const scenario of record.scenarios) {
    const { scenario: name } = scenario;
    Object.assign(scenario.streams[0] ?? {}, {
      ending: 'protocol-error',
      error: 'no HTTP',
      closeReason: 'bye',
      retryAfter: '5',
    });
    Object.assign(scenario.tallies[0] ?? {}, { lastError: 'no HTTP', endings: { 'protocol-error': 1 } });
    Object.assign(scenario.requests[0] ?? {}, { problem: 'a redirect', statuses: { 200: 3, 429: 4 } });
    Object.assign(scenario.levels[1]?.reading ?? {}, readingOf({ fdCount: 90, sockets: { close_wait: 9 } }));
    scenario.gaps.push({ probe: 'rss', reason: 'it was gone', elapsedMs: 900 });
    scenario.skippedPaths.push({ path: 'rejection', reason: 'no limit' });
    scenario.error = 'it was stopped';
    scenario.target.push({
      type: 'target',
      scenario: name,
      elapsedMs: 9000,
      event: 'lost',
      attempt: 0,
      pid: 4711,
      leakProbe: 'heap',
      detail: 'it died',
    });
    if (name === 'tabs') {
      const blank = tabs((tab) => tabOf(tab, { errorCount: 1, firstError: 'no script', rowCount: 0 }));
      scenario.browser.push(...healthyTabs([]).map((entry) => ({ ...entry, tabs: blank, blankTabs: [1] })));
    }
  }
  record.skipped.push({ scenario: 'growth', proves: 'something', reason: 'no file' });
  return record;
}

const entries: JournalEntry[] = journalOf(talkativeRun());
entries.splice(3, 0, {
  type: 'environment',
  scenario: 'reject',
  elapsedMs: 10,
  attempt: 0,
  moment: 'start',
  facts: [{ name: 'container', value: 'docker', source: '/proc' }],
});

interface Forged {
  /** `stream.ending`; of a name that was forged `tally.statuses.200 (name)`. */
  place: string;
  index: number;
  line: string;
}

/** Of each type's entries the first: each of its values, and each name of one, with the payload in its place. */
function forgeries(): Forged[] {
  const seen = new Set<string>();
  return entries.flatMap((entry, index) => {
    const { type } = entry;
    if (seen.has(type)) return [];
    seen.add(type);
    const line = (value: unknown) => JSON.stringify(value);
    return leaves(entry).flatMap((path): Forged[] => [
      { place: `${type}.${kindOf(path)}`, index, line: line(replaced(entry, path, payload)) },
      { place: `${type}.${kindOf(path)} (name)`, index, line: line(renamed(entry, path)) },
    ]);
  });
}

/** A copy in which the last name on this path is the payload. */
function renamed(entry: JournalEntry, path: LeafPath): unknown {
  const at = path.findLastIndex((step) => typeof step === 'string');
  const name = path[at] as string;
  const copy = structuredClone(entry) as unknown as Record<string | number, unknown>;
  const owner = path.slice(0, at).reduce<Record<string | number, unknown>>(
    (part, step) => part[step] as Record<string | number, unknown>,
    copy,
  );
  const { [name]: value, ...others } = owner;
  for (const key of Object.keys(owner)) delete owner[key];
  Object.assign(owner, others, { [payload]: value });
  return copy;
}

function readWith({ index, line }: Forged): RunRecord {
  const reading = readLines('/runs/a/journal.ndjson');
  entries.forEach((entry, at) => reading.add(at === index ? line : JSON.stringify(entry)));
  return reading.record();
}

const all = forgeries();
const [refused, accepted] = [all.filter(isRefused), all.filter((forged) => !isRefused(forged))];
function isRefused({ line }: Forged): boolean {
  return parseEntry(line) === null;
}

test('a value that a closed set has not is refused', () => {
  const places = new Set(refused.map(({ place }) => place));
  expect([...all].filter(({ place }) => /\.(type|ending|behaviour|idScheme|unit|event|leakProbe|moment|model|label|mode|state|checks\.\*)$/.test(place)).filter(({ place }) => !places.has(place))).toEqual([]);
  console.log(all.length, accepted.length, accepted.map(({place})=>place).join(' '));
});
describe('x', () => {
  test('times', () => {
    console.time('all');
    const faults: string[] = [];
    for (const forged of accepted) {
      const record = readWith(forged);
      try {
      const report = judge(record);
      for (const [name, render, faultOf] of looks) {
        const fault = faultIn(render(report), faultOf);
        if (fault !== null) faults.push(`${forged.place}, ${name}: ${fault}`);
      }
      const run = measuredIn(record, '/runs/a');
      const side = { name: 'a', runs: [run], leftOut: [{ folder: 'b', reason: run.unusable ?? '' }] };
      const comparison = compare(side, side, []);
      for (const [text, faultOf] of [[comparisonMarkdown(comparison), markdownFault], [renderComparison(comparison, { columns: 100 }), none]] as const) {
        const fault = faultIn(text, faultOf);
        if (fault !== null) faults.push(`${forged.place}, comparison: ${fault}`);
      }
      } catch (error) { faults.push(`${forged.place}: ${(error as Error).stack}`); }
    }
    console.timeEnd('all');
    expect(faults).toEqual([]);
  });
});
