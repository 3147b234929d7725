import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server started by a shell command in a folder of its own, with whatever processes that takes. */
export interface ServedCommand {
  readonly rootPid: number;
  readonly port: number;
  readonly folder: string;
  /** Asks the server by a new connection; the answer's text. */
  ask(path: string): Promise<string>;
  stderrText(): string;
  /** Ends the whole group and removes the folder. Idempotent. */
  end(): Promise<void>;
}

/**
 * For `server.cjs` or the like. Answers `/pid`; `/keep?<bytes>` keeps so much in the process that answers; `/tell?<code>` runs code there.
 * Listens on PORT.
 */
export const SERVER = `
const kept = [];
const handler = async (request, response) => {
  const { pathname, search } = new URL(request.url, 'http://x');
  const given = decodeURIComponent(search.slice(1));
  if (pathname === '/keep') kept.push(new Array(Number(given) / 8).fill(0.5));
  const value = pathname === '/tell' ? await eval('(async () => {' + given + '})()') : process.pid;
  response.end(String(value));
};
const serve = () => require('node:http').createServer(handler).listen(Number(process.env.PORT), '127.0.0.1');
`;

const READY_MS = 30_000;
const POLL_MS = 20;

export async function startServedCommand(
  command: string,
  files: Record<string, string>,
  env: Record<string, string> = {},
): Promise<ServedCommand> {
  const folder = mkdtempSync(join(tmpdir(), 'hydrotest-served-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const port = await freePort();
  const child: ChildProcess = spawn(`(${command}) 2> stderr.txt`, {
    shell: true,
    cwd: folder,
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env.PATH ?? '', HOME: folder, NODE: process.execPath, PORT: String(port), ...env },
  });
  const exited = once(child, 'exit');
  const rootPid = child.pid ?? 0;
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
    return response.text();
  };
  const stderrText = () => readFileSync(join(folder, 'stderr.txt'), 'utf8');
  const end = async () => {
    try {
      process.kill(-rootPid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };

  const deadline = performance.now() + READY_MS;
  for (;;) {
    const answer = await ask('/pid').catch(() => null);
    if (answer !== null) break;
    if (child.exitCode !== null || performance.now() > deadline) {
      const said = stderrText();
      await end();
      throw new Error(`"${command}" does not answer: ${said}`);
    }
    await sleep(POLL_MS);
  }
  return { rootPid, port, folder, ask, stderrText, end };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
