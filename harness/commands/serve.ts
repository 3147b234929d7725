import { spawn } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT_INTERNAL } from '../exit-codes.ts';
import { startGuardian } from '../targets/guard.ts';
import { readIdentity } from '../targets/process-group.ts';

/** `hydrotest serve`: the reference server is a program of its own. It runs as one, with this terminal. */
export async function serveCommand(args: string[]): Promise<void> {
  const here = fileURLToPath(import.meta.url);
  const main = join(dirname(here), '..', '..', 'server', `main${extname(here)}`);
  const guardian = startGuardian({ folder: null });
  // A group of its own, which the guardian ends if this process is killed: so a terminal's Ctrl-C is passed on, too.
  const child = spawn(process.execPath, [main, ...args], { stdio: 'inherit', detached: true });
  if (child.pid !== undefined) guardian.watch(child.pid, readIdentity(child.pid)?.startTicks ?? null);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill(name));
  process.exitCode = await new Promise<number>((done) => {
    child.once('error', () => done(EXIT_INTERNAL));
    child.once('exit', (code, signal) => done(code ?? (signal === null ? EXIT_INTERNAL : 0)));
  });
  await guardian.dismiss();
}
