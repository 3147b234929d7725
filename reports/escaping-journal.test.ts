/** A journal that others have written: hostile text in any field, and as any name of one, is refused with its line, or stays text. */
import { expect, test } from 'vitest';
import { compare } from '../harness/compare/compare.ts';
import { measuredIn } from '../harness/compare/side.ts';
import { readLines } from '../harness/journal.ts';
import { lineOf, parseLine } from '../harness/journal-entry.ts';
import { judge } from '../harness/judge.ts';
import type { JournalEntry, RunRecord } from '../harness/model.ts';
import { healthyTabs, tabOf, tabs } from '../harness/testing/browser-entries.ts';
import { readingOf } from '../harness/testing/entries.ts';
import { journalOf } from '../harness/testing/examine.ts';
import { faultIn, looks, markdownFault, none, payload } from '../harness/testing/hostile-text.ts';
import { healthyRun } from '../harness/testing/records.ts';
import { comparisonMarkdown, renderComparison } from './index.ts';
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
      listens: true,
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
  /** Puts the payload in its place, in a copy. */
  forge(entry: JournalEntry): JournalEntry;
}

/** Of each type's entries the first: each of its values, and each name of one. */
function forgeries(): Forged[] {
  const seen = new Set<string>();
  return entries.flatMap((entry, index) => {
    const { type } = entry;
    if (seen.has(type)) return [];
    seen.add(type);
    return leaves(entry).flatMap((path): Forged[] => [
      { place: `${type}.${kindOf(path)}`, index, forge: (copy) => replaced(copy, path, payload) },
      { place: `${type}.${kindOf(path)} (name)`, index, forge: (copy) => renamed(copy, path) },
    ]);
  });
}

/** A copy in which the last name on this path is the payload. */
function renamed(entry: JournalEntry, path: LeafPath): JournalEntry {
  const at = path.findLastIndex((step) => typeof step === 'string');
  const name = path[at] as string;
  const copy = structuredClone(entry);
  let owner = copy as unknown as Record<string | number, unknown>;
  for (const step of path.slice(0, at)) owner = owner[step] as Record<string | number, unknown>;
  owner[payload] = owner[name];
  delete owner[name];
  return copy;
}

function forgedLine(forged: Forged[]): string {
  const index = forged[0]?.index ?? 0;
  return lineOf(
    forged.reduce((entry, { forge }) => forge(entry), entries[index] as JournalEntry),
    index + 1,
  );
}

const isRefused = (forged: Forged[]) => parseLine(forgedLine(forged)) === null;

function readWith(forged: Forged[]): RunRecord {
  const reading = readLines('/runs/a/journal.ndjson');
  const line = forgedLine(forged);
  for (const [at, entry] of entries.entries())
    reading.add(at === forged[0]?.index ? line : lineOf(entry, at + 1));
  return reading.record();
}

const all = forgeries();

/** What ties an entry to others: forged together with the rest, it would hide what is said of the rest. */
const ties = /\.(phase|path|paths\.\*|scenarios\.\*|key)$/;
/** With another scenario's name a line belongs to none, and is refused when it is arranged. */
const ofNoScenario = /^(?!scenario\.|skipped\.).*\.scenario$/;

/** What is not refused, in few journals: of each type all values at once, all that ties it to others, and all names. */
function groups(): [string, Forged[]][] {
  const accepted = all.filter((forged) => !isRefused([forged]) && !ofNoScenario.test(forged.place));
  return [
    ...Map.groupBy(accepted, ({ place }) => {
      const what = place.endsWith('(name)') ? 'names' : ties.test(place) ? 'ties' : 'values';
      return `${what} of ${place.split('.', 1)}`;
    }),
  ];
}

const ofClosedSets =
  /\.(type|ending|endings\..*|behaviour|idScheme|unit|event|leakProbe|moment|model|label|mode|state|checks\.\*|timings\..*)$/;

test('a value that a closed set has not, text for a number, and half a target are refused with their line', () => {
  const closed = all.filter(({ place }) => ofClosedSets.test(place));
  expect(closed.length).toBeGreaterThan(30);
  expect(closed.filter((forged) => !isRefused([forged])).map(({ place }) => place)).toEqual([]);
  const places = new Set(all.filter((forged) => isRefused([forged])).map(({ place }) => place));
  expect([...places]).toEqual(
    expect.arrayContaining(['sample.rssBytes', 'run.config.target.command (name)', 'run.config.url (name)']),
  );
});

test('a refused line is told, and its run neither passes nor is compared', () => {
  const forged = all.filter(({ place }) => place === 'stream.ending');
  const record = readWith(forged);
  expect(record.tornLineCount).toBe(1);
  expect(judge(record).verdict.outcome).not.toBe('pass');
  expect(measuredIn(record, '/runs/a').unusable).toMatch(/1 lines of its journal cannot be read|stopped/);
  expect(() => readWith(all.filter(({ place }) => place === 'run.config.seed'))).toThrow(
    /is not a journal of this version/,
  );
});

const shown = looks.filter(([name]) => ['terminal', 'markdown', 'junit', 'html'].includes(name));

test('what is not refused stays text in reports and comparisons', () => {
  const faults: string[] = [];
  for (const [name, forged] of groups()) {
    const record = readWith(forged);
    if (name !== 'values of scenario') expect([name, record.tornLineCount]).toEqual([name, 0]);
    const report = judge(record);
    const run = measuredIn(record, '/runs/a');
    const side = { name: 'a', runs: [run], leftOut: [{ folder: 'b', reason: run.unusable ?? '' }] };
    const comparison = compare(side, side, []);
    const texts: [string, string, (text: string) => string | null][] = [
      ...shown.map(([look, render, faultOf]): (typeof texts)[number] => [look, render(report), faultOf]),
      ['comparison', renderComparison(comparison, { columns: 100 }), none],
      ['comparison in Markdown', comparisonMarkdown(comparison), markdownFault],
    ];
    for (const [look, text, faultOf] of texts) {
      const fault = faultIn(text, faultOf);
      if (fault !== null) faults.push(`${name}, ${look}: ${fault}`);
    }
  }
  expect(faults).toEqual([]);
});
