import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { behaviours } from './behaviours.ts';
import { certificate } from './testing/certificate.ts';
import { serverOfFile } from './testing/server-of-file.ts';
import { startTestServer } from './testing/test-server.ts';
import { openSocketCount, until } from './testing/until.ts';

const file = serverOfFile(behaviours);

function listenerCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
}

test('the server’s connection outlives its client and is read on, then closed with a FIN', async () => {
  const sockets = openSocketCount();
  const stream = file.open('keeping-proxy', '/ticks', { keepMs: 1_000, headers: { 'X-Team': 'a' } });
  expect(await stream.receives(5)).toBe(true);
  const connection = file.server.only('/ticks');
  const { host } = new URL(file.server.url('/'));
  expect(connection.request).toContain(`GET /ticks HTTP/1.1\r\nHost: ${host}\r\n`);
  expect(connection.request).toContain('\r\nX-Team: a\r\n');
  let hasEnded = false;
  void stream.ended.then(() => (hasEnded = true));
  stream.end();
  await until('the client has left the proxy', () => openSocketCount() === sockets + 2);
  const { eventCount } = stream;
  const { takenBytes } = connection;
  expect([connection.end, hasEnded]).toEqual([null, false]);
  await until('the server goes on', () => connection.takenBytes >= takenBytes + 200);
  const record = await stream.ended;
  expect(record).toMatchObject({ behaviour: 'keeping-proxy', ending: 'client', status: 200, error: null });
  expect(record.eventCount).toBe(eventCount);
  await until('the server saw the end', () => connection.end !== null);
  expect(connection.end).toBe('fin');
  expect(connection.takenBytes).toBeGreaterThan(record.byteCount);
});

test('twin: without a proxy the server sees the FIN when the client leaves, and sends no more', async () => {
  const stream = file.open('graceful-close', '/ticks');
  expect(await stream.receives(5)).toBe(true);
  stream.end();
  await stream.ended;
  await until('the server saw the end', () => file.server.only('/ticks').end === 'fin');
});

test('it is read on for as long as it is kept: far more than the kernels’ buffers hold', async () => {
  const stream = file.open('keeping-proxy', '/flood', { keepMs: 3_600_000 });
  expect(await stream.receives(20)).toBe(true);
  stream.end();
  const connection = file.server.only('/flood');
  const { takenBytes } = connection;
  // Linux lets a socket's buffers grow to 32 MiB or so; the rest has been read.
  await until('100 MB more are taken', () => connection.takenBytes > takenBytes + 100e6);
  expect(connection.end).toBeNull();
  // The server's end of it is the end of it, long before the hour.
  await file.server.hangUp();
  expect(await stream.ended).toMatchObject({ ending: 'client' });

  const short = file.open('keeping-proxy', '/flood', { keepMs: 50 });
  expect(await short.receives(20)).toBe(true);
  short.end();
  await short.ended;
  await until('the server saw the end', () => file.server.connections[1]?.end !== null);
  expect(file.server.connections[1]?.end).toBe('fin');
});

test.each([
  ['/end', 'server-end', 3, null],
  ['/until-close', 'server-end', 2, null],
  ['/429', 'refused', 0, null],
  ['/close-mid-chunk', 'server-reset', 1, /234 bytes before the end of a chunk/],
  ['/reset-mid-event', 'server-reset', 1, /ECONNRESET/],
  ['/close-without-answer', 'server-reset', 0, /closed before a response/],
  ['/html', 'protocol-error', 0, /text\/html/],
] as const)('what the server does comes through: %s, %s', async (path, ending, eventCount, error) => {
  const record = await file.open('keeping-proxy', path, { keepMs: 0 }).ended;
  expect(record).toMatchObject({ ending, eventCount });
  if (error === null) expect(record.error).toBeNull();
  else expect(record.error).toMatch(error);
});

test('one proxy for all, gone with the last', async () => {
  // The test server's own.
  const idle = 1;
  await until('the proxies of earlier tests are gone', () => listenerCount() === idle);
  const streams = Array.from({ length: 50 }, () => file.open('keeping-proxy', '/ticks', { keepMs: 50 }));
  for (const stream of streams) expect(await stream.firstEvent).toBe(true);
  expect(listenerCount()).toBe(idle + 1);
  for (const stream of streams) stream.end();
  for (const stream of streams) expect(await stream.ended).toMatchObject({ ending: 'client' });
  await until('the proxy is gone', () => listenerCount() === idle);
  await until('all saw the end', () => file.server.connections.every((one) => one.end === 'fin'));
});

test('no server: no connection. end() at once, and while silent', async () => {
  const gone = await startTestServer();
  await gone.close();
  const lost = await file.open('keeping-proxy', '/', { url: gone.url('/') }).ended;
  expect(lost).toMatchObject({ ending: 'connect-failed', status: null });
  expect(lost.error).toMatch(/ECONNREFUSED/);

  const atOnce = file.open('keeping-proxy', '/hello', { keepMs: 50 });
  atOnce.end();
  expect(await atOnce.ended).toMatchObject({ ending: 'client', status: null });
  expect([await atOnce.answered, await atOnce.firstEvent, await atOnce.receives(1)]).toEqual([
    null,
    false,
    false,
  ]);
  const soon = file.open('keeping-proxy', '/hello', { keepMs: 50 });
  setImmediate(() => soon.end());
  expect(await soon.ended).toMatchObject({ ending: 'client' });

  const silent = file.open('keeping-proxy', '/silent', { keepMs: 50 });
  await until('the request is there', () => file.server.connections.some((one) => one.path === '/silent'));
  silent.end();
  expect(await silent.ended).toMatchObject({ ending: 'client', status: null });
  expect(() => file.open('keeping-proxy', '/hello', { headers: { 'X A': 'a' } })).toThrow(/token/);
});

test('TLS is spoken between the proxy and the server', async () => {
  const secure = await startTestServer({ tls: certificate });
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, certificate.cert]);
  const stream = file.open('keeping-proxy', '/ticks', { url: secure.url('/ticks'), keepMs: 50 });
  expect(await stream.receives(3)).toBe(true);
  stream.end();
  expect(await stream.ended).toMatchObject({ ending: 'client', error: null });
  await until('the server saw the end', () => secure.only('/ticks').end === 'fin');
  setDefaultCACertificates(trusted);
  await secure.close();
});
