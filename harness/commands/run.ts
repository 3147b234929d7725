import { resolve } from 'node:path';
import { appendHistory, checkHistory, historyEntryOf } from '../compare/history.ts';
import { measuredIn } from '../compare/side.ts';
import { commitOf } from '../compare/worktree.ts';
import { loadConfigFile, type UserConfig } from '../config.ts';
import { messageOf } from '../errors.ts';
import { execute } from '../execute.ts';
import { type LiveView, startLiveView } from '../live/start.ts';
import type { RunRecord } from '../model.ts';
import { createProgress } from '../progress/progress.ts';
import { orderReports } from '../reporters.ts';
import { listenForInterrupts } from './interrupts.ts';
import { tellRemoteLoad } from './remote-notice.ts';
import { makeReports } from './report.ts';

/** `hydrotest run`: the run, and its reports. The exit code says how it went. */
export async function runCommand(options: UserConfig & { config?: string; ui?: boolean }): Promise<void> {
  const { ui = false, ...rest } = options;
  const user = await userConfigOf(rest);
  const orders = await orderReports(user.reporter);
  if (user.history !== undefined) checkHistory(user.history);

  const progress = createProgress(process.stderr);
  const interrupt = listenForInterrupts(progress);
  let live: LiveView | null = null;
  let reportFile: string | null = null;
  try {
    const { folder, record, failure } = await execute(user, {
      signal: interrupt.signal,
      onStart(started) {
        if (ui) live = startLiveView(started, progress.noteAddress);
      },
      onStatus: progress.update,
      onRemote: (notice) =>
        tellRemoteLoad(notice, {
          note: progress.note,
          isTerminal: process.stderr.isTTY === true,
          signal: interrupt.signal,
        }),
      onSkip: (scenario, reason) => progress.note(`skipped ${scenario}: ${reason}`),
      onNote: progress.note,
      onFailure: (error) => progress.note(`${error.message}\nStopping; what was measured so far is judged.`),
    });
    progress.close();
    interrupt.close();
    const made = await makeReports(record, folder, orders, failure === null);
    process.exitCode = made.exitCode;
    reportFile = made.htmlFile;
    if (user.history !== undefined) await addToHistory(user.history, record, folder);
  } finally {
    progress.close();
    interrupt.close();
    await (live as LiveView | null)?.finish(reportFile);
  }
}

/** Like a report that is missing, a line that is missing must be seen in the exit code, but takes nothing from a verdict that is not good. */
async function addToHistory(file: string, record: RunRecord, folder: string): Promise<void> {
  const commit = commitOf('HEAD', process.cwd());
  try {
    await appendHistory(resolve(file), historyEntryOf(measuredIn(record, folder), commit));
  } catch (error) {
    if (process.exitCode === 0) throw error;
    process.stderr.write(`hydrotest: ${messageOf(error)}\n`);
  }
}

/** What the command line and the configuration file say together. */
export async function userConfigOf(options: UserConfig & { config?: string }): Promise<UserConfig> {
  const { config: file, ...fromCli } = options;
  const fromFile = await loadConfigFile(process.cwd(), file);
  return { ...(namesTarget(fromCli) ? withoutTarget(fromFile) : fromFile), ...fromCli };
}

/** A target on the command line takes the place of the one in the file: two of them would exclude each other. */
function namesTarget({ command, pid, port }: UserConfig): boolean {
  return command !== undefined || pid !== undefined || port !== undefined;
}

function withoutTarget({ command: _command, pid: _pid, port: _port, ...rest }: UserConfig): UserConfig {
  return rest;
}
