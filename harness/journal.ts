import { closeSync, openSync } from 'node:fs';
import { HydrotestError, messageOf } from './errors.ts';
import { parseLine } from './journal-entry.ts';
import { createLineReader } from './journal-lines.ts';
import type { JournalEntry, RunEntry, RunRecord, ScenarioRecord, ScenarioStart } from './model.ts';

export const JOURNAL_NAME = 'journal.ndjson';

/**
 * Reads a journal back. Lines that are no entries (the last one, torn by a crash), stand behind a later one, or belong to a scenario
 * that never started are counted and left out. So are those of which nothing is there, which the numbers of the others tell:
 * only at the end of a journal without its `end` nobody can know how many.
 *
 * @throws HydrotestError `usage` when there is no journal, `journal` when it cannot be read or does not begin with a run: then it
 * says whether the run was ended before it had written its first line.
 */
export function readJournal(path: string): RunRecord {
  const fd = openToRead(path);
  try {
    const reading = readLines(path);
    let lineCount = 0;
    const lines = createLineReader(fd, (line) => {
      lineCount += 1;
      reading.add(line);
    });
    lines.readNew();
    const rest = lines.rest();
    if (lineCount === 0) refuseUnborn(path, rest);
    reading.add(rest);
    return reading.record();
  } catch (cause) {
    if (cause instanceof HydrotestError) throw cause;
    throw unreadable(path, cause);
  } finally {
    closeSync(fd);
  }
}

function openToRead(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw unreadable(path, cause);
    throw new HydrotestError(
      'usage',
      `there is no journal at ${path}: give the folder of a run, such as reports/out/<run>.`,
    );
  }
}

function unreadable(path: string, cause: unknown): HydrotestError {
  const message = messageOf(cause);
  return new HydrotestError('journal', `the journal ${path} cannot be read: ${message}`, { cause });
}

const BEGINNING = '{"type":"run",';

/** A file with no whole line, and in it nothing or the beginning of a run: what a run leaves that was ended at once. */
function refuseUnborn(path: string, text: string): void {
  if (text === '')
    throw new HydrotestError(
      'journal',
      `the journal ${path} is empty: the run was ended, or its disk was full, before its first line was written. Nothing was measured: run it again.`,
    );
  const isTorn = BEGINNING.startsWith(text.slice(0, BEGINNING.length)) && parseLine(text) === null;
  if (isTorn)
    throw new HydrotestError(
      'journal',
      `the journal ${path} ends in the middle of its first line: the run was ended, or its disk was full, as it began. Nothing was measured: run it again.`,
    );
}

/** A journal that is read line by line, such as one that is still being written. */
export interface JournalReading {
  /** An empty line is none. Throws HydrotestError `journal` when the first line is no run. */
  add(line: string): void;
  /** What the lines so far say; the same object each time. Throws HydrotestError `journal` while there is no first line. */
  record(): RunRecord;
}

export function readLines(path: string): JournalReading {
  let arranging: ReturnType<typeof arrange> | null = null;
  /** Of the last line that stood in its place. */
  let lastNumber = 0;
  /** Lines without a number since then: each took the place of one. */
  let unreadCount = 0;
  const notOurs = () =>
    new HydrotestError(
      'journal',
      `${path} is not a journal of this version of hydrotest: its first line is no run of version 2.`,
    );
  return {
    add(line) {
      if (line === '') return;
      const parsed = parseLine(line);
      if (arranging === null) {
        if (parsed?.entry.type !== 'run' || parsed.number !== 1) throw notOurs();
        arranging = arrange(parsed.entry);
      } else if (parsed === null || parsed.number <= lastNumber) {
        unreadCount += 1;
        arranging.record.tornLineCount += 1;
        return;
      } else {
        arranging.record.lostLineCount += Math.max(0, parsed.number - lastNumber - 1 - unreadCount);
        arranging.add(parsed.entry);
      }
      lastNumber = parsed.number;
      unreadCount = 0;
    },
    record() {
      if (arranging === null) throw notOurs();
      return arranging.record;
    },
  };
}

function arrange(run: RunEntry): { record: RunRecord; add(entry: JournalEntry): void } {
  const record: RunRecord = {
    run,
    scenarios: [],
    skipped: [],
    interrupted: null,
    complete: false,
    tornLineCount: 0,
    lostLineCount: 0,
    durationMs: 0,
  };
  const scenarios = new Map<string, ScenarioRecord>();
  const add = (entry: JournalEntry) => {
    if (entry.type === 'run') return;
    record.durationMs = Math.max(record.durationMs, entry.elapsedMs);
    switch (entry.type) {
      case 'scenario': {
        const scenario = emptyScenario(entry);
        scenarios.set(entry.scenario, scenario);
        record.scenarios.push(scenario);
        break;
      }
      case 'skipped':
        record.skipped.push({ scenario: entry.scenario, proves: entry.proves, reason: entry.reason });
        break;
      case 'interrupted':
        record.interrupted = entry.reason;
        break;
      case 'end':
        record.complete = true;
        break;
      default: {
        const scenario = scenarios.get(entry.scenario);
        if (scenario === undefined) record.tornLineCount++;
        else addTo(scenario, entry);
      }
    }
  };
  return { record, add };
}

type OfScenario = Exclude<JournalEntry, { type: 'run' | 'scenario' | 'skipped' | 'interrupted' | 'end' }>;

function addTo(scenario: ScenarioRecord, entry: OfScenario): void {
  switch (entry.type) {
    case 'target':
      scenario.target.push(entry);
      break;
    case 'phase':
      scenario.phases.push({ phase: entry.phase, elapsedMs: entry.elapsedMs });
      break;
    case 'sample':
      scenario.samples.push(entry);
      break;
    case 'gap':
      scenario.gaps.push({ probe: entry.probe, reason: entry.reason, elapsedMs: entry.elapsedMs });
      break;
    case 'cycle':
      scenario.cycles.push(entry);
      break;
    case 'drain':
      scenario.drains.push(entry);
      break;
    case 'path-skipped':
      scenario.skippedPaths.push({ path: entry.path, reason: entry.reason });
      break;
    case 'stream':
      scenario.streams.push(entry);
      break;
    case 'tally':
      scenario.tallies.push(entry);
      break;
    case 'timings':
      scenario.timings.push(entry);
      break;
    case 'load':
      scenario.loads.push(entry);
      break;
    case 'held':
      scenario.held.push(entry);
      break;
    case 'requests':
      scenario.requests.push(entry);
      break;
    case 'levels':
      scenario.levels.push(entry);
      break;
    case 'feed':
      scenario.feeds.push(entry);
      break;
    case 'browser':
      scenario.browser.push(entry);
      break;
    case 'environment':
      scenario.environment.push(entry);
      break;
    case 'scenario-end':
      scenario.endedMs = entry.elapsedMs;
      scenario.error = entry.error;
      break;
  }
}

function emptyScenario({ type: _, ...start }: { type: 'scenario' } & ScenarioStart): ScenarioRecord {
  return {
    ...start,
    endedMs: null,
    error: null,
    target: [],
    phases: [],
    samples: [],
    gaps: [],
    cycles: [],
    drains: [],
    skippedPaths: [],
    streams: [],
    tallies: [],
    timings: [],
    loads: [],
    held: [],
    requests: [],
    levels: [],
    feeds: [],
    browser: [],
    environment: [],
  };
}
