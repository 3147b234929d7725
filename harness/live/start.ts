import { fork } from 'node:child_process';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JOURNAL_NAME } from '../journal.ts';
import { helperEnvironment } from '../targets/guard.ts';
import type { FromLive, ToLive } from './messages.ts';

export interface LiveView {
  /** Shows the final report in the pages that are open, and resolves when the process is gone. Idempotent. Never rejects. */
  finish(reportFile: string | null): Promise<void>;
}

/** It gives the pages 3 s to take the last state; whoever needs much longer is stuck. */
const FINISH_MS = 10_000;

/**
 * Starts the process that serves the page of a run. It never stops the run: if it fails, `note` says so.
 * `note` is told the URL as soon as there is one.
 */
export function startLiveView(folder: string, note: (text: string) => void): LiveView {
  // `.ts` when Node runs the sources, `.js` in the compiled package.
  const entry = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const child = fork(entry, [join(folder, JOURNAL_NAME)], {
    execArgv: [],
    env: helperEnvironment(),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let finishing: Promise<void> | null = null;
  let reason: string | null = null;
  const gone = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      reason = error.message;
      resolve();
    });
    child.once('exit', (code, signal) => {
      reason ??= signal === null ? `exit code ${code}` : signal;
      resolve();
    });
  });
  child.on('message', (message: FromLive) => {
    if (message.type === 'ready') note(`Live view: ${message.url}`);
    else reason = message.reason;
  });
  void gone.then(() => {
    if (finishing === null) note(`The live view has ended (${reason}); the run goes on without it.`);
  });
  return {
    finish(reportFile) {
      finishing ??= (async () => {
        const message: ToLive = { type: 'ended', reportFile };
        if (child.connected) child.send(message, () => {});
        const timer = setTimeout(() => child.kill('SIGKILL'), FINISH_MS);
        await gone;
        clearTimeout(timer);
      })();
      return finishing;
    },
  };
}
