import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { databasePath } from '../../server/event-store/sqlite/database.ts';
import { Imports } from '../../server/event-store/testing/imports.ts';
import { ask } from './ask.ts';
import type { ProbeRequest, ServerReading } from './server-probe.ts';

const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url));
const PROBE = new URL('server-probe.ts', import.meta.url).href;
/** Longer than the server promises to need after SIGTERM. */
const STOP_WITHIN_MS = 10_000;
const HOLDS_WITHIN_MS = 10_000;

/** What the operating system counts for the process. */
export interface ProcessMemory {
  rssBytes: number;
  /** As RSS, but pages shared with other processes count for each of them in part. */
  pssBytes: number;
}

export interface ReferenceServer {
  readonly port: number;
  /** The folder of its workflows. */
  readonly dir: string;
  /** Makes a workflow's file and its history: `lineCount` lines of no number, so that no stream counts them. */
  createWorkflow(workflowId: string, lineCount: number): void;
  append(workflowId: string, line: string): void;
  read(request: ProbeRequest): Promise<ServerReading>;
  /** Resolves when so many streams are open; rejects when it takes longer than 10 s. */
  holds(streamCount: number): Promise<void>;
  /** Linux only. */
  memory(): ProcessMemory;
  /** Ends the process and removes its files. */
  stop(): Promise<void>;
}

/**
 * Starts the reference server as its users do, on a free port over a folder of its own; `options` as on its command line. With
 * `--store sqlite` each line that is appended to a file is imported at once.
 */
export async function startReferenceServer(options: readonly string[]): Promise<ReferenceServer> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-server-'));
  const child = fork(MAIN, ['--port', '0', '--dir', dir, ...options], {
    execArgv: ['--expose-gc', '--import', PROBE],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const pid = child.pid as number;
  const exited = once(child, 'exit');
  // All of its log is read, as it would wait for its reader otherwise; only the first line says something.
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [first] = await Promise.race([once(lines, 'line'), exited]);
  const { url } = JSON.parse(String(first)) as { url: string };
  const pathOf = (workflowId: string) => join(dir, workflowId, 'events.jsonl');
  const imports = options.includes('sqlite') ? new Imports(databasePath(dir), dir) : null;
  const write = (workflowId: string, text: string) => {
    appendFileSync(pathOf(workflowId), text);
    imports?.add(workflowId, pathOf(workflowId));
  };

  return {
    port: Number(new URL(url).port),
    dir,
    createWorkflow(workflowId, lineCount) {
      mkdirSync(join(dir, workflowId));
      const line = `${JSON.stringify({ type: 'history', text: 'x'.repeat(100) })}\n`;
      write(workflowId, line.repeat(lineCount));
    },
    append: write,
    read: (request) => ask<ServerReading>(child, { ...request }),
    async holds(streamCount) {
      const deadlineMs = performance.now() + HOLDS_WITHIN_MS;
      for (;;) {
        const response = await fetch(`${url}/health`, { headers: { connection: 'close' } });
        const { openStreams } = (await response.json()) as { openStreams: number };
        if (openStreams === streamCount) return;
        if (performance.now() > deadlineMs)
          throw new Error(`the server holds ${openStreams} streams, not ${streamCount}`);
        await sleep(20);
      }
    },
    memory() {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const bytesOf = (name: string) =>
        Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024;
      return { rssBytes: bytesOf('Rss'), pssBytes: bytesOf('Pss') };
    },
    async stop() {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(force);
      imports?.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
