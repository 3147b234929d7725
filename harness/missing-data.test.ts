/** Takes a run that passes, takes something away from it, and looks: missing data never passes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from './journal.ts';
import { judge } from './judge.ts';
import type { JournalEntry, ScenarioRecord } from './model.ts';
import { journalOf, linesOf } from './testing/examine.ts';
import { healthyRun, SCENARIO_NAMES, type ScenarioName } from './testing/records.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hydrotest-missing-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the journal with these lines says, or the code of the error that reading it throws. */
function outcomeOf(lines: string[], ending = '\n'): string {
  const path = join(folder, 'journal.ndjson');
  writeFileSync(path, lines.join('\n') + ending);
  try {
    return judge(readJournal(path)).verdict.outcome;
  } catch (error) {
    return `error: ${(error as { code?: string }).code}`;
  }
}

const LISTS = [
  'target',
  'samples',
  'cycles',
  'streams',
  'tallies',
  'timings',
  'loads',
  'held',
  'requests',
  'levels',
  'feeds',
] as const;
type List = (typeof LISTS)[number];

/** What a scenario leaves behind without any check that needs it. */
const BESIDE_THE_POINT: Partial<Record<List, ScenarioName[]>> = {
  // The warm-up stream alone; what counts is listed one by one.
  tallies: ['limit', 'timeout', 'tabs', 'reject', 'growth', 'history', 'orphans'],
  // Fed so that there is something to stream; nobody counts it.
  feeds: ['churn', 'orphans'],
  // Told, and not judged: how fast it was, and what a held stream costs.
  timings: ['hold'],
  held: ['hold'],
};

describe.each(SCENARIO_NAMES)('%s', (name) => {
  const present = LISTS.filter(
    (list) => (healthyRun([name]).scenarios[0] as ScenarioRecord)[list].length > 0,
  );

  it.each(present)('without any %s', (list) => {
    const record = healthyRun([name]);
    const scenario = record.scenarios[0] as ScenarioRecord;
    scenario[list] = [];
    const { verdict, scenarios } = judge(record);
    const needed = BESIDE_THE_POINT[list]?.includes(name) !== true;
    expect(verdict.outcome).toBe(needed ? 'invalid' : 'pass');
    expect(scenarios[0]?.outcome).toBe(needed ? 'invalid' : 'pass');
  });

  it('cut short: no check passes but a leak path that was measured to its end', () => {
    for (const change of [{ endedMs: null }, { error: 'SIGINT received' }]) {
      const record = healthyRun([name]);
      Object.assign(record.scenarios[0] as ScenarioRecord, change);
      const { verdict, scenarios } = judge(record);
      expect(verdict.outcome).toBe('invalid');
      const passed = scenarios[0]?.findings.filter(({ outcome }) => outcome === 'pass') ?? [];
      expect(passed.filter(({ check }) => check !== 'memory-leak')).toEqual([]);
    }
  });

  it('a number that could not be read, in every place at once', () => {
    for (const field of NULLABLE) {
      const record = healthyRun([name]);
      const scenario = record.scenarios[0] as ScenarioRecord;
      const places = [scenario.samples, scenario.cycles, scenario.levels, scenario.held]
        .flat()
        .flatMap((entry) => ('reading' in entry ? [entry.reading, entry] : [entry]));
      for (const place of places) if (field in place) Object.assign(place, { [field]: null });
      const needed = scenario.checks.includes(NEEDED_BY[field] ?? 'target-alive');
      expect([field, judge(record).verdict.outcome]).toEqual([field, needed ? 'invalid' : 'pass']);
    }
  });

  it('a journal that ends anywhere, at the end of a line or in the middle of it', () => {
    const lines = linesOf(journalOf(healthyRun([name])));
    expect(outcomeOf(lines)).toBe('pass');
    for (let count = 0; count < lines.length; count++) {
      expect([count, outcomeOf(lines.slice(0, count))]).toEqual([
        count,
        count === 0 ? 'error: journal' : 'invalid',
      ]);
      // Half a line says as little as none: looked at now and then only.
      if (count % 5 !== 0) continue;
      const line = lines[count] as string;
      const torn = [...lines.slice(0, count), line.slice(0, Math.ceil(line.length / 2))];
      expect([count, outcomeOf(torn, '')]).toEqual([count, count === 0 ? 'error: journal' : 'invalid']);
    }
  });

  it('a line torn anywhere in the middle', () => {
    const lines = linesOf(journalOf(healthyRun([name])));
    lines.forEach((line, index) => {
      const torn = lines.with(index, line.slice(0, Math.ceil(line.length / 2)));
      expect([index, outcomeOf(torn)]).not.toEqual([index, 'pass']);
    });
  });

  it('a line of each type, and all of them, lost without a trace', () => {
    const entries = journalOf(healthyRun([name]));
    const lines = linesOf(entries);
    for (const type of new Set(entries.map((entry) => entry.type))) {
      const first = entries.findIndex((entry) => entry.type === type);
      for (const rest of [lines.toSpliced(first, 1), lines.filter((_, at) => entries[at]?.type !== type)])
        expect([type, outcomeOf(rest)]).toEqual([type, type === 'run' ? 'error: journal' : 'invalid']);
    }
  });

  it('all lines of one type that were never written', () => {
    const entries = journalOf(healthyRun([name]));
    const types = new Set(entries.map(({ type }) => type));
    for (const type of types) {
      const without = linesOf(entries.filter((entry) => entry.type !== type));
      const harmless =
        type === 'phase' ||
        type === 'timings' ||
        type === 'held' ||
        (type === 'tally' && BESIDE_THE_POINT.tallies?.includes(name) === true) ||
        (type === 'feed' && BESIDE_THE_POINT.feeds?.includes(name) === true);
      expect([type, outcomeOf(without) === 'pass']).toEqual([type, harmless]);
    }
  });

  it('any single line that stands alone, never written', () => {
    const entries = journalOf(healthyRun([name]));
    const alone = ['run', 'scenario', 'target', 'levels', 'cycle', 'scenario-end', 'end'];
    entries.forEach(({ type }, index) => {
      // Of warm-up cycles it does not matter how many there are.
      const entry = entries[index] as JournalEntry;
      if (!alone.includes(type) || (entry.type === 'cycle' && entry.warmup)) return;
      expect([index, type, outcomeOf(linesOf(entries.toSpliced(index, 1)))]).not.toEqual([
        index,
        type,
        'pass',
      ]);
    });
  });
});

/** What may be null, and the check that cannot do without it (on a target whose heap decides). */
const NULLABLE = [
  'peakRssBytes',
  'threadCount',
  'fdCount',
  'sockets',
  'pssBytes',
  'anonymousBytes',
  'heap',
] as const;
const NEEDED_BY: Partial<Record<(typeof NULLABLE)[number], 'cleanup' | 'memory-leak'>> = {
  fdCount: 'cleanup',
  sockets: 'cleanup',
  heap: 'memory-leak',
};
