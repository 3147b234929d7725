import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { protocolPlanOf } from '../protocol-options.ts';
import { behaviours } from './behaviours.ts';
import { openStream } from './open-stream.ts';
import { certificate } from './testing/certificate.ts';
import { eventCount, startProtocolServer } from './testing/protocol-servers.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';
import { openSocketCount, until } from './testing/until.ts';

let server: TestServer;
let idleSocketCount: number;
const trusted = getCACertificates('default');

beforeAll(async () => {
  idleSocketCount = openSocketCount();
  server = await startTestServer({ tls: certificate });
  setDefaultCACertificates([...trusted, certificate.cert]);
});

afterEach(async () => {
  await until('no connection is left at the server', async () => (await server.openCount()) === 0);
  await until('no socket is left in this process', () => openSocketCount() === idleSocketCount);
  server.connections.length = 0;
});

afterAll(async () => {
  setDefaultCACertificates(trusted);
  await server.close();
});

test.each([
  ['tab', 'fin'],
  ['graceful-close', 'fin'],
  ['abrupt-drop', 'rst'],
] as const)('%s over TLS: the server sees a %s', async (name, end) => {
  const stream = behaviours[name].open({ url: server.url('/hello'), headers: {} });
  await until('three events', () => stream.eventCount === 3);
  stream.end();
  expect(await stream.ended).toMatchObject({ ending: 'client', status: 200, error: null });
  await until('the server saw the end', () => server.only('/hello').end !== null);
  expect(server.only('/hello').end).toBe(end);
});

test('by host name, ended by the server', async () => {
  const url = server.url('/end').replace('127.0.0.1', 'localhost');
  const stream = behaviours['graceful-close'].open({ url, headers: {} });
  expect(await stream.ended).toMatchObject({ ending: 'server-end', eventCount: 3 });
});

test('a stalled reader, a drop before the first byte, an end in the middle of the handshake', async () => {
  const stalled = behaviours['stalled-reader'].open({ url: server.url('/flood'), headers: {} });
  expect(await stalled.firstEvent).toBe(true);
  stalled.end();
  expect(await stalled.ended).toMatchObject({ ending: 'client' });

  await behaviours['drop-before-first-byte'].open({ url: server.url('/silent'), headers: {} }).ended;
  await until('the request is there', () => server.connections.some((one) => one.path === '/silent'));

  for (const name of ['graceful-close', 'abrupt-drop', 'tab'] as const) {
    const connecting = behaviours[name].open({ url: server.url('/hello'), headers: {} });
    setImmediate(() => connecting.end());
    expect(await connecting.ended).toMatchObject({ ending: 'client', status: null });
  }
});

test('a certificate that nobody vouches for: no connection', async () => {
  setDefaultCACertificates(trusted);
  const record = await behaviours['abrupt-drop'].open({ url: server.url('/hello'), headers: {} }).ended;
  setDefaultCACertificates([...trusted, certificate.cert]);
  expect(record).toMatchObject({ ending: 'connect-failed', status: null });
  expect(record.error).toMatch(/self-signed certificate/);
});

test('a server that speaks no TLS: no connection', async () => {
  const plain = await startTestServer();
  const url = plain.url('/hello').replace('http:', 'https:');
  const stream = behaviours['graceful-close'].open({ url, headers: {} });
  await until('the handshake is there', () => (plain.connections[0]?.request.length ?? 0) > 0);
  await plain.close();
  expect(await stream.ended).toMatchObject({ ending: 'connect-failed', status: null });
});

test.each([
  ['websocket', 'graceful-close', { socketEnd: 'fin', closeCode: 1000 }],
  ['websocket', 'abrupt-drop', { socketEnd: 'rst', closeCode: 1006 }],
  ['sse-h2', 'tab', { socketEnd: 'fin', rstCode: 8 }],
  ['sse-h2', 'graceful-close', { socketEnd: 'fin', rstCode: 8 }],
  ['sse-h2', 'abrupt-drop', { socketEnd: 'rst' }],
] as const)('%s, %s over TLS', async (protocol, behaviour, seen) => {
  const other = await startProtocolServer(protocol, { secure: true });
  const url = other.url.replace('127.0.0.1', 'localhost');
  const stream = openStream(behaviour, { url, headers: {}, protocol: protocolPlanOf({ protocol }) });
  expect(await stream.receives(eventCount)).toBe(true);
  stream.end();
  expect(await stream.ended).toMatchObject({ ending: 'client', answer: 'accepted', error: null });
  await until('no connection is left', () => other.openCount() === 0);
  expect(other.visits[0]).toMatchObject(seen);
  await other.close();
});

test.each(['websocket', 'sse-h2'] as const)(
  '%s: a certificate that nobody trusts is no connection',
  async (protocol) => {
    setDefaultCACertificates(trusted);
    const other = await startProtocolServer(protocol, { secure: true });
    const request = { url: other.url, headers: {}, protocol: protocolPlanOf({ protocol }) };
    expect(await openStream('graceful-close', request).ended).toMatchObject({
      ending: 'connect-failed',
      status: null,
      error: expect.stringMatching(/certificate/),
    });
    setDefaultCACertificates([...trusted, certificate.cert]);
    await other.close();
  },
);
