import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createServer } from '../create-server.ts';
import { createParts, type ServerParts } from '../parts.ts';
import { defaultSettings, type ServerSettings } from '../settings.ts';
import { openRawClient, type RawClient, type RawClientOptions, streamRequest } from './raw-client.ts';

export interface Health {
  status: string;
  uptimeSeconds: number;
  openStreams: number;
  openStreamsByWorkflow: Record<string, number>;
  openTails: number;
  ended: Record<string, number>;
  rejected: number;
  disk: { liveBytes: number; archivedBytes: number; measuredAt: string } | null;
}

export interface LogLine {
  msg: string;
  level: string;
  connectionId?: string;
  workflowId?: string;
  reason?: string;
  /** Of the line that says that the server is ready. */
  url?: string;
}

export interface TestServer {
  url: string;
  port: number;
  dir: string;
  parts: ServerParts;
  log: LogLine[];
  append(workflowId: string, lines: string): void;
  health(): Promise<Health>;
  /** Opens a connection; it is destroyed when the server is closed. */
  client(options?: Omit<RawClientOptions, 'port'>): RawClient;
  stream(workflowId: string, headers?: Record<string, string>): RawClient;
  /** Ends the server, and leaves its files for another. */
  stop(): Promise<void>;
  /** Ends all clients, then the server, and removes its files. Idempotent. */
  close(): Promise<void>;
}

/** A real server on a free port, or on that of one that was stopped, over a folder of its own. `change` may replace parts. */
export async function startServer(
  settings: Partial<ServerSettings> = {},
  change: (parts: ServerParts) => ServerParts = (parts) => parts,
  atPort = 0,
): Promise<TestServer> {
  const dir = settings.dir ?? mkdtempSync(join(tmpdir(), 'sse-server-'));
  const log: LogLine[] = [];
  const logger = pino(
    { base: null, formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => void log.push(JSON.parse(line) as LogLine) },
  );
  const parts = change(createParts({ ...defaultSettings, ...settings, dir }, logger));
  const server = createServer(parts);
  const url = await server.listen(atPort, '127.0.0.1');
  const port = Number(new URL(url).port);
  const clients: RawClient[] = [];

  const client = (options: Omit<RawClientOptions, 'port'> = {}) => {
    const opened = openRawClient({ port, ...options });
    clients.push(opened);
    return opened;
  };
  return {
    url,
    port,
    dir,
    parts,
    log,
    append(workflowId, lines) {
      mkdirSync(join(dir, workflowId), { recursive: true });
      appendFileSync(join(dir, workflowId, 'events.jsonl'), lines);
    },
    async health() {
      // A connection of its own each time, so that none stays open.
      const response = await fetch(`${url}/health`, { headers: { connection: 'close' } });
      return (await response.json()) as Health;
    },
    client,
    stream: (workflowId, headers) => client({ request: streamRequest(workflowId, headers) }),
    stop: () => server.close(),
    async close() {
      for (const { socket } of clients) socket.destroy();
      await server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Lines of about `bytesPerLine` bytes, each with its number. */
export function eventLines(count: number, bytesPerLine: number): string {
  const padding = 'x'.repeat(Math.max(0, bytesPerLine - 25));
  return Array.from({ length: count }, (_, n) => `${JSON.stringify({ n, padding })}\n`).join('');
}
