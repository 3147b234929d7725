import { spawn } from 'node:child_process';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT_INTERNAL } from '../exit-codes.ts';

/** `hydrotest serve`: the reference server is a program of its own. It runs as one, with this terminal. */
export async function serveCommand(args: string[]): Promise<void> {
  const here = fileURLToPath(import.meta.url);
  const main = join(dirname(here), '..', '..', 'server', `main${extname(here)}`);
  const child = spawn(process.execPath, [main, ...args], { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the server by itself; a signal to this process alone is passed on.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.exitCode = await new Promise<number>((done) => {
    child.once('error', () => done(EXIT_INTERNAL));
    child.once('exit', (code, signal) => done(code ?? (signal === null ? EXIT_INTERNAL : 0)));
  });
}
