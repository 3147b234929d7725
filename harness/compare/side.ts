import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HydrotestError } from '../errors.ts';
import { JOURNAL_NAME, readJournal } from '../journal.ts';
import { judge } from '../judge.ts';
import type { ComparedSide, RunMetrics, RunRecord } from '../model.ts';
import { metricsOf } from './metrics.ts';

/** What is compared: runs of one thing. */
export interface Side {
  name: string;
  /** Those that count. */
  runs: RunMetrics[];
  leftOut: ComparedSide['leftOut'];
}

/**
 * Reads the runs that a text names: the folder of a run, a folder with several runs below it, or several of these,
 * separated by commas.
 *
 * @throws HydrotestError `usage` where a folder has no run in it.
 */
export function readSide(text: string): Side {
  const given = text.split(',').map((part) => part.trim());
  const folders = given.flatMap((part) => {
    const found = runFolders(resolve(part));
    if (found.length === 0) {
      throw new HydrotestError(
        'usage',
        `${part === '' ? 'an empty name' : part} has no run in it: give the folder of a run, such as reports/out/<run>, or one that holds runs.`,
      );
    }
    return found;
  });
  return sideOf(text, [...new Set(folders)]);
}

/** The runs of these folders, each with a journal in it. */
export function sideOf(name: string, folders: readonly string[]): Side {
  const runs = folders.map(readRun);
  return {
    name,
    runs: runs.filter(({ unusable }) => unusable === null),
    leftOut: runs.flatMap(({ folder, unusable }) =>
      unusable === null ? [] : [{ folder, reason: unusable }],
    ),
  };
}

/** Folders with a journal: this one, or those below it, in the order of their names, which is that of time. */
function runFolders(folder: string): string[] {
  if (existsSync(join(folder, JOURNAL_NAME))) return [folder];
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted()
    .flatMap((name) => runFolders(join(folder, name)));
}

/** The figures of one run, from its journal. */
export function readRun(folder: string): RunMetrics {
  return measuredIn(readJournal(join(folder, JOURNAL_NAME)), folder);
}

/** The same of a journal that has been read. Pure. */
export function measuredIn(record: RunRecord, folder: string): RunMetrics {
  const report = judge(record);
  return {
    runId: report.runId,
    startedAt: report.startedAt,
    folder,
    outcome: report.verdict.outcome,
    unusable: unusableReason(record),
    environment: report.environment,
    config: report.config,
    metrics: metricsOf(record, report),
  };
}

function unusableReason(record: RunRecord): string | null {
  if (record.interrupted !== null) return `it was stopped before its end: ${record.interrupted}`;
  if (!record.complete) return 'its journal ends before the run did';
  if (record.lostLineCount > 0) return `${record.lostLineCount} lines of its journal are gone`;
  if (record.tornLineCount > 0) return `${record.tornLineCount} lines of its journal cannot be read`;
  return record.scenarios.length === 0 ? 'no scenario ran' : null;
}
