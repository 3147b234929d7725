import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { readMachine } from './environment/machine.ts';
import { HydrotestError, messageOf } from './errors.ts';
import { JOURNAL_NAME } from './journal.ts';
import type { Environment, RunConfig, RunEntry, RunRecord, Scenario } from './model.ts';
import { openJournal } from './open-journal.ts';
import { timeLeft } from './progress/time-left.ts';
import { createRandom } from './random.ts';
import { HIDDEN } from './redact.ts';
import { type RunStatus, runScenario } from './run-scenario.ts';

export type { RunStatus } from './run-scenario.ts';

export interface RunOptions {
  config: RunConfig;
  /** In the order in which they run. */
  scenarios: Scenario[];
  repeatCommand: string;
  hydrotestVersion: string;
  /** Aborted to stop gently: what was measured so far is kept. Its reason stands in the report. */
  signal: AbortSignal;
  /** Called once, with the folder of the run, when its journal has begun. */
  onStart(folder: string): void;
  onStatus(status: RunStatus): void;
  onSkip(scenario: string, reason: string): void;
  /** The journal cannot be written any more, or was taken away: the run is being stopped for that. Called at most once. */
  onFailure(error: HydrotestError): void;
  /** Something that the user should know and that takes nothing from the result. */
  onNote(text: string): void;
}

export interface RunEnd {
  folder: string;
  /** All that was journalled, also where its file is gone or could not be written to the end. */
  record: RunRecord;
  /** Why the journal's file does not hold all of it; null: it does. */
  failure: HydrotestError | null;
}

/** Keys of one scenario are never used by another, so that an attached target meets only new ones. */
const KEYS_PER_SCENARIO = 1_000_000;

/**
 * Runs the scenarios one after the other, each on a fresh process where the target is spawned, and journals everything.
 * What goes wrong with the target is in the journal, not thrown; a journal that fails stops the run as gently as a Ctrl-C.
 *
 * @throws HydrotestError `usage` when the folder of the run cannot be made, `journal` when the journal cannot be.
 */
export async function run(options: RunOptions): Promise<RunEnd> {
  const { config, scenarios, signal } = options;
  const startedAt = new Date();
  const began = performance.now();
  const elapsedMs = () => Math.round((performance.now() - began) * 10) / 10;
  const name = `${startedAt.toISOString().slice(0, 19).replaceAll(':', '-')}-${process.pid}`;
  const runId = await makeFolder(config.outDir, name);
  const runDir = join(config.outDir, runId);

  const failure = new AbortController();
  const journal = openJournal(join(runDir, JOURNAL_NAME), (error) => {
    options.onFailure(error);
    failure.abort(error);
  });
  const stop = AbortSignal.any([signal, failure.signal]);
  const runEntry: RunEntry = {
    type: 'run',
    journalVersion: 2,
    runId,
    startedAt: startedAt.toISOString(),
    repeatCommand: options.repeatCommand,
    config: withoutSecrets(config),
    environment: describeEnvironment(options.hydrotestVersion),
  };
  journal.write(runEntry);
  let record: RunRecord;
  try {
    if (!failure.signal.aborted) options.onStart(runDir);
    for (const [index, scenario] of scenarios.entries()) {
      const { name, proves } = scenario;
      const reason = scenario.unfit(config);
      if (reason !== null) {
        journal.write({ type: 'skipped', scenario: name, elapsedMs: elapsedMs(), proves, reason });
        options.onSkip(name, reason);
        continue;
      }
      const beganMs = elapsedMs();
      await runScenario({
        scenario,
        config: { ...config, ...scenario.configure?.(config) },
        journal,
        runDir,
        signal: stop,
        firstKeyNumber: index * KEYS_PER_SCENARIO,
        random: createRandom(config.seed + index),
        elapsedMs,
        onProgress: ({ measurementLeftMs, ...status }) =>
          options.onStatus({
            ...status,
            position: index + 1,
            total: scenarios.length,
            leftMs: timeLeft(config, scenarios.slice(index), elapsedMs() - beganMs, measurementLeftMs),
          }),
      });
    }
  } catch (error) {
    const expected = stop.aborted || (error instanceof HydrotestError && error.code !== 'internal');
    journal.write({
      type: 'interrupted',
      elapsedMs: elapsedMs(),
      reason: messageOf(error),
    });
    if (!expected) throw error;
  } finally {
    journal.write({ type: 'end', elapsedMs: elapsedMs() });
    record = journal.readBack();
    journal.close();
    await removeData(join(runDir, 'data'), options.onNote);
  }
  const { aborted, reason } = failure.signal;
  return { folder: runDir, record, failure: aborted ? reason : null };
}

/** A folder that became read-only must not take the report with it. */
async function removeData(folder: string, onNote: (text: string) => void): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (cause) {
    const message = messageOf(cause);
    onNote(`the target's data cannot be removed: ${message}. Remove ${folder} by hand.`);
  }
}

/** Two runs of one process may begin in the same second: then the second has a number. Returns the folder's name. */
async function makeFolder(outDir: string, name: string): Promise<string> {
  try {
    await mkdir(outDir, { recursive: true });
    for (let n = 1; ; n++) {
      const numbered = n === 1 ? name : `${name}-${n}`;
      try {
        await mkdir(join(outDir, numbered));
        return numbered;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  } catch (cause) {
    const message = messageOf(cause);
    throw new HydrotestError(
      'usage',
      `--out: the folder ${join(outDir, name)} cannot be made: ${message}. Give one that can be written.`,
      { cause },
    );
  }
}

/** Header values can be tokens: reports and journals are passed around, so only the names go into them. */
function withoutSecrets(config: RunConfig): RunConfig {
  return {
    ...config,
    headers: Object.fromEntries(Object.keys(config.headers).map((name) => [name, HIDDEN])),
  };
}

function describeEnvironment(hydrotestVersion: string): Environment {
  return {
    hydrotestVersion,
    nodeVersion: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    cpuCount: availableParallelism(),
    memoryBytes: totalmem(),
    facts: readMachine(),
  };
}
