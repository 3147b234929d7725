import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { HydrotestError } from './errors.ts';
import { parseEntry } from './journal-entry.ts';
import type { JournalEntry, RunEntry, RunRecord, ScenarioRecord, ScenarioStart } from './model.ts';

export const JOURNAL_NAME = 'journal.ndjson';

/** The run's memory: every line is handed to the kernel as it happens, so that a killed harness loses none. */
export interface Journal {
  readonly path: string;
  /** Never throws. After a failure nothing more is written: what came before stays readable. */
  write(entry: JournalEntry): void;
  /** Idempotent. */
  close(): void;
}

/**
 * Creates a journal. The first line that cannot be written (disk full, file system gone) ends it, by `onFailure` with an
 * error of code `journal`.
 *
 * @throws HydrotestError `journal` when the file cannot be made.
 */
export function openJournal(path: string, onFailure: (error: HydrotestError) => void): Journal {
  let fd: number;
  try {
    fd = openSync(path, 'ax');
  } catch (cause) {
    throw journalError(path, cause);
  }
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    closeSync(fd);
  };
  return {
    path,
    write(entry) {
      if (!open) return;
      const line = Buffer.from(`${JSON.stringify(entry)}\n`);
      try {
        // A synchronous write: some 5 µs a line, and nothing is lost with the process. write(2) may take only a part.
        for (let done = 0; done < line.length; ) done += writeSync(fd, line, done);
      } catch (cause) {
        close();
        onFailure(journalError(path, cause));
      }
    },
    close,
  };
}

function journalError(path: string, cause: unknown): HydrotestError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new HydrotestError(
    'journal',
    `the journal ${path} cannot be written: ${message}. Free space, or give another --out.`,
    { cause },
  );
}

/**
 * Reads a journal back. Lines that are no entries (the last one, torn by a crash) or belong to a scenario that never
 * started are counted and left out.
 *
 * @throws HydrotestError `usage` when there is no journal, `journal` when it does not begin with a run.
 */
export function readJournal(path: string): RunRecord {
  if (!existsSync(path)) {
    throw new HydrotestError(
      'usage',
      `there is no journal at ${path}: give the folder of a run, such as reports/out/<run>.`,
    );
  }
  const reading = readLines(path);
  for (const line of readFileSync(path, 'utf8').split('\n')) reading.add(line);
  return reading.record();
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
  const notOurs = () =>
    new HydrotestError(
      'journal',
      `${path} is not a journal of this version of hydrotest: its first line is no run of version 1.`,
    );
  return {
    add(line) {
      if (line === '') return;
      const entry = parseEntry(line);
      if (arranging !== null) return arranging.add(entry);
      if (entry?.type !== 'run' || entry.journalVersion !== 1) throw notOurs();
      arranging = arrange(entry);
    },
    record() {
      if (arranging === null) throw notOurs();
      return arranging.record;
    },
  };
}

function arrange(run: RunEntry): { record: RunRecord; add(entry: JournalEntry | null): void } {
  const record: RunRecord = {
    run,
    scenarios: [],
    skipped: [],
    interrupted: null,
    complete: false,
    tornLineCount: 0,
    durationMs: 0,
  };
  const scenarios = new Map<string, ScenarioRecord>();
  const add = (entry: JournalEntry | null) => {
    if (entry === null) record.tornLineCount++;
    if (entry === null || entry.type === 'run') return;
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
  };
}
