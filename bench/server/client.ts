import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask } from './ask.ts';

const PROCESS = fileURLToPath(new URL('client-process.ts', import.meta.url));

export type ClientRequest =
  | { do: 'open'; port: number; workflowIds: readonly string[]; streamsEach: number }
  | { do: 'restart' | 'count' | 'arrivals' | 'close' };

/** What came of the numbered events at all streams together, since the last `restart`. */
export interface Arrivals {
  /** Events that came as the next one of their stream. */
  count: number;
  /** Events that came out of turn: repeated, or behind one that is missing. */
  wrong: number;
  openStreams: number;
  /** From the append to the arrival. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface Client {
  /** Resolves when every stream has been answered with 200. */
  open(port: number, workflowIds: readonly string[], streamsEach: number): Promise<void>;
  /** Counting begins anew, with event 0 as the next one. */
  restart(): Promise<void>;
  /** Waits for so many events; returns what has come by then, or after `withinMs`. */
  receives(eventCount: number, withinMs: number): Promise<Arrivals>;
  /** Drops all streams. */
  drop(): Promise<void>;
  stop(): Promise<void>;
}

/** The line of a numbered event; the time is of the clock that all processes of a machine share. */
export function numberedLine(n: number): string {
  return `{"n":${n},"sentMicros":${process.hrtime.bigint() / 1000n},"text":"${'x'.repeat(100)}"}\n`;
}

export function startClient(): Client {
  const child: ChildProcess = fork(PROCESS, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const request = <Answer>(question: ClientRequest) => ask<Answer>(child, question);
  return {
    open: (port, workflowIds, streamsEach) => request({ do: 'open', port, workflowIds, streamsEach }),
    restart: () => request({ do: 'restart' }),
    async receives(eventCount, withinMs) {
      const deadlineMs = performance.now() + withinMs;
      while ((await request<{ count: number }>({ do: 'count' })).count < eventCount) {
        if (performance.now() > deadlineMs) break;
        await sleep(20);
      }
      return request<Arrivals>({ do: 'arrivals' });
    },
    drop: () => request({ do: 'close' }),
    async stop() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
