import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket as WsSocket } from 'ws';
import type { ServerParts } from '../parts.ts';
import { getRequest } from '../testing/raw-client.ts';
import { eventLines, startServer, type TestServer } from '../testing/start-server.ts';
import { until } from '../testing/until.ts';
import {
  openWebSocket,
  type WebSocketClient,
  type WebSocketClientOptions,
} from '../testing/web-socket-client.ts';
import type { Transport } from '../transport.ts';

const KiB = 1024;

const opened: WebSocketClient[] = [];
const servers: TestServer[] = [];
afterEach(async () => {
  for (const { webSocket } of opened.splice(0)) webSocket.terminate();
  for (const server of servers.splice(0)) await server.close();
});

async function start(...options: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer(...options);
  servers.push(server);
  return server;
}

function open(
  server: TestServer,
  workflowId = 'flow',
  options: WebSocketClientOptions = {},
): WebSocketClient {
  const client = openWebSocket(server.url, workflowId, options);
  opened.push(client);
  return client;
}

async function nothingIsOpen(server: TestServer): Promise<void> {
  await until('nothing is open', async () => {
    const { openStreams, openStreamsByWorkflow, openTails } = await server.health();
    return openStreams === 0 && openTails === 0 && Object.keys(openStreamsByWorkflow).length === 0;
  });
}

async function closedAs(server: TestServer, reason: string): Promise<void> {
  await until(`a stream closes as ${reason}`, () =>
    server.log.some((line) => line.msg === 'stream closed' && line.reason === reason),
  );
}

/** A handshake by hand, for clients that `ws` would not be. */
const handshake = (workflowId: string, headers: Record<string, string> = {}) =>
  getRequest(`/api/events/${workflowId}/ws`, {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  });

describe('events', () => {
  test('starts with the most recent ones, then follows the file', async () => {
    const server = await start({ recentEvents: 2 });
    server.append('flow', '{"n":1}\n{"n":2}\n{"n":3}\n');
    const client = open(server);
    await client.received('"n":3');
    server.append('flow', '{"n":\r4}\n');
    await client.received('4}');
    expect(client.messages).toEqual([
      '{"id":16,"event":{"n":2}}',
      '{"id":24,"event":{"n":3}}',
      '{"id":33,"event":{"n": 4}}',
    ]);
  });

  test('another client, of every length of frame, gets the same', async () => {
    const server = await start();
    const lines = [1, 100, 200, 70_000].map((length) => JSON.stringify('x'.repeat(length)));
    const client = new WebSocket(`${server.url.replace('http', 'ws')}/api/events/flow/ws`);
    const events: unknown[] = [];
    client.onmessage = ({ data }) => events.push(JSON.parse(String(data)).event);
    await new Promise((resolve) => client.addEventListener('open', resolve));
    server.append('flow', lines.map((line) => `${line}\n`).join(''));
    await until('all of them', () => events.length === lines.length);
    expect(events).toEqual(lines.map((line) => JSON.parse(line)));
    client.close();
    await nothingIsOpen(server);
  });

  test('goes on behind the last id; where that does not fit the file, and when it is replaced, a reset says so', async () => {
    const server = await start();
    server.append('flow', '{"n":1}\n{"n":2}\n{"n":3}\n');
    const resumed = open(server, 'flow', { query: '?lastEventId=16' });
    await resumed.received('"n":3');
    expect(resumed.messages).toEqual(['{"id":24,"event":{"n":3}}']);
    const misfit = open(server, 'flow', { query: '?lastEventId=9' });
    await misfit.received('"n":3');
    expect(misfit.messages[0]).toBe('{"type":"reset"}');
    expect(misfit.messages).toHaveLength(4);
    writeFileSync(join(server.dir, 'flow', 'events.jsonl'), '{"n":9}\n');
    await resumed.received('"n":9');
    expect(resumed.messages.slice(1)).toEqual(['{"type":"reset"}', '{"id":8,"event":{"n":9}}']);
  });
});

describe('the limit', () => {
  test('counts streams of both protocols together, and refuses before the upgrade as over HTTP', async () => {
    const server = await start({ limit: 2, retryMs: 2500 });
    expect(await server.stream('flow').answered()).toBe(200);
    expect(await open(server).answered()).toBe(101);
    const refused = open(server);
    expect(await refused.answered()).toBe(429);
    expect(refused.refusal?.headers).toMatchObject({ 'retry-after': '3', connection: 'close' });
    expect(JSON.parse(refused.refusal?.body ?? '')).toEqual({
      error: 'too many open streams',
      limit: 2,
      scope: 'workflow',
      workflowId: 'flow',
    });
    expect(await server.stream('flow').answered()).toBe(429);
    expect(await open(server, 'another').answered()).toBe(101);
    expect(await server.health()).toMatchObject({
      openStreams: 3,
      openStreamsByWorkflow: { flow: 2, another: 1 },
      rejected: 2,
    });
  });

  test('of 30 at once exactly 5 are let in, and their slots come back, whichever way they leave', async () => {
    const server = await start();
    const ways: ((client: WebSocketClient) => void)[] = [
      ({ webSocket }) => webSocket.close(),
      ({ webSocket }) => webSocket.terminate(),
      ({ webSocket }) => webSocket.close(4321, 'enough'),
    ];
    for (const leave of ways) {
      const clients = Array.from({ length: 30 }, () => open(server));
      const statuses = await Promise.all(clients.map((client) => client.answered()));
      expect(statuses.filter((status) => status === 101)).toHaveLength(5);
      expect(statuses.filter((status) => status === 429)).toHaveLength(25);
      for (const client of clients) leave(client);
      await nothingIsOpen(server);
    }
    // Gone before the answer, and with a FIN in place of a close frame.
    for (let n = 0; n < 5; n += 1) {
      const early = server.client({ request: handshake('flow') });
      await until('it is sent', () => !early.socket.connecting && early.socket.writableLength === 0);
      if (n % 2 === 0) early.socket.resetAndDestroy();
      else early.socket.end();
    }
    await nothingIsOpen(server);
    expect(await open(server).answered()).toBe(101);
  });

  test('a client that closes and then keeps the connection has no slot any more', async () => {
    const server = await start({ limit: 1 });
    const client = server.client({ request: handshake('flow') });
    await client.answered();
    client.socket.write(Buffer.from([0x88, 0x80, 0, 0, 0, 0])); // a masked close frame without a code
    await nothingIsOpen(server);
    expect(client.isClosed).toBe(false);
    expect(await open(server).answered()).toBe(101);
  });
});

/** Tells of every access to the transports of a server. */
function watched(onUse: (transport: Transport, name: string | symbol) => void) {
  return (parts: ServerParts): ServerParts => ({
    ...parts,
    openStream: (options) =>
      parts.openStream({
        ...options,
        transport: new Proxy(options.transport, {
          get(transport, name) {
            onUse(transport, name);
            const value: unknown = Reflect.get(transport, name);
            return typeof value === 'function' ? value.bind(transport) : value;
          },
        }),
      }),
  });
}

test('nothing is sent behind the answer to a close frame, though that waits for a slow reader', async () => {
  let sends = 0;
  const server = await start(
    { maxQueueBytes: 64 * 1024 * KiB },
    watched((_transport, name) => {
      if (name === 'send') sends += 1;
    }),
  );
  server.append('flow', eventLines(16_000, 1 * KiB));
  const client = server.client({ request: handshake('flow').replace('/ws', '/ws?lastEventId=0') });
  await client.answered();
  client.socket.pause();
  await until('it waits for the reader', () => sends > 100);
  client.socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])); // masked with zeros: 1000
  // The first of these may come before the close frame, the others do not.
  for (const before = sends; sends < before + 20; ) {
    server.append('flow', '{"late":1}\n');
    const seen = sends;
    await until('the stream has it', () => sends > seen);
  }
  client.socket.resume();
  await client.closed();
  expect(client.text.endsWith('\ufffd\x02\x03\ufffd')).toBe(true);
});

describe('every end has a code and a reason', () => {
  test('the deadline', async () => {
    const server = await start({ maxDurationMs: 60 });
    expect(await open(server).closed()).toEqual({ code: 1000, reason: 'max_duration_exceeded' });
    await closedAs(server, 'max_duration_exceeded');
    await nothingIsOpen(server);
  });

  test('shutdown', async () => {
    const server = await start();
    const client = open(server);
    await client.answered();
    await server.stop();
    expect(await client.closed()).toEqual({ code: 1001, reason: 'server_shutdown' });
  });

  test('shutdown does not wait for a client that does not answer', async () => {
    const server = await start({ shutdownGraceMs: 50, lingerMs: 60_000 });
    const client = server.client({ request: handshake('flow') });
    await client.answered();
    await server.stop();
    await client.closed();
  });

  test('a stalled reader: it costs at most its queue, and a good one gets everything', async () => {
    const longest = { queueBytes: 0 };
    const server = await start(
      { stallMs: 200 },
      watched(({ queuedBytes }) => {
        longest.queueBytes = Math.max(longest.queueBytes, queuedBytes);
      }),
    );
    const eventCount = 10_000;
    server.append('flow', eventLines(eventCount, 1 * KiB));
    const stalled = open(server, 'flow', { query: '?lastEventId=0' });
    await stalled.answered();
    stalled.webSocket.pause();
    const good = open(server, 'flow', { query: '?lastEventId=0' });
    await closedAs(server, 'slow_consumer');
    await good.received(`{"n":${eventCount - 1},`);
    expect(good.messages.map((text) => JSON.parse(text).event.n)).toEqual(
      Array.from({ length: eventCount }, (_, n) => n),
    );
    expect(longest.queueBytes).toBeGreaterThan(256 * KiB);
    expect(longest.queueBytes).toBeLessThanOrEqual(1024 * KiB);
    stalled.webSocket.resume();
    expect(await stalled.closed()).toEqual({ code: 1008, reason: 'slow_consumer' });
  });

  test('a peer that answers no ping has vanished; one that does, has not', async () => {
    const server = await start({ heartbeatMs: 30 });
    const alive = open(server);
    let pings = 0;
    alive.webSocket.on('ping', () => {
      pings += 1;
    });
    const gone = open(server, 'flow', { autoPong: false });
    expect(await gone.closed()).toEqual({ code: 1006, reason: '' });
    await closedAs(server, 'vanished');
    await until('ten pings', () => pings > 10);
    expect(alive.closing).toBeNull();
    expect(await server.health()).toMatchObject({ openStreams: 1, ended: { vanished: 1 } });
  });
});

describe('what a client sends', () => {
  test('a few words are let be, a flood ends the connection', async () => {
    const server = await start({ lingerMs: 200 });
    const chatty = open(server);
    await chatty.answered();
    for (let n = 0; n < 20; n += 1) chatty.webSocket.send('still here');
    chatty.webSocket.ping();
    await new Promise((pong) => chatty.webSocket.once('pong', pong));
    expect(chatty.closing).toBeNull();
    for (const frame of ['send', 'ping'] as const) {
      const flood = open(server);
      await flood.answered();
      for (let n = 0; n < 1000; n += 1) flood.webSocket[frame]('x');
      expect(await flood.closed()).toEqual({ code: 1008, reason: 'policy_violation' });
    }
    expect(await server.health()).toMatchObject({ openStreams: 1, ended: { policy_violation: 2 } });
  });

  test('a long message, and what is no frame, end it with the code of the protocol', async () => {
    const server = await start({ lingerMs: 200 });
    const long = open(server);
    await long.answered();
    long.webSocket.send('x'.repeat(1025));
    expect(await long.closed()).toMatchObject({ code: 1009 });
    const raw = server.client({ request: handshake('flow') });
    await raw.answered();
    raw.send('GET / HTTP/1.1\r\n\r\n');
    await raw.closed();
    await nothingIsOpen(server);
    expect(await server.health()).toMatchObject({ ended: { policy_violation: 2 } });
  });
});

describe('the handshake', () => {
  test.each([
    ['none, as of a program', {}, 101],
    ['of the host that is asked', { Origin: 'http://test:81', Host: 'test:81' }, 101],
    ['of the same host behind a proxy with TLS', { Origin: 'https://test', Host: 'test:443' }, 101],
    ['of another host', { Origin: 'http://evil', Host: 'test' }, 403],
    ['of another port', { Origin: 'http://test:82', Host: 'test:81' }, 403],
    ['of a sandboxed page', { Origin: 'null', Host: 'test' }, 403],
    ['that begins like the host', { Origin: 'http://test.evil', Host: 'test' }, 403],
  ])('an origin: %s', async (_which, headers, status) => {
    const server = await start();
    expect(await open(server, 'flow', { headers }).answered()).toBe(status);
    expect((await server.health()).openStreams).toBe(status === 101 ? 1 : 0);
  });

  test('what cannot be upgraded is refused, and takes no slot', async () => {
    const server = await start({ limit: 1 });
    const status = async (request: string) => server.client({ request }).answered();
    expect(await status(handshake('flow', { 'Sec-WebSocket-Version': '7' }))).toBe(400);
    expect(await status(handshake('flow').replace('Sec-WebSocket-Key', 'X'))).toBe(400);
    expect(await status(handshake('..'))).toBe(400);
    expect(await status(handshake('flow').replace('/ws', '/stream'))).toBe(404);
    expect(await status(getRequest('/api/events/flow/ws'))).toBe(426);
    await nothingIsOpen(server);
    expect(await open(server).answered()).toBe(101);
  });

  test('another upgrade is not taken up: the request is answered', async () => {
    const server = await start();
    const request = getRequest('/health', { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c' });
    expect(await server.client({ request }).answered()).toBe(200);
  });

  test('an upgrade behind a stream on the same connection ends it: nothing gets between its events', async () => {
    const server = await start();
    const client = server.stream('flow');
    await client.answered();
    client.send(handshake('flow'));
    await client.closed();
    expect(client.text).not.toContain('101 Switching');
    await nothingIsOpen(server);
  });

  test('compression is not agreed on, whatever is offered', async () => {
    const server = await start();
    const client = open(server);
    await client.answered();
    expect(client.webSocket.extensions).toBe('');
    expect(client.webSocket.readyState).toBe(WsSocket.OPEN);
  });

  test('when the log cannot be followed the connection ends, and the slot comes back', async () => {
    const server = await start({ limit: 1 }, (parts) => ({
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
    for (let round = 0; round < 2; round += 1) await open(server).closed();
    expect(server.log.filter(({ msg }) => msg === 'request failed')).toHaveLength(2);
    expect(await server.health()).toMatchObject({ openStreams: 0, openStreamsByWorkflow: {}, rejected: 0 });
  });
});
