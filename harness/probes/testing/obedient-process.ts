import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { countPortSockets } from '../sockets.ts';

/** A Node process that runs what it is told to, so that a test knows what its numbers must be. */
export interface ObedientProcess {
  /** Of the process that obeys: below a wrapper not the one that was spawned. */
  readonly pid: number;
  readonly rootPid: number;
  /** On which it answers `ok` to any request. */
  readonly port: number;
  /** Runs statements in the process; `return` gives a value (as JSON), `await` waits. */
  run(code: string): Promise<unknown>;
  /** Ends the whole group. Idempotent. */
  end(): Promise<void>;
}

const SCRIPT = `
const http = require('node:http');
const AsyncFunction = (async () => {}).constructor;
const server = http.createServer((request, response) => {
  let code = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => { code += chunk; });
  request.on('end', async () => {
    response.setHeader('connection', 'close');
    if (request.method !== 'POST') return response.end('ok');
    try {
      const value = await AsyncFunction('require', code)(require);
      response.end(JSON.stringify({ value: value ?? null }));
    } catch (error) {
      response.end(JSON.stringify({ error: String(error.stack) }));
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log('obeying', process.pid, server.address().port));
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
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH ?? '', NODE: node, ...env },
  });
  const rootPid = child.pid;
  if (rootPid === undefined || child.stdout === null) throw new Error(`${command} could not be started`);
  const exited = once(child, 'exit');
  const [line] = await Promise.race([once(child.stdout, 'data'), exited.then(() => ['ended early'])]);
  const [, pid, port] = String(line).split(' ').map(Number);
  if (pid === undefined || port === undefined) throw new Error(`the process said: ${line}`);

  return {
    pid,
    rootPid,
    port,
    async run(code) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: code });
      const answer = JSON.parse(await response.text());
      await connectionsGone(port);
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.value;
    },
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

/** Each command has a connection of its own, which must not be seen in the numbers. */
async function connectionsGone(port: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const { established = 0, close_wait = 0 } = (await countPortSockets(port)) ?? {};
    if (established + close_wait === 0) return;
    if (performance.now() > deadline) throw new Error(`a connection to port ${port} stayed open`);
    await sleep(5);
  }
}
