import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createConnectionRoom } from '../connection-room.ts';
import { endReasons } from '../end-reason.ts';
import { openHttp2 } from '../testing/http2-client.ts';
import { eventLines, startServer, type TestServer } from '../testing/start-server.ts';
import { until } from '../testing/until.ts';
import { openWebSocket } from '../testing/web-socket-client.ts';
import { createMetricsRoute } from './route.ts';
import { createTally } from './tally.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
async function start(...options: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer(...options);
  servers.push(server);
  return server;
}

/** Series with its labels → value. Rejects what is no line of the format (Prometheus' exposition formats, text 0.0.4). */
async function scrape(server: TestServer): Promise<Record<string, number>> {
  const response = await fetch(`${server.url}/metrics`, { headers: { connection: 'close' } });
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const series: Record<string, number> = {};
  for (const line of (await response.text()).split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-z0-9_]+ ./.test(line)) continue;
    const [, name = '', value = ''] = /^([a-z0-9_]+(?:\{[a-z]+="[^"\\]*"\})?) (\S+)$/.exec(line) ?? [];
    expect(Number.isFinite(Number(value)) && name !== '', line).toBe(true);
    series[name] = Number(value);
  }
  return series;
}

test('what is open, has ended, was refused and was sent', async () => {
  const server = await start({ limit: 2 });
  server.append('flow', '{"n":1}\n');
  const nothing = await scrape(server);
  expect(nothing).toMatchObject({
    'sse_open_streams{protocol="http1"}': 0,
    sse_events_sent_total: 0,
    sse_open_tails: 0,
  });
  for (const reason of endReasons)
    expect(nothing).toHaveProperty([`sse_streams_ended_total{reason="${reason}"}`], 0);

  const stream = server.stream('flow');
  await stream.received('{"n":1}');
  const webSocket = openWebSocket(server.url, 'flow');
  await webSocket.received('"n":1');
  const http2 = openHttp2(server.url);
  await http2.stream('other').answered();
  expect(await server.stream('flow').answered()).toBe(429);
  const message = '{"id":8,"event":{"n":1}}';
  expect(await scrape(server)).toMatchObject({
    'sse_open_streams{protocol="http1"}': 1,
    'sse_open_streams{protocol="http2"}': 1,
    'sse_open_streams{protocol="websocket"}': 1,
    'sse_streams_rejected_total{scope="workflow"}': 1,
    'sse_streams_rejected_total{scope="server"}': 0,
    sse_events_sent_total: 2,
    sse_bytes_sent_total:
      2 * 'retry: 3000\n\n'.length + 'id: 8\ndata: {"n":1}\n\n'.length + message.length + 2,
    sse_open_tails: 2,
    sse_http2_sessions: 1,
    'sse_connections{state="streaming"}': 3,
  });

  stream.socket.destroy();
  webSocket.webSocket.terminate();
  http2.session.destroy();
  await until('all are gone', async () => (await server.health()).openStreams === 0);
  expect(await scrape(server)).toMatchObject({
    'sse_open_streams{protocol="websocket"}': 0,
    'sse_streams_ended_total{reason="client_closed"}': 3,
    sse_events_sent_total: 2,
    sse_open_tails: 0,
    'sse_connections{state="streaming"}': 0,
  });
});

test('however many workflows there are, there are as many series, and none has the name of one', async () => {
  const server = await start();
  const before = await scrape(server);
  for (let n = 0; n < 30; n += 1) await server.stream(`secret-${n}`).answered();
  const after = await scrape(server);
  // Where there is nothing to say of the event loop yet, there is no series of it.
  const names = (series: object) => Object.keys(series).filter((name) => !name.includes('quantile'));
  expect(names(after)).toEqual(names(before));
  expect(after['sse_open_streams{protocol="http1"}']).toBe(30);
  expect(JSON.stringify(after)).not.toContain('secret');
});

test('queues and the lag of the tail show readers that stall, and are gone with them', async () => {
  const server = await start();
  server.append('flow', eventLines(20_000, 1024));
  const stalled = server.client({
    request: 'GET /api/events/flow/stream?lastEventId=0 HTTP/1.1\r\nHost: test\r\n\r\n',
    countOnly: true,
  });
  await until('it has begun', () => stalled.receivedBytes > 0);
  stalled.socket.pause();
  await until(
    'its queue is full',
    async () => ((await scrape(server)).sse_longest_queue_bytes ?? 0) > 512 * 1024,
  );
  const full = await scrape(server);
  expect(full.sse_queued_bytes).toBe(full.sse_longest_queue_bytes);
  expect(full.sse_tail_lag_bytes).toBeGreaterThan(1024 * 1024);
  stalled.socket.resume();
  await until('it has all', async () => {
    const { sse_queued_bytes: queued, sse_tail_lag_bytes: lag } = await scrape(server);
    return queued === 0 && lag === 0;
  });
  expect(stalled.isClosed).toBe(false);
});

test('the process: its memory, its descriptors, and how late its timers are from the second scrape on', async () => {
  const server = await start();
  const first = await scrape(server);
  expect(first).not.toHaveProperty(['nodejs_eventloop_delay_seconds{quantile="1"}']);
  expect(first.process_resident_memory_bytes).toBeGreaterThan(10 * 1024 * 1024);
  expect(first.nodejs_heap_size_used_bytes).toBeGreaterThan(1024 * 1024);
  expect(
    Math.abs((first.process_start_time_seconds ?? 0) + process.uptime() - Date.now() / 1000),
  ).toBeLessThan(5);
  let late: number | undefined;
  await until('a late timer shows', async () => {
    const blockedUntil = performance.now() + 100;
    while (performance.now() < blockedUntil);
    late = (await scrape(server))['nodejs_eventloop_delay_seconds{quantile="1"}'];
    return (late ?? 0) > 0.05;
  });
  expect(late).toBeLessThan(10);
});

test('what could not be loaded is loaded by the next scrape, and holds up no shutdown', async () => {
  const { parts } = await start();
  let failures = 2;
  const route = createMetricsRoute(
    {
      tally: createTally(),
      openStreams: new Set(),
      eventLog: parts.eventLog,
      room: createConnectionRoom({ maxWaiting: 1, onPushedOut: () => undefined }),
      sessionCount: 0,
    },
    () => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('EMFILE')) : import('./metrics.ts');
    },
  );
  const httpServer = createServer((request, response) => {
    route.show(request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
  const { port } = httpServer.address() as AddressInfo;
  const status = async () => {
    const headers = { connection: 'close' };
    return (await fetch(`http://127.0.0.1:${port}`, { headers })).status;
  };
  expect(await status()).toBe(500);
  expect(await status()).toBe(500);
  expect(await status()).toBe(200);
  await route.close();
  await new Promise((resolve) => httpServer.close(resolve));
});
