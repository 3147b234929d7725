import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { confirmSuspects, type Suspect } from './confirm.ts';
import { watchEnvironment } from './environment/watch.ts';
import { HydrotestError, messageOf } from './errors.ts';
import { eventTimeReader } from './event-times.ts';
import type {
  CycleEntry,
  GrowthSoFar,
  JournalEntry,
  ProcessReading,
  RunConfig,
  Scenario,
  TargetEntry,
} from './model.ts';
import type { Journal } from './open-journal.ts';
import { type OpenedTarget, openTarget } from './open-target.ts';
import { prepareProtocol } from './prepare-protocol.ts';
import { createThinning, startSampler } from './sampler.ts';
import { createScenarioContext, type PhaseProgress } from './scenario-context.ts';
import { drain, isAbove, readSteadyLevels, type Session, successorOf, watchTarget } from './session.ts';
import { createStreamPool } from './stream-pool.ts';
import { vanishedCount } from './streams/vanish.ts';
import { abortable, until, within } from './waiting.ts';
import { watchServer } from './watch-server.ts';

export interface RunStatus {
  scenario: string;
  /** Number of this scenario, counted from 1, and of all of them. */
  position: number;
  total: number;
  phase: string;
  /** Such as `cycle 7 of 18`, or null outside of a measurement. */
  cycle: string | null;
  elapsedMs: number;
  openStreamCount: number;
  eventCount: number;
  rssBytes: number | null;
  budgetBytes: number;
  /** Of the path that is being measured; null outside of a measurement. */
  growth: GrowthSoFar | null;
  /** Until the whole run ends, roughly; null: nobody knows. */
  leftMs: number | null;
}

/** What a scenario knows of it: its own place among the others, and what they take, is known to the run. */
export interface ScenarioStatus extends Omit<RunStatus, 'position' | 'total' | 'leftMs'> {
  /** Until the measurement of this path ends; null: none is made, or its pace is not known yet. */
  measurementLeftMs: number | null;
}

export interface ScenarioRunOptions {
  scenario: Scenario;
  /** The run's configuration with the scenario's own changes. */
  config: RunConfig;
  journal: Journal;
  runDir: string;
  signal: AbortSignal;
  firstKeyNumber: number;
  random(): number;
  elapsedMs(): number;
  onProgress(status: ScenarioStatus): void;
}

/**
 * How long what a client left behind may take to go: longer than a keep-alive (5 s in Node) and a stalled reader's grace. A client that
 * vanished is missed later: after a ping or two.
 */
const CLEANUP_MS = 20_000;

const EXIT_NEWS_MS = 2000;

/** An attached target meets each attempt on keys that it has not seen. */
const KEYS_PER_ATTEMPT = 100_000;
const WARM_ANSWER_MS = 5000;
const WARM_EVENT_MS = 300;
const WARM_EVENT_BYTES = 200;

/**
 * Runs one scenario on its target and journals it. A target that cannot be started, is lost or misbehaves ends up in the
 * journal, as does a fault of the scenario.
 *
 * @throws HydrotestError `target-start` when there is no target to run on, `journal` when nothing can be journalled,
 * and the reason of the signal when that was aborted. Its own resources are closed in any case.
 */
export async function runScenario(options: ScenarioRunOptions): Promise<void> {
  const { scenario, config, journal, elapsedMs } = options;
  const name = scenario.name;
  const opening = await openAttempt(options, 0);
  journal.write({
    type: 'scenario',
    scenario: name,
    elapsedMs: elapsedMs(),
    proves: scenario.proves,
    checks: scenario.checksFor?.(config) ?? scenario.checks,
    paths: [...scenario.paths],
    command: opening.command,
    limit: config.limit,
    deadlineMs: config.deadlineMs,
  });
  let error: unknown = null;
  let measured: ReadonlyMap<string, CycleEntry[]> = new Map();
  const { level } = opening.session.probe.capabilities;
  try {
    ({ measured } = await useTarget(opening, options, { attempt: 0, suspects: null }));
  } catch (caught) {
    error = caught;
  } finally {
    await opening.close();
  }
  if (error === null) {
    const write = withoutLoad(journal.write);
    await confirmSuspects({
      measured,
      level,
      budgetBytes: config.budgetBytes,
      signal: options.signal,
      onGap: (reason) =>
        write({ type: 'gap', scenario: name, elapsedMs: elapsedMs(), probe: 'confirmation', reason }),
      async measureAgain(attempt, suspects) {
        const again = await openAttempt(options, attempt);
        try {
          return await useTarget(
            again,
            { ...options, journal: { ...journal, write } },
            { attempt, suspects },
          );
        } finally {
          await again.close();
        }
      },
    }).catch((caught: unknown) => {
      error = caught;
    });
  }
  journal.write({
    type: 'scenario-end',
    scenario: name,
    elapsedMs: elapsedMs(),
    error: error === null ? null : messageOf(error),
  });
  if (error instanceof HydrotestError && (error.code === 'journal' || error.code === 'aborted')) throw error;
  options.signal.throwIfAborted();
}

/** Each attempt has a process, a folder and a file for the output of its own. */
function nameOf({ scenario }: ScenarioRunOptions, attempt: number): string {
  return attempt === 0 ? scenario.name : `${scenario.name}-confirm-${attempt}`;
}

function dataDirOf(options: ScenarioRunOptions, attempt: number): string {
  return join(options.runDir, 'data', nameOf(options, attempt));
}

async function openAttempt(options: ScenarioRunOptions, attempt: number): Promise<OpenedTarget> {
  const { config, runDir, signal } = options;
  const dataDir = dataDirOf(options, attempt);
  return openTarget({ config, dataDir, outputFile: join(runDir, `${nameOf(options, attempt)}.log`), signal });
}

/** What a confirming process was loaded with is no part of what the scenario shows: it would be counted twice. */
function withoutLoad(write: (entry: JournalEntry) => void): (entry: JournalEntry) => void {
  const kept = new Set(['target', 'environment', 'phase', 'sample', 'gap', 'cycle', 'drain']);
  return (entry) => {
    if (kept.has(entry.type)) write(entry);
  };
}

interface Attempt {
  attempt: number;
  suspects: ReadonlyMap<string, Suspect> | null;
}

async function useTarget(
  opened: OpenedTarget,
  options: ScenarioRunOptions,
  { attempt, suspects }: Attempt,
): Promise<{ measured: ReadonlyMap<string, CycleEntry[]>; keptRatio: number | null }> {
  const { scenario, journal, elapsedMs, random } = options;
  const { session } = opened;
  const config = await prepareProtocol(options.config, session.port, options.signal);
  const dataDir = dataDirOf(options, attempt);
  const { level } = session.probe.capabilities;
  const name = scenario.name;
  const write = journal.write;
  let rssBytes: number | null = null;
  const pid = session.target.pid;
  const note = (event: TargetEntry['event'], detail: string | null) =>
    write({
      type: 'target',
      scenario: name,
      elapsedMs: elapsedMs(),
      event,
      attempt,
      pid,
      leakProbe: level,
      listens: session.target.listens,
      detail,
    });
  const noteEnd = (detail: string) => {
    // A server that dies of a log line that it cannot write has not been shown to be bad: our files were in its way.
    if (!isDiskFull(options.runDir)) return note('lost', detail);
    note('starved', `the disk of ${options.runDir}, to which its output goes, was full when ${detail}`);
  };
  const watch = watchTarget(session.target, () => rssBytes);
  const server = watchServer(session.target, session.port, ({ event, detail }) => note(event, detail));
  const signal = AbortSignal.any([options.signal, watch.signal, server.signal]);
  note('ready', null);
  if (opened.heapGap !== null)
    write({ type: 'gap', scenario: name, elapsedMs: elapsedMs(), probe: 'heap', reason: opened.heapGap });

  const environment = await watchEnvironment({
    watched: { pid, includeGroup: session.target.kind === 'spawned' },
    scenario: name,
    attempt,
    elapsedMs,
    write,
  });
  const { listener, listens } = session.target;
  if (listens === false) {
    const who =
      listener === null ? 'a process that cannot be seen' : `process ${listener.pid} (${listener.name})`;
    const reason = `${who} listens on port ${session.port} and is no part of the command's processes: their memory is read, not that of what it listens for. Start the server itself, or attach to its process`;
    write({ type: 'gap', scenario: name, elapsedMs: elapsedMs(), probe: 'process', reason });
  }

  const pool = createStreamPool({
    scenario: name,
    protocol: config.protocol,
    headers: config.headers,
    eventTime: eventTimeReader(config.eventTime),
    elapsedMs,
    write,
  });
  const thin = createThinning();
  let progress: PhaseProgress = { phase: 'start', cycle: null, measuring: null };
  const report = () =>
    options.onProgress({
      scenario: name,
      phase: progress.phase,
      cycle: progress.cycle,
      growth: progress.measuring?.growth ?? null,
      measurementLeftMs: progress.measuring?.leftMs ?? null,
      elapsedMs: elapsedMs(),
      openStreamCount: context.openStreamCount,
      eventCount: context.eventCount,
      rssBytes,
      budgetBytes: config.budgetBytes,
    });
  const sampler = startSampler({
    read: (wanted) => session.probe.read(wanted),
    onReading(reading: ProcessReading, regular: boolean) {
      rssBytes = reading.rssBytes;
      report();
      const kept = thin(reading.rssBytes, regular);
      if (kept === null) return;
      const at = { scenario: name, elapsedMs: elapsedMs(), phase: context.phaseName };
      const counts = { openStreamCount: context.openStreamCount, eventCount: context.eventCount };
      write({ type: 'sample', ...at, ...counts, ...kept, ...reading });
      const load = context.loadEntry();
      if (load !== null) write(load);
    },
    onGap: (reason) =>
      write({ type: 'gap', scenario: name, elapsedMs: elapsedMs(), probe: 'process', reason }),
  });
  const context = createScenarioContext({
    scenario: name,
    config,
    session,
    pool,
    signal,
    dataDir,
    attempt,
    suspects,
    firstKeyNumber: options.firstKeyNumber + attempt * KEYS_PER_ATTEMPT,
    random,
    elapsedMs,
    write,
    sampleNow: () => sampler.sampleNow(),
    onProgress(next) {
      progress = next;
      report();
    },
  });

  try {
    await context.phase('warm-up');
    await warmUp(context);
    const before = await readSteadyLevels(session, signal);
    write({
      type: 'levels',
      scenario: name,
      elapsedMs: elapsedMs(),
      moment: 'before',
      waitedMs: 0,
      reading: before,
    });
    await abortable(scenario.run(context), signal);
    await context.phase('clean-up');
    await context.endAll();
    // What is left behind is judged by the first process alone: on this one memory is what counts.
    if (attempt === 0)
      await readLevelsAfter(session, before, config.graceMs, signal, (reading, waitedMs) =>
        write({ type: 'levels', scenario: name, elapsedMs: elapsedMs(), moment: 'after', waitedMs, reading }),
      );
    await sampler.sampleNow();
    await server.close();
    // Whoever died in the clean-up gave back all that is looked for. /proc loses a process before its parent hears of its end.
    if (!session.target.isAlive()) await within(session.target.exited, EXIT_NEWS_MS, options.signal);
    watch.signal.throwIfAborted();
    return { measured: context.measured, keptRatio: context.keptRatio };
  } catch (error) {
    // /proc loses a process before its parent hears of its end.
    if (error instanceof HydrotestError && error.code === 'target-lost' && !server.signal.aborted) {
      await within(session.target.exited, EXIT_NEWS_MS, options.signal);
    }
    if (watch.signal.aborted && !options.signal.aborted)
      noteEnd(`${messageOf(watch.signal.reason)}${await successorOf(session, options.signal)}`);
    else await server.close();
    throw error;
  } finally {
    watch.dispose();
    await server.close();
    await sampler.close();
    await environment.end();
    await context.close();
  }
}

/** Less than this is left of a disk that a page cannot be written to any more. */
const FULL_BYTES = 16 * 1024;

function isDiskFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < FULL_BYTES;
  } catch {
    return false; // Gone: that is the journal's news.
  }
}

/**
 * One stream through the whole server, and an event where it takes them itself, so that what it makes once for all is there before
 * the counters are read.
 */
async function warmUp(context: ReturnType<typeof createScenarioContext>): Promise<void> {
  if (context.config.events?.to === 'url') await context.feedEach([context.key(0)], WARM_EVENT_BYTES);
  const stream = context.open('graceful-close', context.key(0), { tally: true });
  await context.within(stream.answered, WARM_ANSWER_MS);
  await context.within(stream.firstEvent, WARM_EVENT_MS);
  await context.endAll();
}

async function readLevelsAfter(
  session: Session,
  before: ProcessReading,
  graceMs: number,
  signal: AbortSignal,
  done: (reading: ProcessReading, waitedMs: number) => void,
): Promise<void> {
  const since = performance.now();
  await drain(session, 0, signal);
  let reading = await session.probe.read();
  await until(
    async () => {
      reading = await session.probe.read();
      return !isAbove(reading, before);
    },
    vanishedCount() === 0 ? CLEANUP_MS : Math.max(CLEANUP_MS, graceMs),
    signal,
  );
  done(reading, performance.now() - since);
}
