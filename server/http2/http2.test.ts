import { createServer } from 'node:http';
import { constants } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { certificate } from '../../harness/streams/testing/certificate.ts';
import { defaultSettings } from '../settings.ts';
import { collectGarbage } from '../testing/collect-garbage.ts';
import { type Http2Client, openHttp2 } from '../testing/http2-client.ts';
import { getRequest, openRawClient } from '../testing/raw-client.ts';
import { eventLines, startServer, type TestServer } from '../testing/start-server.ts';
import { until } from '../testing/until.ts';
import { openWebSocket } from '../testing/web-socket-client.ts';
import { createProtocolSwitch } from './protocol-switch.ts';
import { http2StreamOf } from './stream-of.ts';

const KiB = 1024;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

const clients: Http2Client[] = [];
const servers: TestServer[] = [];
afterEach(async () => {
  for (const { session } of clients.splice(0)) session.destroy();
  for (const server of servers.splice(0)) await server.close();
});

async function start(...options: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer(...options);
  servers.push(server);
  return server;
}

function open(server: TestServer): Http2Client {
  const client = openHttp2(server.url);
  clients.push(client);
  return client;
}

/** A frame of RFC 9113, section 4.1. */
function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

describe('one port speaks both protocols', () => {
  test('every route answers over HTTP/2, without the headers of a connection', async () => {
    const server = await start({ limit: 1 });
    server.append('flow', '{"n":1}\n');
    const client = open(server);
    const stream = client.stream('flow');
    await stream.received('{"n":1}');
    server.append('flow', '{"n":2}\n');
    await stream.received('{"n":2}');
    expect(stream.body).toBe('retry: 3000\n\nid: 8\ndata: {"n":1}\n\nid: 16\ndata: {"n":2}\n\n');
    for (const [path, status] of [
      ['/health', 200],
      ['/', 200],
      ['/api/workflows', 200],
      ['/nope', 404],
      ['/api/events/../stream', 400],
      ['/api/events/flow/stream', 429],
      ['/api/events/flow/ws', 426],
      [`/${'x'.repeat(5000)}`, 414],
    ] as const) {
      const answer = client.request(path);
      expect(await answer.answered(), path).toBe(status);
      await answer.closed();
      for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
        expect(answer.headers, path).not.toHaveProperty(name);
    }
    const posted = client.request('/health', { ':method': 'POST' });
    expect(await posted.answered()).toBe(405);
    const withBody = client.request('/health', {}, true);
    expect(await withBody.answered()).toBe(413);
    expect(client.isClosed).toBe(false);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test('a preface in pieces is one, and a method that begins like it is none', async () => {
    const server = await start();
    const slow = server.client();
    for (const byte of PREFACE) {
      await new Promise((sent) => slow.socket.write(byte, sent));
    }
    slow.socket.write(frame(4, 0, 0, Buffer.alloc(0)));
    await until('settings', () => slow.receivedBytes >= 9);
    expect(slow.isClosed).toBe(false);
    const similar = server.client();
    for (const piece of ['P', 'RI', 'NT /health HTTP/1.1\r\nHost: test\r\n\r\n']) {
      await new Promise((sent) => similar.socket.write(piece, sent));
    }
    expect(await similar.answered()).toBe(400); // not a method that Node's parser knows
    const torn = server.client({ request: 'P' });
    await until('it is sent', () => torn.socket.bytesWritten === 1);
    torn.send('OST /health HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
    expect(await torn.answered()).toBe(405);
  });

  test('with TLS: HTTP/2 by ALPN, HTTP/1.1 and WebSocket without, and nothing in the clear', async () => {
    const { cert, key } = certificate;
    const server = await start({ tls: { cert: String(cert), key: String(key) }, headTimeoutMs: 300 });
    server.append('flow', '{"n":1}\n');
    expect(server.url).toMatch(/^https:/);
    const client = open(server);
    await client.stream('flow').received('{"n":1}');
    expect(client.session.alpnProtocol).toBe('h2');
    const webSocket = openWebSocket(server.url, 'flow');
    await webSocket.received('"n":1');
    const health = client.request('/health');
    await health.closed();
    expect(JSON.parse(health.body)).toMatchObject({ openStreams: 2, openStreamsByWorkflow: { flow: 2 } });
    webSocket.webSocket.terminate();
    const clear = server.client({ request: getRequest('/health') });
    await clear.closed();
    expect(clear.status).toBeNull();
    const silent = server.client();
    await silent.closed();
    expect(server.log.filter(({ msg }) => msg === 'connection refused').length).toBeGreaterThan(0);
  });
});

describe('streams of one connection', () => {
  test('the limit counts them, together with those of HTTP/1.1; a reset gives the slot back', async () => {
    const server = await start();
    const client = open(server);
    expect(await server.stream('flow').answered()).toBe(200);
    const streams = Array.from({ length: 6 }, () => client.stream('flow'));
    const statuses = await Promise.all(streams.map((stream) => stream.answered()));
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    expect(streams[5]?.headers['retry-after']).toBe('3');
    streams[0]?.stream.close(constants.NGHTTP2_CANCEL);
    await until('a slot is free', async () => (await server.health()).openStreams === 4);
    expect(await client.stream('flow').answered()).toBe(200);
    client.session.destroy();
    await until('all are gone', async () => (await server.health()).openStreams === 1);
    expect(await server.health()).toMatchObject({ ended: { client_closed: 5 } });
  });

  test('at the deadline the stream ends, and the connection goes on', async () => {
    const server = await start({ maxDurationMs: 60 });
    const client = open(server);
    const stream = client.stream('flow');
    await stream.closed();
    expect(stream.body).toMatch(/event: close\ndata: \{"reason":"max_duration_exceeded"\}\n\n$/);
    expect(stream.stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect(await client.request('/health').answered()).toBe(200);
  });

  test('a stalled one costs at most its queue and is reset, and a good one gets everything', async () => {
    const server = await start({ stallMs: 200 });
    const eventCount = 5_000;
    server.append('flow', eventLines(eventCount, 1 * KiB));
    const stalled = open(server).stream('flow', { 'last-event-id': '0' });
    stalled.stream.pause();
    const good = open(server).stream('flow', { 'last-event-id': '0' });
    await good.received(`{"n":${eventCount - 1},`);
    await until('the slow one is gone', async () => (await server.health()).ended.slow_consumer === 1);
    const [closed] = server.log.filter(({ msg }) => msg === 'stream closed');
    expect(closed).toMatchObject({ reason: 'slow_consumer', protocol: 'http2' });
    const { unsentBytes } = closed as unknown as { unsentBytes: number };
    expect(unsentBytes).toBeGreaterThan(256 * KiB);
    expect(unsentBytes).toBeLessThanOrEqual(1024 * KiB);
    stalled.stream.resume();
    await stalled.closed();
    expect(stalled.body).not.toContain(`{"n":${eventCount - 1},`);
    expect(good.isClosed).toBe(false);
  });

  test('shutdown tells them and goes away, without waiting for its time to be over', async () => {
    const server = await start({ shutdownGraceMs: 60_000 });
    const client = open(server);
    const stream = client.stream('flow');
    await stream.answered();
    await server.stop();
    await stream.closed();
    expect(stream.body).toContain('{"reason":"server_shutdown"}');
    await client.closed();
    expect(client.isGoingAway).toBe(true);
  });

  test('shutdown does not wait for a client that answers nothing', async () => {
    const server = await start({ shutdownGraceMs: 50 });
    const silent = server.client({ request: PREFACE }); // no settings, no answer to a GOAWAY
    await until('it is known', () => silent.receivedBytes > 0);
    await server.stop();
    await silent.closed();
  });
});

describe('what breaks the protocol ends its own connection, and no other', () => {
  test('rapid resets', async () => {
    const server = await start();
    const good = open(server).stream('good');
    await good.answered();
    const bad = open(server);
    let resets = 0;
    while (!bad.isClosed && resets < 20_000) {
      for (let n = 0; n < 50 && !bad.session.destroyed; n += 1) {
        bad.stream('flow').stream.close(constants.NGHTTP2_CANCEL);
        resets += 1;
      }
      await new Promise(setImmediate);
    }
    await bad.closed();
    expect(resets).toBeLessThan(1_000); // 200 at once; Node itself would allow 1,000
    await until('only the good one is open', async () => (await server.health()).openStreams === 1);
    server.append('good', '{"n":1}\n');
    await good.received('{"n":1}');
    expect(server.log.some(({ msg }) => msg === 'connection refused')).toBe(true);
  });

  test('headers that never end', async () => {
    const server = await start();
    const good = open(server).stream('good');
    await good.answered();
    const bad = server.client({ request: PREFACE });
    const piece = Buffer.from('\x40\x01x\x01y'.repeat(100), 'latin1'); // literal header fields, without a mistake
    const method = Buffer.from([0x82, 0x86, 0x84]); // GET http /
    bad.socket.write(frame(4, 0, 0, Buffer.alloc(0)));
    bad.socket.write(frame(1, 0x1, 1, method));
    let sent = 0;
    while (!bad.isClosed && sent < 10_000) {
      bad.socket.write(frame(9, 0, 1, piece));
      sent += 1;
      await new Promise(setImmediate);
    }
    await bad.closed();
    expect(sent).toBeLessThan(10_000);
    server.append('good', '{"n":1}\n');
    await good.received('{"n":1}');
  });

  test('headers that are too long are refused, those below are not', async () => {
    const server = await start();
    const client = open(server);
    expect(await client.request('/health', { x: 'x'.repeat(8_000) }).answered()).toBe(200);
    expect(await client.request('/health', { x: 'x'.repeat(40_000) }).answered()).not.toBe(200);
    expect((await server.health()).status).toBe('ok');
  });
});

test('a session without a stream ends after a while, one with a stream does not', async () => {
  const http1 = createServer();
  const protocolSwitch = createProtocolSwitch({
    settings: defaultSettings,
    http1,
    idleMs: 60,
    maxHeaderBytes: 16 * KiB,
    onRequest: (_request, response) => response.writeHead(200).flushHeaders(),
    onRefused: () => undefined,
  });
  await new Promise<void>((ready) => http1.listen(0, '127.0.0.1', ready));
  const { port } = http1.address() as AddressInfo;
  const busy = openHttp2(`http://127.0.0.1:${port}`);
  await busy.request('/').answered();
  const idle = openHttp2(`http://127.0.0.1:${port}`);
  await idle.closed();
  expect(await busy.request('/').answered()).toBe(200);
  expect(protocolSwitch.sessionCount).toBe(1);
  expect(busy.isClosed || busy.isGoingAway).toBe(false);
  busy.session.destroy();
  await until('no session is left', () => protocolSwitch.sessionCount === 0);
  await new Promise((closed) => http1.close(closed));
});

test('nothing stays of a session that has ended', async () => {
  const kept: WeakRef<object>[] = [];
  const server = await start({ limit: 1 }, (parts) => ({
    ...parts,
    rejectStream(request, response, rejection) {
      const session = http2StreamOf(response)?.session;
      if (session !== undefined) kept.push(new WeakRef(session));
      parts.rejectStream(request, response, rejection);
    },
  }));
  await open(server).stream('flow').received('retry:');
  for (let n = 0; n < 10; n += 1) {
    const client = open(server);
    expect(await client.stream('flow').answered()).toBe(429);
    client.session.destroy();
    await client.closed();
  }
  expect(kept).toHaveLength(10);
  await until('all sessions are collected', async () => {
    await collectGarbage();
    return kept.every((session) => session.deref() === undefined);
  });
});

test('a connection that says nothing is told so in time, and leaves nothing', async () => {
  const server = await start({ headTimeoutMs: 60 });
  const silent = openRawClient({ port: server.port });
  await silent.closed();
  expect(silent.status).toBe(408);
  const ended = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  ended.end();
  await new Promise((closed) => ended.resume().once('close', closed));
});
