import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../harness/targets/free-port.ts';
import { PLAIN_SERVER } from './run-kinds.ts';

/** Name of the variable in the environment of a server that the driver started: by it they are found if the driver ends. */
export const SERVER_VARIABLE = 'HYDROTEST_CHAOS_SERVER';

/** A server that somebody else runs: here the driver, in a process group of its own. The program may look at it, and no more. */
export interface AttachedServer {
  readonly pid: number;
  readonly port: number;
  /** A signal of the driver's own. False: it is gone. */
  kill(signal: NodeJS.Signals): boolean;
  /** Kills it, and starts another one on the same port. */
  restart(): Promise<void>;
  /** What somebody else did to it, in words; empty: it was left alone, and serves. A server that the driver stopped goes on first. */
  harm(): Promise<string[]>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** On a machine with much else to do a server that serves can take seconds for its first event. */
const SERVE_MS = 20_000;
const READY_MS = 20_000;
const POLL_MS = 20;

/** Starts it, and waits until it serves. */
export async function startServer(caseId: string): Promise<AttachedServer> {
  const port = await findFreePort();
  let process = await spawnServer(caseId, port);
  return {
    get pid() {
      return process.pid;
    },
    port,
    kill: (signal) => process.kill(signal),
    async restart() {
      await process.end();
      process = await spawnServer(caseId, port);
    },
    async harm() {
      process.kill('SIGCONT');
      const signals = process.signalsOfOthers();
      const ended = process.endedByOthers();
      if (ended !== null) return [...signals, `the server that was attached to is gone: it ${ended}`];
      if (process.isGone() || (await serves(port))) return signals;
      return [...signals, `the server that was attached to lives, and answered nobody in ${SERVE_MS} ms`];
    },
    close: () => process.end(),
  };
}

interface ServerProcess {
  pid: number;
  kill(signal: NodeJS.Signals): boolean;
  isGone(): boolean;
  endedByOthers(): string | null;
  signalsOfOthers(): string[];
  end(): Promise<void>;
}

async function spawnServer(caseId: string, port: number): Promise<ServerProcess> {
  const child = spawn(process.execPath, [PLAIN_SERVER, '--tell-signals'], {
    env: { PORT: String(port), [SERVER_VARIABLE]: caseId },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  /** Of the driver's own signals these end it. */
  const deadly = new Set<NodeJS.Signals>();
  const kill = (signal: NodeJS.Signals) => {
    if (isGone(child)) return false;
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') deadly.add(signal);
    return child.kill(signal);
  };
  const server: ServerProcess = {
    pid: child.pid ?? 0,
    kill,
    isGone: () => isGone(child),
    endedByOthers() {
      if (!isGone(child)) return null;
      const { signalCode, exitCode } = child;
      if (signalCode === null) return `ended with exit code ${exitCode}`;
      return deadly.has(signalCode) ? null : `was ended by ${signalCode}`;
    },
    signalsOfOthers: () =>
      told
        .split('\n')
        .filter((name) => name !== '')
        .map((name) => `the server that was attached to got ${name}`),
    async end() {
      kill('SIGKILL');
      await exited;
    },
  };
  const deadline = performance.now() + READY_MS;
  while (!(await serves(port))) {
    if (performance.now() < deadline && !isGone(child)) await sleep(POLL_MS);
    else {
      await server.end();
      throw new Error(`the server to attach to does not serve on port ${port}`);
    }
  }
  return server;
}

function isGone({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Whether a client gets a stream and its first event. */
async function serves(port: number): Promise<boolean> {
  const over = AbortSignal.timeout(SERVE_MS);
  try {
    const response = await fetch(`http://127.0.0.1:${port}/events`, { signal: over });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    await reader?.cancel();
    return response.status === 200 && first?.done === false;
  } catch {
    return false;
  }
}
