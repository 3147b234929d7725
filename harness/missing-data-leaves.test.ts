/**
 * Every value in the journal that a check looks at, taken away or replaced by nonsense: no check passes because of it.
 * By default a few entries of each kind, drawn by a seed; with HYDROTEST_ALL_LEAVES=1 all of them, which takes minutes.
 */
import { describe, expect, it } from 'vitest';
import { checks, STANDING_CHECKS } from './checks/index.ts';
import { readLines } from './journal.ts';
import type { CheckName, RunRecord, ScenarioRecord } from './model.ts';
import { createRandom } from './random.ts';
import { healthyTabs } from './testing/browser-entries.ts';
import { journalOf, linesOf } from './testing/examine.ts';
import { isHarmless } from './testing/leaves/harmless.ts';
import { type Leaf, MUTATIONS, mutate, readLeaves } from './testing/leaves/read-leaves.ts';
import { healthyRun, SCENARIO_NAMES, type ScenarioName } from './testing/records.ts';

const ALL = process.env.HYDROTEST_ALL_LEAVES === '1';

function recordOf(lines: readonly string[]): RunRecord {
  const reading = readLines('journal');
  for (const line of lines) reading.add(line);
  return reading.record();
}

/** Whether the check passes on this journal, or the whole of it is refused. */
function passes(check: CheckName, lines: readonly string[]): boolean {
  let record: RunRecord;
  try {
    record = recordOf(lines);
  } catch {
    return false;
  }
  const [scenario] = record.scenarios;
  if (scenario === undefined || record.tornLineCount > 0) return false;
  const findings = checks[check](scenario, record);
  return findings.every(({ outcome }) => outcome === 'pass');
}

/** What a leaf is called, whatever the number of its entry and of what stands in its lists. */
function nameOf(lines: readonly string[], { entryIndex, path }: Leaf): string {
  const { type } = JSON.parse(lines[entryIndex] as string) as { type: string };
  return [type, ...path.map((part) => (/^\d+$/.test(part) ? 'n' : part))].join('.');
}

function survivorsOf(check: CheckName, record: RunRecord): { survivors: string[]; leafCount: number } {
  const entries = journalOf(record);
  const lines = linesOf(entries);
  const healthy = recordOf(lines);
  const leaves = readLeaves(check, healthy.scenarios[0] as ScenarioRecord, healthy, entries);
  const random = createRandom(11);
  const byName = Map.groupBy(leaves, (leaf) => nameOf(lines, leaf));
  const survivors = new Set<string>();
  for (const [name, all] of byName) {
    const drawn = ALL ? all : [all[Math.floor(random() * all.length)] as Leaf];
    for (const leaf of drawn) {
      for (const [mutation, change] of Object.entries(MUTATIONS)) {
        const mutated = mutate(lines, leaf, change);
        if (mutated === null || isHarmless(check, name, mutation)) continue;
        if (passes(check, mutated)) survivors.add(`${check}: ${name} ${mutation}`);
      }
    }
  }
  return { survivors: [...survivors], leafCount: leaves.length };
}

const records: [string, ScenarioName, () => RunRecord][] = [
  ...SCENARIO_NAMES.map((name): [string, ScenarioName, () => RunRecord] => [
    name,
    name,
    () => healthyRun([name]),
  ]),
  [
    'tabs in a browser',
    'tabs',
    () => {
      const record = healthyRun(['tabs']);
      const scenario = record.scenarios[0] as ScenarioRecord;
      record.run.config.browser = { path: null, rows: null };
      scenario.checks = ['tabs-in-browser', 'browser-heap', 'cleanup'];
      scenario.browser = healthyTabs();
      return record;
    },
  ],
];

describe.each(records)('%s', (_, _name, make) => {
  const names = [...new Set([...STANDING_CHECKS, ...(make().scenarios[0] as ScenarioRecord).checks])];
  it.each(names)('%s', (check) => {
    const { survivors, leafCount } = survivorsOf(check, make());
    expect(leafCount).toBeGreaterThan(0);
    expect(survivors).toEqual([]);
  });
});
