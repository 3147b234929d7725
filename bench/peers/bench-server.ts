import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What the bench server saw of the streams at `/hold`, and of the answers of the other routes. */
export interface ServerStats {
  openCount: number;
  peakOpenCount: number;
  /** From the first connection to the request that made the peak. */
  openingMs: number;
  /** Events handed to the kernel for held streams. */
  writtenEventCount: number;
  /** Answers of the other routes that have been given to their end. */
  playedOutCount: number;
}

export interface BenchServer {
  /** Without a slash at its end. */
  url: string;
  stats(): Promise<ServerStats>;
  /** Ends the process, and resolves when it has ended. Idempotent. */
  close(): Promise<void>;
}

const file = fileURLToPath(new URL('server.ts', import.meta.url));

/** Starts the bench server in a process of its own, on a free port: no contender meets the TIME_WAIT of another. */
export async function startBenchServer(): Promise<BenchServer> {
  const child = fork(file, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const [port] = (await Promise.race([
    once(child, 'message'),
    ended.then(() => {
      throw new Error('the bench server ended before it listened');
    }),
  ])) as [number];
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    async stats() {
      const response = await fetch(`${url}/stats`);
      return (await response.json()) as ServerStats;
    },
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
