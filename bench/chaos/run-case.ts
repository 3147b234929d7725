import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../harness/errors.ts';
import { JOURNAL_NAME, readJournal } from '../../harness/journal.ts';
import type { Report } from '../../harness/model.ts';
import { createRandom } from '../../harness/random.ts';
import { type AttachedServer, startServer } from './attached-server.ts';
import { CASE_VARIABLE } from './census.ts';
import { type Course, courseOf, type JournalWatch, watchJournal } from './course.ts';
import type { Anchor, Ending, Launch, Machine, Moment } from './fault.ts';
import type { ChaosCase } from './plan.ts';
import { attachArgs, isAttached, startedTarget } from './run-kinds.ts';
import type { Sandbox } from './sandbox.ts';
import { type Running, startProgram } from './start-program.ts';
import { tornReports } from './torn-reports.ts';
import { traceProcesses } from './trace-processes.ts';

/** What a case looked like from outside. */
export interface Observation {
  /** Null: it did not end in time, and was killed. */
  ending: Ending | null;
  stdout: string;
  stderr: string;
  seconds: number;
  /** Whether the fault came; null: it was there from the beginning, or there was none. */
  struck: boolean | null;
  /** How far the run had come when the fault struck: the last line of its journal; null: there was none. */
  struckAt: string | null;
  /** How far it had come when the fault had its effect, by the journal; null: it never had one, or was there from the beginning. */
  atStrike: Course | null;
  /** The same when the program had ended. */
  after: Course;
  /** The folder of the run is still there. */
  hasFolder: boolean;
  /** What the run wrote to report.json; null: nothing that can be read. */
  report: Report | null;
  /** Reports that are there but not whole. */
  tornReports: string[];
  journal: JournalState;
  /** `hydrotest report` on the folder of the run; null: there is none, or it has no journal. */
  again: { ending: Ending | null; stdout: string; stderr: string; report: Report | null } | null;
  /** Command lines of processes that ran on for 5 s. */
  orphans: string[];
  /** Files outside of the output folder, and what a run should not leave in it. */
  leftovers: string[];
  /** What was done to a server that was attached to, by anyone but the driver. */
  harm: string[];
  /** What it waited for, where it did not end. */
  hang: string | null;
}

export type JournalState =
  | { state: 'none' | 'empty' }
  /** `ended`: it has a last line, and nothing interrupted the run before. */
  | { state: 'readable'; ended: boolean }
  | { state: 'unreadable'; why: string };

export interface CaseOptions {
  /** Program with its first arguments, such as node and harness/cli.ts. */
  program: readonly string[];
  machine: Machine;
  /** After so long it hangs. */
  deadlineMs: number;
  /** What may take a process to end after the program. */
  orphanMs?: number;
}

const POLL_MS = 20;
const ORPHAN_MS = 5000;
const REPORT_MS = 60_000;

/** Runs a case in its sandbox, and ends everything that it started. Its faults are data; what is thrown is the driver's own. */
export async function runCase(
  chaosCase: ChaosCase,
  sandbox: Sandbox,
  { program, machine, deadlineMs, orphanMs = ORPHAN_MS }: CaseOptions,
): Promise<Observation> {
  const { fault, moment, target } = chaosCase;
  const random = createRandom(chaosCase.seed);
  const caseId = sandbox.env[CASE_VARIABLE] ?? '';
  const server = isAttached(target) ? await startServer(caseId) : null;
  const launch = launchOf(chaosCase, sandbox, machine, server);
  const scene = { sandbox, launch, server, random };
  const undo = (await fault?.prepare?.(scene, machine)) ?? (() => {});
  const trace = traceProcesses(caseId);
  const journal = watchJournal(sandbox);
  try {
    const began = performance.now();
    const command = launch.command === '' ? [] : ['--command', launch.command];
    const line = [...launch.through, ...program, 'run', ...command, ...launch.args, '--out', launch.outDir];
    const running = startProgram(line, sandbox, deadlineMs);
    if (running.live.harness.pid !== undefined) trace.follow(running.live.harness.pid);
    const blow = { struck: null as boolean | null, at: null as string | null, course: null as Course | null };
    const mark = () => {
      blow.course ??= courseOf(journal.read());
    };
    if (fault?.strike !== undefined && moment !== null) {
      blow.struck = false;
      if (await reach(moment, journal, running.live)) {
        blow.at = journal.read().trimEnd().split('\n').at(-1) ?? null;
        const findTarget = async () => server?.pid ?? (await running.live.find('target'))?.pid ?? null;
        blow.struck = await fault.strike({ ...scene, ...running.live, findTarget, mark });
        if (blow.struck) mark();
      }
    }
    const { ending, hang } = await running.ended;
    const seconds = (performance.now() - began) / 1000;
    const orphans = await trace.orphans(orphanMs);
    const harm = (await server?.harm()) ?? [];
    const after = courseOf(journal.read());
    journal.close();
    const inOut = fault?.freezesFolder === true ? [] : leftInOut(sandbox, typeof ending === 'string');
    fault?.relieve?.(scene);
    const runFolder = sandbox.runFolder();
    const state: JournalState =
      runFolder === null ? { state: 'none' } : journalState(join(runFolder, JOURNAL_NAME));
    const torn = runFolder === null ? [] : tornReports(runFolder);
    const report = runFolder === null ? null : readReport(runFolder);
    const again =
      runFolder === null || state.state === 'none' || fault === null || hang !== null
        ? null
        : await reportAgain(program, runFolder, sandbox);
    return {
      ending,
      stdout: running.output.stdout,
      stderr: running.output.stderr,
      seconds,
      struck: blow.struck,
      struckAt: blow.at,
      atStrike: blow.course,
      after,
      hasFolder: runFolder !== null,
      report,
      tornReports: torn,
      journal: state,
      again,
      orphans,
      leftovers: [...sandbox.leftovers(), ...inOut, ...trace.openSockets()],
      harm,
      hang,
    };
  } finally {
    journal.close();
    trace.close();
    await undo();
    await server?.close();
  }
}

function launchOf(
  { target, kind, inspect, seed }: ChaosCase,
  sandbox: Sandbox,
  machine: Machine,
  server: AttachedServer | null,
): Launch {
  const { command, args } = isAttached(target)
    ? { command: '', args: attachArgs(target, server ?? noServer()) }
    : startedTarget(target, machine.python ?? 'python3', kind.name);
  return {
    command,
    args: [
      ...args,
      ...kind.args,
      ...(inspect ? [] : ['--no-inspect']),
      ...['--grace', '1s', '--seed', String(seed)],
    ],
    outDir: sandbox.outDir,
    through: [],
  };
}

function noServer(): never {
  throw new Error('there is no server to attach to');
}

/** False: the program ended before the moment came. */
async function reach(
  { anchor, delayMs }: Moment,
  journal: JournalWatch,
  live: Running['live'],
): Promise<boolean> {
  while (!hasCome(anchor, journal.read())) {
    if (live.hasEnded()) return false;
    await sleep(POLL_MS);
  }
  await live.pause(delayMs);
  return !live.hasEnded();
}

function hasCome(anchor: Anchor, journal: string): boolean {
  switch (anchor) {
    case 'spawn':
      return true;
    case 'journal':
      return journal !== '';
    case 'ready':
      return journal.includes('"event":"ready"');
    case 'clean-up':
      return journal.includes('"phase":"clean-up"');
    case 'end':
      return journal.includes('{"type":"end",');
  }
}

async function reportAgain(
  program: readonly string[],
  runFolder: string,
  sandbox: Sandbox,
): Promise<Observation['again']> {
  const running = startProgram([...program, 'report', runFolder], sandbox, REPORT_MS);
  const { ending } = await running.ended;
  return { ending, ...running.output, report: readReport(runFolder) };
}

function journalState(path: string): JournalState {
  if (!existsSync(path)) return { state: 'none' };
  if (readFileSync(path, 'utf8') === '') return { state: 'empty' };
  try {
    const { complete, interrupted } = readJournal(path);
    return { state: 'readable', ended: complete && interrupted === null };
  } catch (error) {
    return { state: 'unreadable', why: messageOf(error) };
  }
}

function readReport(runFolder: string): Report | null {
  try {
    return JSON.parse(readFileSync(join(runFolder, 'report.json'), 'utf8')) as Report;
  } catch {
    return null;
  }
}

/** What belongs in the folder of a run: the journal, the logs of the targets and the reports. Its data goes with a target. */
const BELONGS = /^(journal\.ndjson|[\w-]+\.log|report\.(json|md|html)|junit\.xml)$/;

/** A signal that ends the program as it writes a report leaves the beginning of it, under a name that says so. */
const UNFINISHED = /\.part$/;

function leftInOut(sandbox: Sandbox, killed: boolean): string[] {
  const run = sandbox.runFolder();
  if (run === null) return [];
  return readdirSync(run)
    .filter((name) => !BELONGS.test(name) && !(killed && UNFINISHED.test(name)))
    .map((name) => `${name} in the folder of the run`);
}
