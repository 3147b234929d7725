import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Held } from './testing/memory-child.ts';
import { openRawClient, type RawClient, streamRequest } from './testing/raw-client.ts';
import { eventLines } from './testing/start-server.ts';
import { until } from './testing/until.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const STREAM_COUNT = 1_000;

/** Half as much again as what it was when this was written: 8 KiB, nearly all of it of node:http. */
const MAX_LIVE_BYTES_A_STREAM = 12 * KiB;
/** It starts with some 7 MiB; 1,000 streams double it twice where they may. */
const MAX_YOUNG_BYTES = 14 * MiB;

/** What 1,000 streams, each with its history and an event, take of a server in a process of its own. */
async function hold(fault: string): Promise<{ liveBytesPerStream: number; youngBytes: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'sse-memory-'));
  mkdirSync(join(dir, 'flow'));
  const append = (count: number) => appendFileSync(join(dir, 'flow', 'events.jsonl'), eventLines(count, 100));
  append(10);
  const script = fileURLToPath(new URL('testing/memory-child.ts', import.meta.url));
  const child = fork(script, [dir, fault], { execArgv: ['--expose-gc'] });
  const exited = once(child, 'exit');
  const clients: RawClient[] = [];
  try {
    const read = async () => {
      const answer = once(child, 'message');
      child.send('read');
      return (await answer)[0] as Held;
    };
    const { port } = await read();
    const open = async (count: number) => {
      const opened = Array.from({ length: count }, () =>
        openRawClient({ port, request: streamRequest('flow'), countOnly: true }),
      );
      clients.push(...opened);
      const all = (bytes: number) => () => opened.every(({ receivedBytes }) => receivedBytes >= bytes);
      await until('every stream has its history', all(1_000));
      const mostBytes = Math.max(...opened.map(({ receivedBytes }) => receivedBytes));
      append(10);
      await until('every stream has an event', all(mostBytes + 1_000));
    };
    await open(50); // what is compiled or made once is there now
    const before = await read();
    await open(STREAM_COUNT);
    const held = await read();
    return {
      liveBytesPerStream: (held.liveBytes - before.liveBytes) / STREAM_COUNT,
      youngBytes: held.youngBytes,
    };
  } finally {
    for (const { socket } of clients) socket.destroy();
    child.disconnect();
    await exited;
    rmSync(dir, { recursive: true, force: true });
  }
}

test('a held stream takes little, and the space for new objects does not grow with the streams', async () => {
  const { liveBytesPerStream, youngBytes } = await hold('');
  expect(liveBytesPerStream).toBeLessThan(MAX_LIVE_BYTES_A_STREAM);
  expect(liveBytesPerStream).toBeGreaterThan(1 * KiB); // or they were not held
  expect(youngBytes).toBeLessThan(MAX_YOUNG_BYTES);
});

test('what each stream keeps, shows', async () => {
  const { liveBytesPerStream } = await hold('keep');
  expect(liveBytesPerStream).toBeGreaterThan(MAX_LIVE_BYTES_A_STREAM);
});

test('a young generation left to V8 shows', async () => {
  const { youngBytes } = await hold('grow');
  expect(youngBytes).toBeGreaterThan(MAX_YOUNG_BYTES);
});
