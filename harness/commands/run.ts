import { resolve } from 'node:path';
import { appendHistory, historyEntryOf } from '../compare/history.ts';
import { readRun } from '../compare/side.ts';
import { commitOf } from '../compare/worktree.ts';
import { loadConfigFile, type UserConfig } from '../config.ts';
import { execute } from '../execute.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { createProgress } from '../progress.ts';
import { listenForInterrupts } from './interrupts.ts';
import { writeReports } from './report.ts';

/** `hydrotest run`: the run, and its reports. The exit code says how it went. */
export async function runCommand(options: UserConfig & { config?: string }): Promise<void> {
  const user = await userConfigOf(options);
  const progress = createProgress(process.stderr);
  const interrupt = listenForInterrupts((text) => progress.note(text));
  let folder: string;
  try {
    folder = await execute(user, {
      signal: interrupt.signal,
      onStatus: progress.update,
      onSkip: (scenario, reason) => progress.note(`skipped ${scenario}: ${reason}`),
    });
  } finally {
    progress.close();
    interrupt.close();
  }
  process.exitCode = EXIT_CODES[(await writeReports(folder)).verdict.outcome];
  if (user.history !== undefined) {
    const commit = commitOf('HEAD', process.cwd());
    await appendHistory(resolve(user.history), historyEntryOf(readRun(folder), commit));
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
