import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import type { ChildOutput, Command } from './contender.ts';

export interface Child {
  pid: number;
  /** Resolves when it has ended and all its output is read. Never rejects. */
  output: Promise<ChildOutput>;
  hasEnded(): boolean;
  /** Sends the signal (null: none) and waits; whoever has not ended after `withinMs` is killed, with all it started. */
  stop(signal: NodeJS.Signals | null, withinMs: number): Promise<ChildOutput>;
}

/** Leaders of process groups that have not ended. */
const groups = new Set<number>();

process.on('exit', () => {
  for (const pid of groups) killGroup(pid);
});

/**
 * Starts a program in a process group of its own, so that its end is also the end of whatever it started. Its standard
 * input stays open as long as this process lives. `node` on its PATH is the Node that runs the bench.
 *
 * @throws Error when there is no such program.
 */
export async function startChild({ file, args, env = {}, cwd }: Command): Promise<Child> {
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const child = spawn(file, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PATH, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let [stdout, stderr, ended] = ['', '', false];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new Error(`${file} can't be started: ${cause.message}`, { cause })),
    );
  });
  const pid = child.pid as number;
  groups.add(pid);
  const output = new Promise<ChildOutput>((resolve) => {
    // What it left behind holds the pipes open, and 'close' would wait for that.
    child.once('exit', () => killGroup(pid));
    child.once('close', (code) => {
      groups.delete(pid);
      ended = true;
      resolve({ code, stdout, stderr });
    });
  });
  return {
    pid,
    output,
    hasEnded: () => ended,
    async stop(signal, withinMs) {
      if (signal !== null && !ended) child.kill(signal);
      const timer = setTimeout(() => killGroup(pid), withinMs);
      try {
        return await output;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}
