import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JOURNAL_NAME } from '../../journal.ts';
import { lineOf } from '../../journal-entry.ts';
import type { JournalEntry, ScenarioRecord } from '../../model.ts';
import { healthyRun } from '../../testing/records.ts';

const run = healthyRun(['limit', 'tabs']);

/** The folder of a run whose journal is written by a test. `close` removes it. */
export function makeRunFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'hydrotest-live-'));
  const journal = join(folder, JOURNAL_NAME);
  const append = (text: string) => appendFileSync(journal, text);
  let lineCount = 0;
  const nextLine = (entry: object) => {
    lineCount += 1;
    return `${lineOf(entry as JournalEntry, lineCount)}\n`;
  };
  const write = (...entries: object[]) => append(entries.map(nextLine).join(''));
  write(run.run);
  return {
    folder,
    journal,
    append,
    /** To be appended before anything else is written. */
    nextLine,
    write,
    begin: (index: number) => write(...linesOf(run.scenarios[index] as ScenarioRecord)),
    endScenario(index: number) {
      const { scenario, endedMs } = run.scenarios[index] as ScenarioRecord;
      write({ type: 'scenario-end', scenario, elapsedMs: endedMs, error: null });
    },
    end: () => write({ type: 'end', elapsedMs: run.durationMs }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Everything of a scenario but its end. */
function linesOf(record: ScenarioRecord): object[] {
  const { scenario, elapsedMs, proves, checks, paths, command, limit, deadlineMs } = record;
  const typed = (type: string, entries: object[]) =>
    entries.map((entry) => ({ elapsedMs, ...entry, scenario, type }));
  return [
    { type: 'scenario', scenario, elapsedMs, proves, checks, paths, command, limit, deadlineMs },
    ...typed('target', record.target),
    ...typed('phase', record.phases),
    ...typed('sample', record.samples),
    ...typed('stream', record.streams),
    ...typed('tally', record.tallies),
    ...typed('levels', record.levels),
    ...typed('feed', record.feeds),
  ];
}
