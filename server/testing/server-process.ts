import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRawClient, type RawClient, streamRequest } from './raw-client.ts';
import type { Health, LogLine } from './start-server.ts';
import { until } from './until.ts';

const main = join(import.meta.dirname, '..', 'main.ts');

/** A server as its users start it, in a process and over a folder of its own. */
export interface ServerProcess {
  child: ChildProcess;
  port: number;
  dir: string;
  /** What it has logged so far, line by line as text. */
  readonly lines: string[];
  log(): LogLine[];
  append(workflowId: string, text: string | Buffer): void;
  health(): Promise<Health>;
  /** Descriptors that the process has open; Linux only. */
  fdCount(): number;
  /** Ends the process and removes its folder. Idempotent. */
  close(): Promise<void>;
}

/** `shell` stands before the command, such as `ulimit -n 64;`; `node` are options of Node; `user` needs root. */
export async function startProcess(
  options: readonly string[],
  { shell = '', node = [], user }: { shell?: string; node?: string[]; user?: number } = {},
): Promise<ServerProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'sse-attacked-'));
  const args = [process.execPath, ...node, main, '--port', '0', '--dir', dir, ...options];
  const child = spawn('sh', ['-c', `${shell} exec "$@"`, 'sh', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(user !== undefined && { uid: user, gid: user }),
  });
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const lines = () => text.split('\n').slice(0, -1);
  const log = () => lines().map((line) => JSON.parse(line) as LogLine);
  await until('the ready line', () => lines().length > 0 || child.exitCode !== null);
  const url = String(log()[0]?.url);
  return {
    child,
    port: Number(new URL(url).port),
    dir,
    get lines() {
      return lines();
    },
    log,
    append(workflowId, added) {
      mkdirSync(join(dir, workflowId), { recursive: true });
      appendFileSync(join(dir, workflowId, 'events.jsonl'), added);
    },
    async health() {
      const response = await fetch(`${url}/health`, { headers: { connection: 'close' } });
      return (await response.json()) as Health;
    },
    fdCount: () => readdirSync(`/proc/${child.pid}/fd`).length,
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await new Promise((exited) => child.once('exit', exited));
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Good clients of one workflow, which are to get every event, whatever happens beside them. */
export async function openGoodClients(server: ServerProcess, workflowId: string, count: number) {
  const clients: RawClient[] = [];
  for (let n = 0; n < count; n += 1)
    clients.push(openRawClient({ port: server.port, request: streamRequest(workflowId) }));
  for (const client of clients) await client.received('retry:');
  let fed = 0;
  return {
    clients,
    feed(): void {
      server.append(workflowId, `{"n":${fed}}\n`);
      fed += 1;
    },
    /** Rejects unless each of them has each event once, in order, and is still open. */
    async haveAll(): Promise<void> {
      for (const client of clients) {
        await client.received(`{"n":${fed - 1}}`);
        const got = [...client.body.matchAll(/data: \{"n":(\d+)\}/g)].map(([, n]) => Number(n));
        const expected = Array.from({ length: fed }, (_, n) => n);
        if (JSON.stringify(got) !== JSON.stringify(expected) || client.isClosed)
          throw new Error(`a good client got ${got.length} of ${fed} events, closed: ${client.isClosed}`);
      }
    },
    close(): void {
      for (const { socket } of clients) socket.destroy();
    },
  };
}
