import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A Node process that runs what it is told to, so that a test knows what its numbers must be. */
export interface ObedientProcess {
  /** Of the process that obeys: below a wrapper not the one that was spawned. */
  readonly pid: number;
  readonly rootPid: number;
  /** On which it answers HTTP requests. */
  readonly port: number;
  /** Runs statements in the process; `return` gives a value (as JSON), `await` waits. */
  run(code: string): Promise<unknown>;
  /** What it wrote to its standard error so far. */
  stderrText(): string;
  /** Ends the whole group. Idempotent. */
  end(): Promise<void>;
}

interface Message {
  pid: number;
  port: number;
  value: unknown;
  error: string | null;
}

/** Told over Node's IPC channel, whose descriptor a wrapping shell hands on: so no connection is seen in the numbers. */
const SCRIPT = `
const AsyncFunction = (async () => {}).constructor;
const server = require('node:http').createServer((request, response) => response.end('ok'));
const say = (value, error) => process.send({ pid: process.pid, port: server.address().port, value: value ?? null, error });
process.on('message', (code) => AsyncFunction('require', code)(require).then(
  (value) => say(value, null), (error) => say(null, String(error.stack))));
server.listen(0, '127.0.0.1', () => say(null, null));
`;

/**
 * `wrap` is a shell command in which `"$NODE" "$@"` starts the process; without it there is no shell.
 */
export async function startObedientProcess(
  options: { node?: string; nodeArgs?: string[]; wrap?: string; env?: Record<string, string> } = {},
): Promise<ObedientProcess> {
  const { node = process.execPath, nodeArgs = [], wrap, env = {} } = options;
  const args = [...nodeArgs, '-e', SCRIPT];
  const [command, commandArgs] = wrap === undefined ? [node, args] : ['sh', ['-c', wrap, 'sh', ...args]];
  const child: ChildProcess = spawn(command, commandArgs, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env.PATH ?? '', NODE: node, ...env },
  });
  const rootPid = child.pid;
  if (rootPid === undefined) throw new Error(`${command} could not be started`);
  let stderrText = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderrText += text;
  });
  const exited = once(child, 'exit');
  const ended = exited.then(([code, signal]) => {
    throw new Error(`the process ended with ${code ?? signal}`);
  });
  ended.catch(() => {});
  const answer = async (): Promise<Message> => {
    const [message] = await Promise.race([once(child, 'message'), ended]);
    if (message.error !== null) throw new Error(message.error);
    return message;
  };
  const { pid, port } = await answer();

  return {
    pid,
    rootPid,
    port,
    async run(code) {
      const answered = answer();
      child.send(code);
      return (await answered).value;
    },
    stderrText: () => stderrText,
    async end() {
      try {
        process.kill(-rootPid, 'SIGKILL');
      } catch {
        // The group is gone already.
      }
      await exited;
    },
  };
}
