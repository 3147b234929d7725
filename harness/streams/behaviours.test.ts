import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BehaviourName, OpenStream } from '../model.ts';
import { behaviours } from './behaviours.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';
import { openSocketCount, until } from './testing/until.ts';

let server: TestServer;
let idleSocketCount: number;

beforeAll(async () => {
  idleSocketCount = openSocketCount();
  server = await startTestServer();
});

afterEach(async () => {
  await until('no connection is left at the server', async () => (await server.openCount()) === 0);
  await until('no socket is left in this process', () => openSocketCount() === idleSocketCount);
  server.connections.length = 0;
});

afterAll(() => server.close());

function open(behaviour: BehaviourName, path: string, dropAfterMs?: number): OpenStream {
  return behaviours[behaviour].open({
    url: server.url(path),
    headers: { 'X-Team': 'a' },
    ...(dropAfterMs === undefined ? {} : { dropAfterMs }),
  });
}

test('each behaviour is registered under its own name', () => {
  for (const [name, behaviour] of Object.entries(behaviours)) expect(behaviour.name).toBe(name);
});

describe('how the server sees the end', () => {
  test.each([
    ['graceful-close', 'fin'],
    ['tab', 'fin'],
    ['abrupt-drop', 'rst'],
  ] as const)('%s: %s', async (behaviour, end) => {
    const stream = open(behaviour, '/hello');
    await until('three events', () => stream.eventCount === 3);
    expect(server.only('/hello').end).toBeNull();
    stream.end();
    expect(await stream.ended).toMatchObject({ behaviour, ending: 'client', eventCount: 3, error: null });
    await until('the server saw the end', () => server.only('/hello').end !== null);
    expect(server.only('/hello').end).toBe(end);
  });

  test('an abrupt drop while it connects ends as well', async () => {
    const stream = open('abrupt-drop', '/hello');
    stream.end();
    expect(await stream.ended).toMatchObject({ ending: 'client', status: null });
  });
});

test('pipelined: both requests are on the one connection, the first is answered, a RST leaves both', async () => {
  const stream = open('pipelined', '/hello');
  expect(await stream.receives(3)).toBe(true);
  const clean = open('graceful-close', '/offsets');
  expect(await clean.receives(4)).toBe(true);
  const request = /^(GET \/hello HTTP\/1\.1\r\n[\s\S]+?\r\n\r\n)([\s\S]*)$/.exec(
    server.only('/hello').request,
  );
  expect(request?.[1]).toMatch(/\r\nX-Team: a\r\n/);
  expect(request?.[2]).toBe(request?.[1]);
  expect(server.only('/offsets').request.match(/GET /g)?.length).toBe(1);
  stream.end();
  clean.end();
  expect(await stream.ended).toMatchObject({ behaviour: 'pipelined', ending: 'client', eventCount: 3 });
  await clean.ended;
  await until('the server saw both', () => server.connections.every((one) => one.end !== null));
  expect([server.only('/hello').end, server.only('/offsets').end]).toEqual(['rst', 'fin']);
  // Behind the first response comes the second: the stream is over all the same.
  expect(await open('pipelined', '/end').ended).toMatchObject({ ending: 'server-end', eventCount: 3 });
});

describe('HTTP/1.0', () => {
  test('asks for no keep-alive, reads until the close, leaves with a FIN', async () => {
    const record = await open('http-1.0', '/until-close').ended;
    expect(record).toMatchObject({ behaviour: 'http-1.0', ending: 'server-end', status: 200, eventCount: 2 });
    expect(server.only('/until-close').request).toMatch(/^GET \/until-close HTTP\/1\.0\r\nHost: /);
    expect(server.only('/until-close').request).toMatch(/\r\nConnection: close\r\n/);

    const stream = open('http-1.0', '/flood');
    expect(await stream.firstEvent).toBe(true);
    stream.end();
    expect(await stream.ended).toMatchObject({ ending: 'client' });
    await until('the server saw the end', () => server.only('/flood').end !== null);

    const silent = open('http-1.0', '/silent');
    await until('the request is there', () => server.connections.some((one) => one.path === '/silent'));
    silent.end();
    await silent.ended;
    await until('the FIN is there', () => server.only('/silent').end === 'fin');
  });

  test('chunks, which such a client does not know, are a fault of the server', async () => {
    const record = await open('http-1.0', '/hello').ended;
    expect(record).toMatchObject({ ending: 'protocol-error', eventCount: 0 });
    expect(record.error).toMatch(/Transfer-Encoding in the response to an HTTP\/1\.0 request/);
    expect(await open('http-1.0', '/429').ended).toMatchObject({ ending: 'refused', status: 429 });
  });

  test('node:http sends it no chunks', async () => {
    const http = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: a\n\n');
      response.end('data: b\n\n');
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
    expect(await behaviours['http-1.0'].open({ url, headers: {} }).ended).toMatchObject({
      ending: 'server-end',
      eventCount: 2,
    });
    http.close();
    await once(http, 'close');
  });
});

test('each client comes from the address that it is told, or from none of its own', async () => {
  const names = Object.keys(behaviours) as BehaviourName[];
  for (const name of names.filter((one) => one !== 'half-open')) {
    for (const localAddress of ['127.0.0.7', undefined]) {
      server.connections.length = 0;
      const url = server.url('/silent').replace('127.0.0.1', 'localhost');
      const stream = behaviours[name].open({
        url,
        headers: {},
        keepMs: 0,
        ...(localAddress && { localAddress }),
      });
      await until('the request is there', () => server.connections.some((one) => one.path === '/silent'));
      stream.end();
      await stream.ended;
      expect(server.only('/silent').clientAddress, name).toBe(localAddress ?? '127.0.0.1');
    }
  }
});

test('a stalled reader takes the first bytes and then nothing more', async () => {
  const stream = open('stalled-reader', '/flood');
  expect(await stream.answered).toBe('accepted');
  const clean = open('graceful-close', '/flood');
  // A reader beside it goes on, so the server has not stopped; the stalled one stays where it was.
  await until('the other reader has its thousand events', () => clean.eventCount > 1_000);
  expect(stream.eventCount).toBeLessThan(20);
  expect(server.connections.map((connection) => connection.end)).toEqual([null, null]);
  clean.end();
  stream.end();
  const record = await stream.ended;
  expect(record).toMatchObject({ behaviour: 'stalled-reader', ending: 'client' });
  expect(record.byteCount).toBeLessThan(200_000);
  await until('the server saw the RST', () => server.connections[0]?.end === 'rst');
  await clean.ended;
});

describe('drop before the first byte', () => {
  test('nearly every request reaches a node:http handler, and no byte comes back', async () => {
    const dropCount = 300;
    let callCount = 0;
    let closedCount = 0;
    const http = createServer((_request, response: ServerResponse) => {
      callCount += 1;
      const timer = setTimeout(() => response.writeHead(200).end(), 5_000);
      response.on('close', () => {
        clearTimeout(timer);
        closedCount += 1;
      });
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
    const drops = Array.from({ length: dropCount }, () =>
      behaviours['drop-before-first-byte'].open({ url, headers: {} }),
    );
    for (const drop of drops) {
      expect(await drop.ended).toMatchObject({ ending: 'client', status: null, firstByteMs: null });
    }
    await until('the handler was called for each', () => callCount >= dropCount * 0.99);
    await until('and saw each client leave', () => closedCount === callCount);
    http.close();
    await once(http, 'close');
  });

  test('the server sees the whole request and then a FIN', async () => {
    await open('drop-before-first-byte', '/silent').ended;
    await until('the end is there', () => server.connections[0]?.end !== null);
    expect(server.only('/silent')).toMatchObject({ end: 'fin' });
    expect(server.only('/silent').request).toMatch(/^GET \/silent HTTP\/1\.1\r\n[\s\S]*X-Team: a\r\n\r\n$/);
  });

  test('drops later when told to, with bytes or without, and end() hastens it', async () => {
    const silent = open('drop-before-first-byte', '/silent', 30);
    const record = await silent.ended;
    expect(record).toMatchObject({ ending: 'client', status: null });
    expect(record.durationMs).toBeGreaterThanOrEqual(29);

    const answered = await open('drop-before-first-byte', '/stalled', 300).ended;
    expect(answered).toMatchObject({ ending: 'client', status: 200, eventCount: 1 });
    expect(answered.firstByteMs).not.toBeNull();

    const hastened = open('drop-before-first-byte', '/hello', 3_600_000);
    expect(await hastened.answered).toBe('accepted');
    hastened.end();
    expect(await hastened.ended).toMatchObject({ ending: 'client' });
  });
});
