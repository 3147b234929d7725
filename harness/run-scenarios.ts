import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { appendHistory, checkHistory, historyEntryOf } from './compare/history.ts';
import { measuredIn } from './compare/side.ts';
import { commitOf } from './compare/worktree.ts';
import type { UserConfig } from './config.ts';
import { HydrotestError } from './errors.ts';
import { execute } from './execute.ts';
import { judge } from './judge.ts';
import type { Report } from './model.ts';
import { usage } from './option-values.ts';
import { orderReports, terminal, writeReports } from './reporters.ts';
import type { RunStatus } from './run.ts';
import { startGuardian } from './targets/guard.ts';
import { findOwner, listeningInodes } from './targets/listener.ts';

/** How a program that starts a run stops it and follows it. */
export interface RunControls {
  /** Aborted to stop gently: the target is ended, and the report is not complete. */
  signal?: AbortSignal;
  onStatus?: (status: RunStatus) => void;
}

/**
 * The run of `hydrotest run`, for a program: the same options, checks and verdict. Without `out` nothing is left of it but
 * the report; with it the folder of the run stays there, with all reports or those of `reporter`. Resolves with whatever
 * verdict: see `assertPasses`.
 *
 * @throws HydrotestError `usage` when the configuration makes no sense, cannot be done on this machine, or names the very
 * process that calls; `journal` when the journal or the history cannot be written; `internal` when a report cannot be.
 */
export async function runScenarios(config: UserConfig, controls: RunControls = {}): Promise<Report> {
  refuseOwnProcess(config);
  if (config.history !== undefined) checkHistory(config.history);
  const asked = config.reporter !== undefined || config.out !== undefined;
  const orders = asked ? await orderReports(config.reporter) : [];
  // Who says nothing of reporters wants files, and a test's output for itself.
  const wanted = config.reporter === undefined ? orders.filter((order) => order !== terminal) : orders;
  const lost =
    config.out === undefined && wanted.find(({ destination }) => destination.kind === 'run-folder');
  if (lost)
    throw usage(
      `the report ${lost.name} goes into the folder of the run, which is not kept without out: give out, or a path (${lost.name}=path).`,
    );
  const temporary = config.out === undefined ? join(tmpdir(), `hydrotest-run-${randomUUID()}`) : null;
  // What is not to stay does not stay where the tests are killed either.
  const guardian = temporary === null ? null : startGuardian({ folder: temporary });
  try {
    if (temporary !== null) await mkdir(temporary, { mode: 0o700 });
    const { signal = new AbortController().signal, onStatus } = controls;
    const watcher = { signal, ...(onStatus === undefined ? {} : { onStatus }) };
    const { folder, record, failure } = await execute(config, watcher, temporary ?? undefined);
    if (failure !== null) throw failure;
    const report = judge(record);
    const { failures } = await writeReports(report, folder, wanted);
    if (failures.length > 0) {
      const { outcome, reason } = report.verdict;
      throw new HydrotestError('internal', `${failures.join(' ')} The verdict is ${outcome}: ${reason}`);
    }
    if (config.history !== undefined)
      await appendHistory(
        resolve(config.history),
        historyEntryOf(measuredIn(record, folder), commitOf('HEAD', process.cwd())),
      );
    return report;
  } finally {
    if (temporary !== null) await rm(temporary, { recursive: true, force: true, maxRetries: 5 });
    await guardian?.dismiss();
  }
}

/** Memory is read by the process: that of a server in the process of the tests, or of their runner, is that of the tests. */
function refuseOwnProcess({ pid, port, url }: UserConfig): void {
  const owner = pid === undefined ? ownerOf(port) : Number(pid);
  if (owner !== process.pid && owner !== process.ppid) return;
  const whose = owner === process.pid ? 'this process' : 'the process that started this one';
  const example = url?.replace(/:\d+/, ':{port}') ?? 'http://127.0.0.1:{port}/events';
  throw usage(
    `the server is a part of ${whose} (${owner}), which runs the tests: its memory cannot be told from theirs. Let it be started as a process of its own: { command: 'node server.js', url: '${example}' }.`,
  );
}

function ownerOf(port: number | string | undefined): number | null {
  if (port === undefined || process.platform !== 'linux') return null;
  const inodes = listeningInodes(Number(port));
  return inodes.size === 0 ? null : findOwner(inodes);
}
