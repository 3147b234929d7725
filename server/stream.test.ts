import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createParser } from 'eventsource-parser';
import { expect, test } from 'vitest';
import type { ConnectionRoom } from './connection-room.ts';
import type { ServerParts } from './parts.ts';
import { eventLines, startServer, type TestServer } from './testing/start-server.ts';
import { until } from './testing/until.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

function dataOf(body: string): string[] {
  const data: string[] = [];
  createParser({ onEvent: (event) => data.push(event.data) }).feed(body);
  return data;
}

/** Notes the longest queue that any stream had behind a batch. */
function withQueueWatch(longest: { queueBytes: number }) {
  return (parts: ServerParts): ServerParts => {
    const openStream: ServerParts['openStream'] = (options) => {
      const { transport, eventLog } = options;
      return parts.openStream({
        ...options,
        eventLog: {
          ...eventLog,
          openTailCount: eventLog.openTailCount,
          subscribe: (workflowId, startAt, consumer) =>
            eventLog.subscribe(workflowId, startAt, {
              deliver(batch) {
                const hasRoom = consumer.deliver(batch);
                longest.queueBytes = Math.max(longest.queueBytes, transport.queuedBytes);
                return hasRoom;
              },
              reset: () => consumer.reset(),
            }),
        },
      });
    };
    return { ...parts, openStream };
  };
}

async function closedAs(server: TestServer, reason: string): Promise<void> {
  await until(`a stream closes as ${reason}`, () =>
    server.log.some((line) => line.msg === 'stream closed' && line.reason === reason),
  );
}

test('the head goes out at once, with every header that keeps proxies and caches out of the way', async () => {
  const server = await startServer();
  const client = server.stream('no-file-yet');
  await client.received('retry: 3000\n\n');
  const [head, rest] = client.text.split('\r\n\r\n', 2);
  const [status, ...headers] = (head ?? '').split('\r\n');
  expect(status).toBe('HTTP/1.1 200 OK');
  expect(headers.filter((header) => !header.startsWith('Date: '))).toEqual([
    'Content-Type: text/event-stream; charset=utf-8',
    'Cache-Control: no-cache, no-store, must-revalidate',
    'X-Accel-Buffering: no',
    'Connection: keep-alive',
    'Keep-Alive: timeout=60, max=100',
    'Transfer-Encoding: chunked',
  ]);
  expect(rest).toMatch(/^d\r\nretry: 3000\n\n/);
  await server.close();
});

test('a client that asks for the connection to be closed is told that it will be', async () => {
  const server = await startServer({ maxDurationMs: 50 });
  const client = server.stream('flow', { Connection: 'close' });
  await client.closed();
  expect(client.text).toContain('\r\nConnection: close\r\n');
  expect(client.isComplete).toBe(true);
  await server.close();
});

test('starts with the most recent events, then follows the file', async () => {
  const server = await startServer({ recentEvents: 3 });
  server.append('flow', '{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n{"n":5}\n');
  const client = server.stream('flow');
  await client.received('data: {"n":5}');
  server.append('flow', '{"n":6}\n{"torn":');
  await client.received('data: {"n":6}');
  server.append('flow', 'true}\n');
  await client.received('{"torn":true}');
  expect(client.body).toBe(
    'retry: 3000\n\n' +
      'id: 24\ndata: {"n":3}\n\nid: 32\ndata: {"n":4}\n\nid: 40\ndata: {"n":5}\n\n' +
      'id: 48\ndata: {"n":6}\n\nid: 62\ndata: {"torn":true}\n\n',
  );
  await server.close();
});

test('Last-Event-ID goes on behind that event; what is no offset is ignored', async () => {
  const server = await startServer({ recentEvents: 1 });
  server.append('flow', '{"n":1}\n{"n":2}\n{"n":3}\n');
  const resumed = server.stream('flow', { 'Last-Event-ID': '8' });
  await resumed.received('data: {"n":3}');
  expect(dataOf(resumed.body)).toEqual(['{"n":2}', '{"n":3}']);
  const strange = server.stream('flow', { 'Last-Event-ID': '-8; drop' });
  await strange.received('data: {"n":3}');
  expect(dataOf(strange.body)).toEqual(['{"n":3}']);
  await server.close();
});

test('a replaced file is announced, and takes the old offset from the client', async () => {
  const server = await startServer();
  server.append('flow', '{"n":1}\n{"n":2}\n');
  const client = server.stream('flow');
  await client.received('data: {"n":2}');
  writeFileSync(join(server.dir, 'flow', 'events.jsonl'), '{"n":9}\n');
  await client.received('data: {"n":9}');
  expect(client.body).toContain('event: reset\nid: 0\ndata: {}\n\nid: 8\ndata: {"n":9}\n\n');
  await server.close();
});

test('at the deadline the stream says why, and the response ends properly', async () => {
  const server = await startServer({ maxDurationMs: 120 });
  server.append('flow', '{"n":1}\n');
  const client = server.stream('flow');
  await until('the response ends', () => client.isComplete);
  expect(client.body).toMatch(/event: close\ndata: \{"reason":"max_duration_exceeded"\}\n\n$/);
  expect(client.text).toMatch(/\r\n0\r\n\r\n$/);
  await closedAs(server, 'max_duration_exceeded');
  expect(await server.health()).toMatchObject({ openStreams: 0, openTails: 0 });
  await server.close();
});

test('a stream without events is kept alive by comments', async () => {
  const server = await startServer({ heartbeatMs: 20 });
  const client = server.stream('flow');
  await until('three heartbeats', () => client.body.split(': heartbeat\n\n').length > 3);
  expect(dataOf(client.body)).toEqual([]);
  await server.close();
});

test('a stalled reader costs at most its queue and is closed, and a good one gets everything', async () => {
  const longest = { queueBytes: 0 };
  const server = await startServer({ stallMs: 200 }, withQueueWatch(longest));
  const eventCount = 20_000;
  server.append('flow', eventLines(eventCount, 1 * KiB));
  const stalled = server.stream('flow', { 'Last-Event-ID': '0' });
  stalled.socket.pause();
  const good = server.stream('flow', { 'Last-Event-ID': '0' });
  await closedAs(server, 'slow_consumer');
  await good.received(`data: {"n":${eventCount - 1},`);
  const numbers = dataOf(good.body).map((data) => (JSON.parse(data) as { n: number }).n);
  expect(numbers).toEqual(Array.from({ length: eventCount }, (_, n) => n));
  expect(longest.queueBytes).toBeGreaterThan(256 * KiB);
  expect(longest.queueBytes).toBeLessThanOrEqual(1 * MiB);
  expect(await server.health()).toMatchObject({ openStreams: 1, ended: { slow_consumer: 1 } });
  stalled.socket.resume();
  await stalled.closed();
  await server.close();
});

test('a slow reader that moves is served at its own pace, however small the queue', async () => {
  const server = await startServer({ stallMs: 1000, maxQueueBytes: 1 });
  const eventCount = 16_000;
  server.append('flow', eventLines(eventCount, 1 * KiB));
  const slow = server.stream('flow', { 'Last-Event-ID': '0' });
  // A breath after each read, which lasts longer altogether than a stall may.
  slow.socket.on('data', () => {
    slow.socket.pause();
    setTimeout(() => slow.socket.resume(), 15);
  });
  await slow.received(`data: {"n":${eventCount - 1},`);
  expect(dataOf(slow.body)).toHaveLength(eventCount);
  await server.close();
});

test('a peer that takes nothing for long has vanished, even where the queue has room', async () => {
  const server = await startServer({ vanishedMs: 200, maxQueueBytes: 1024 * MiB });
  server.append('flow', eventLines(20_000, 1 * KiB));
  const client = server.stream('flow', { 'Last-Event-ID': '0' });
  client.socket.pause();
  await closedAs(server, 'vanished');
  await server.close();
});

test('a stream without anything to send has not vanished', async () => {
  const server = await startServer({ vanishedMs: 20, stallMs: 20, heartbeatMs: 10 });
  const client = server.stream('flow');
  await until('ten heartbeats', () => client.body.split(': heartbeat\n\n').length > 10);
  server.append('flow', '{"n":1}\n');
  await client.received('data: {"n":1}');
  expect(client.isClosed).toBe(false);
  await server.close();
});

test('a reader that stalls at the deadline gets its time, then its socket is destroyed', async () => {
  const rooms: ConnectionRoom[] = [];
  const server = await startServer({ maxDurationMs: 400, lingerMs: 50 }, (parts) => ({
    ...parts,
    createRoom(options) {
      const room = parts.createRoom(options);
      rooms.push(room);
      return room;
    },
  }));
  server.append('flow', eventLines(20_000, 1 * KiB));
  const client = server.stream('flow', { 'Last-Event-ID': '0' });
  client.socket.pause();
  await closedAs(server, 'max_duration_exceeded');
  expect(client.isClosed).toBe(false); // it has not looked yet
  await until('the connection is gone', () => rooms[0]?.connectionCount === 0);
  await server.close();
});

test('when the log cannot be followed the connection ends, and the slot comes back', async () => {
  const server = await startServer({ limit: 1 }, (parts) => ({
    ...parts,
    eventLog: {
      openTailCount: 0,
      tailLagBytes: () => 0,
      close: () => parts.eventLog.close(),
      subscribe: () => {
        throw new Error('no log today');
      },
    },
  }));
  for (let round = 0; round < 2; round += 1) {
    const client = server.stream('flow');
    await client.closed();
  }
  expect(server.log.filter(({ msg }) => msg === 'request failed')).toHaveLength(2);
  expect(await server.health()).toMatchObject({ openStreams: 0, openStreamsByWorkflow: {}, rejected: 0 });
  await server.close();
});
