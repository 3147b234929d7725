import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { OpenStream } from '../model.ts';
import { tab } from './tab.ts';
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

function open(path: string): OpenStream {
  return tab.open({ url: server.url(path), headers: { 'X-Team': 'a' } });
}

test('reconnects, resumes behind the last event, and closes at event: close', async () => {
  const stream = open('/resumes');
  expect(await stream.answered).toBe('accepted');
  const record = await stream.ended;
  expect(record).toMatchObject({
    behaviour: 'tab',
    status: 200,
    ending: 'server-end',
    closeReason: 'enough',
    eventCount: 7,
    reconnectCount: 2,
    idScheme: 'sequence',
    gapCount: 0,
    duplicateCount: 0,
    error: null,
  });
  expect(stream.lastEventId).toBe('6');
  const requests = server.connections.map((connection) => connection.request);
  expect(requests.map((request) => /last-event-id: (\d+)/i.exec(request)?.[1])).toEqual([
    undefined,
    '2',
    '4',
  ]);
  for (const request of requests) {
    expect(request).toMatch(/\r\nAccept: text\/event-stream\r\n/);
    expect(request).toMatch(/\r\nX-Team: a\r\n/);
  }
  await until('all are closed', () => server.connections.every((one) => one.sentBytes !== null));
  expect(record.byteCount).toBe(server.connections.reduce((sum, one) => sum + (one.sentBytes ?? 0), 0));
});

test('a server that resumes one event too early sends duplicates', async () => {
  expect(await open('/resumes-one-too-early').ended).toMatchObject({
    ending: 'server-end',
    gapCount: 0,
    duplicateCount: 4,
  });
});

test('a gap is seen, and a clean stream has none', async () => {
  const clean = open('/hello');
  const gap = open('/gap');
  await until('all events', () => clean.eventCount === 3 && gap.eventCount === 4);
  clean.end();
  gap.end();
  expect(await clean.ended).toMatchObject({ gapCount: 0, ending: 'client' });
  expect(await gap.ended).toMatchObject({ gapCount: 1, ending: 'client' });
});

test.each([
  ['/429', 'refused', 429, '7', null],
  ['/204', 'refused', 204, null, null],
  ['/503-chunked', 'refused', 503, null, null],
  ['/endless-refusal', 'refused', 429, null, null],
  ['/html', 'protocol-error', 200, null, /text\/html/],
  ['/no-content-type', 'protocol-error', 200, null, /no content type/],
  ['/gzip', 'protocol-error', 200, null, /gzip/],
  ['/endless-line', 'protocol-error', 200, null, /line of more than/],
] as const)('%s: %s, and no second try', async (path, ending, status, retryAfter, error) => {
  const stream = open(path);
  const no = status === 429 ? 'limited' : 'other';
  expect(await stream.answered).toBe(path === '/endless-line' ? 'accepted' : no);
  const record = await stream.ended;
  expect(record).toMatchObject({ ending, status, retryAfter, eventCount: 0 });
  if (error === null) expect(record.error).toBeNull();
  else expect(record.error).toMatch(error);
  expect(await stream.firstEvent).toBe(false);
  expect(server.connections.length).toBe(1);
});

test('does not gather connections that the server keeps alive', async () => {
  const stream = open('/end-and-keep-alive');
  await until('it has come back twice', () => server.connections.length >= 3);
  await until('what it left behind is closed', () =>
    server.connections.slice(0, 2).every((connection) => connection.end === 'fin'),
  );
  stream.end();
  expect(await stream.ended).toMatchObject({ ending: 'client' });
});

test('follows a redirect, and leaves nothing open behind it', async () => {
  const stream = open('/redirect');
  await until('three events', () => stream.eventCount === 3);
  await until('the redirecting connection is closed', () => server.only('/redirect').end === 'fin');
  expect(server.only('/hello').end).toBeNull();
  stream.end();
  expect(await stream.ended).toMatchObject({ ending: 'client', status: 200 });
});

test('a broken connection, or a reset one, is not its end', async () => {
  for (const path of ['/close-mid-chunk', '/reset-mid-event', '/not-http', '/close-without-answer']) {
    const stream = open(path);
    await until('the server is done', () => server.connections.at(-1)?.sentBytes !== null);
    stream.end();
    expect(await stream.ended).toMatchObject({ ending: 'client' });
  }
});

test('end() at once, while silent, and without a server', async () => {
  const atOnce = open('/hello');
  atOnce.end();
  atOnce.end();
  expect(await atOnce.ended).toMatchObject({ ending: 'client', status: null });
  expect(await atOnce.answered).toBeNull();

  const silent = open('/silent');
  await until('the request is there', () => server.connections.some((one) => one.path === '/silent'));
  silent.end();
  expect(await silent.ended).toMatchObject({ ending: 'client', status: null });

  const gone = await startTestServer();
  await gone.close();
  const lost = tab.open({ url: gone.url('/'), headers: {} });
  await until('its first try has failed', () => openSocketCount() === idleSocketCount);
  lost.end();
  expect(await lost.ended).toMatchObject({ ending: 'client', status: null });
});

test('a header that cannot be sent is a usage error', () => {
  expect(() => tab.open({ url: server.url('/hello'), headers: { 'X-A': 'a\r\nb' } })).toThrow(/line break/);
});
