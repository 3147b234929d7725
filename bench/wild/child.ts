import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

export interface ChildResult {
  /** Null: ended by a signal, or never started. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end in `cwd`. `node` on its PATH is the Node that runs this bench, so that every server runs on
 * the same V8. On abort the program gets SIGINT once, and the promise still waits for its end: it has to clean up.
 */
export function runChild(
  command: string,
  args: string[],
  { cwd, signal }: { cwd: string; signal: AbortSignal },
): Promise<ChildResult> {
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const interrupt = () => child.kill('SIGINT');
  if (signal.aborted) interrupt();
  signal.addEventListener('abort', interrupt);
  return new Promise((done) => {
    child.once('error', (error) => {
      stderr += error.message;
    });
    child.once('close', (code) => {
      signal.removeEventListener('abort', interrupt);
      done({ code, stdout, stderr });
    });
  });
}
