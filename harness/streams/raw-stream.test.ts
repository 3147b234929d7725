import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { StreamAnswer, StreamEnding } from '../model.ts';
import { openRawStream, type RawStream } from './raw-stream.ts';
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

function open(path: string, headers: Record<string, string> = {}): RawStream {
  return openRawStream({ url: server.url(path), headers }, { behaviour: 'graceful-close', leave: 'fin' });
}

/** Opens the path, ends it once `eventCount` events are there, and returns the record. */
async function read(path: string, eventCount: number) {
  const stream = open(path);
  await until(`${eventCount} events from ${path}`, () => stream.eventCount >= eventCount);
  stream.end();
  return stream.ended;
}

test('sends the request of an EventSource, with the user’s headers', async () => {
  const stream = open('/hello', {
    Authorization: 'Bearer ü',
    'X-Team': 'a',
    accept: 'text/event-stream, */*',
  });
  expect(await stream.answered).toBe('accepted');
  stream.end();
  await stream.ended;
  const { request } = server.only('/hello');
  const port = new URL(server.url('/')).port;
  expect(request).toBe(
    `GET /hello HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\naccept: text/event-stream, */*\r\n` +
      'Cache-Control: no-cache\r\nConnection: keep-alive\r\nAuthorization: Bearer ü\r\nX-Team: a\r\n\r\n',
  );
});

test('tells when so many events have come, or that they will not', async () => {
  const stream = open('/hello');
  const [two, three, four] = [2, 3, 4].map((count) => stream.receives(count));
  expect(await Promise.all([two, three])).toEqual([true, true]);
  expect(await stream.receives(3)).toBe(true);
  stream.end();
  expect(await four).toBe(false);
  await stream.ended;
  expect(await stream.receives(3)).toBe(true);
  expect(await stream.receives(4)).toBe(false);
});

test('a clean stream: every field of the record', async () => {
  const stream = open('/hello');
  expect(await stream.answered).toBe('accepted');
  expect(await stream.firstEvent).toBe(true);
  await until('three events', () => stream.eventCount === 3);
  expect(stream.lastEventId).toBe('3');
  stream.end();
  stream.end();
  const record = await stream.ended;
  expect(record).toEqual({
    behaviour: 'graceful-close',
    status: 200,
    answer: 'accepted',
    firstByteMs: expect.any(Number),
    firstEventMs: expect.any(Number),
    durationMs: expect.any(Number),
    eventCount: 3,
    byteCount: expect.any(Number),
    gapCount: 0,
    duplicateCount: 0,
    fedEventCount: 0,
    fedGapCount: 0,
    fedDuplicateCount: 0,
    reconnectCount: 0,
    idScheme: 'sequence',
    ending: 'client',
    closeReason: null,
    closeEventMs: null,
    retryAfter: null,
    error: null,
  });
  expect(record.firstByteMs).toBeGreaterThan(0);
  expect(record.firstEventMs).toBeGreaterThanOrEqual(record.firstByteMs ?? Infinity);
  expect(record.durationMs).toBeGreaterThanOrEqual(record.firstEventMs ?? Infinity);
  expect(stream.lastEventId).toBe('3');
  await until('the server has closed too', () => server.only('/hello').sentBytes !== null);
  expect(server.only('/hello')).toMatchObject({ end: 'fin', sentBytes: record.byteCount });
});

describe('how a stream ends', () => {
  const cases: [path: string, ending: StreamEnding, eventCount: number, error: RegExp | null][] = [
    ['/end', 'server-end', 3, null],
    ['/end-with-trailers', 'server-end', 1, null],
    ['/end-of-length', 'server-end', 1, null],
    ['/until-close', 'server-end', 2, null],
    ['/trickle', 'server-end', 2, null],
    ['/no-encoding', 'server-end', 1, null],
    ['/429', 'refused', 0, null],
    ['/503-chunked', 'refused', 0, null],
    ['/204', 'refused', 0, null],
    ['/redirect', 'refused', 0, /redirected \(307\) to "\/hello"/],
    ['/endless-refusal', 'refused', 0, null],
    ['/close-without-answer', 'server-reset', 0, /closed before a response/],
    ['/reset-without-answer', 'server-reset', 0, /ECONNRESET/],
    ['/close-mid-head', 'server-reset', 0, /inside the response head/],
    ['/close-mid-chunk', 'server-reset', 1, /closed 234 bytes before the end of a chunk/],
    ['/close-without-last-chunk', 'server-reset', 1, /before the last chunk/],
    ['/close-before-length', 'server-reset', 1, /closed 879 bytes before the end of the body/],
    ['/reset-mid-event', 'server-reset', 1, /ECONNRESET/],
    ['/not-http', 'protocol-error', 0, /not an HTTP\/1\.x response: it begins with "SSH-2\.0/],
    ['/html', 'protocol-error', 0, /content type "text\/html"/],
    ['/no-content-type', 'protocol-error', 0, /no content type/],
    ['/gzip', 'protocol-error', 0, /content encoding "gzip"/],
    ['/wrong-chunk-size', 'protocol-error', 0, /chunk is longer than its size says/],
    ['/no-chunk-size', 'protocol-error', 0, /malformed chunk size line "data: a/],
    ['/two-framings', 'protocol-error', 0, /both Transfer-Encoding and Content-Length/],
    ['/bad-length', 'protocol-error', 0, /malformed Content-Length "3, 4"/],
    ['/bad-header', 'protocol-error', 0, /malformed header line "Content-Type : text/],
    ['/endless-header', 'protocol-error', 0, /response head of more than 65536 bytes/],
    ['/endless-line', 'protocol-error', 0, /line of more than 4194304 bytes/],
    ['/endless-nonsense', 'protocol-error', 0, /line of more than 4194304 bytes/],
    [
      '/endless-event',
      'protocol-error',
      0,
      /event of more than 5242880 bytes, with 32 more for each line of data, without a blank line/,
    ],
    ['/endless-chunk-extension', 'protocol-error', 0, /chunk size line of more than 4096 bytes/],
  ];
  const noes: Record<string, StreamAnswer> = {
    '/429': 'limited',
    '/endless-refusal': 'limited',
    '/503-chunked': 'other',
    '/204': 'other',
    '/redirect': 'other',
    '/html': 'other',
    '/no-content-type': 'other',
    '/gzip': 'other',
  };
  test.each(cases)('%s: %s', async (path, ending, eventCount, error) => {
    const stream = open(path);
    const record = await stream.ended;
    expect(record).toMatchObject({ ending, eventCount });
    if (error === null) expect(record.error).toBeNull();
    else expect(record.error).toMatch(error);
    const answer = record.status === null ? null : (noes[path] ?? 'accepted');
    expect([await stream.answered, record.answer]).toEqual([answer, answer]);
    expect(await stream.firstEvent).toBe(eventCount > 0);
  });
});

test('a refusal tells its status and Retry-After', async () => {
  const record = await open('/429').ended;
  expect(record).toMatchObject({ status: 429, retryAfter: '7' });
  await until('the server has closed too', () => server.only('/429').sentBytes !== null);
  expect(server.only('/429').sentBytes).toBe(record.byteCount);
});

test('an interim response is passed over', async () => {
  expect(await read('/interim', 1)).toMatchObject({ status: 200, ending: 'client' });
});

test('UTF-8 sequences cut by packets come out whole', async () => {
  expect(await read('/split-utf8', 2)).toMatchObject({ eventCount: 2, idScheme: 'offset', gapCount: 0 });
});

describe('order by id', () => {
  test.each([
    ['/hello', 3, 'sequence', 0, 0],
    ['/gap', 4, 'sequence', 1, 0],
    ['/duplicate', 6, 'sequence', 0, 2],
    ['/offsets', 4, 'offset', 0, 0],
    ['/offset-gap', 3, 'offset', 1, 0],
    ['/stalled', 1, 'none', 0, 0],
  ] as const)('%s', async (path, eventCount, idScheme, gapCount, duplicateCount) => {
    expect(await read(path, eventCount)).toMatchObject({ idScheme, gapCount, duplicateCount });
  });
});

describe('event: close', () => {
  test('its reason comes from JSON', async () => {
    const record = await open('/close-event').ended;
    expect(record).toMatchObject({
      ending: 'server-end',
      closeReason: 'max_duration_exceeded',
      eventCount: 2,
    });
    expect(record.closeEventMs).toBeLessThanOrEqual(record.durationMs);
  });
  test('or is the data itself', async () => {
    expect(await open('/close-event-in-words').ended).toMatchObject({ closeReason: 'bye now' });
  });
  test('a server that says goodbye and stays has not ended the stream', async () => {
    expect(await read('/close-event-and-stay', 1)).toMatchObject({
      ending: 'client',
      closeReason: 'bye now',
    });
  });
});

test('end() while it connects, before an answer, and on a refused port', async () => {
  const connecting = open('/hello');
  connecting.end();
  expect(await connecting.ended).toMatchObject({ ending: 'client', status: null, firstByteMs: null });
  expect(await connecting.answered).toBeNull();
  expect(await connecting.firstEvent).toBe(false);

  const silent = open('/silent');
  await until('the request is there', () => server.connections.some((one) => one.path === '/silent'));
  silent.end();
  expect(await silent.ended).toMatchObject({ ending: 'client', status: null, byteCount: 0 });
  await until('the FIN is there', () => server.only('/silent').end === 'fin');
});

test('no server at the port', async () => {
  const gone = await startTestServer();
  await gone.close();
  const record = await openRawStream(
    { url: gone.url('/'), headers: {} },
    { behaviour: 'abrupt-drop', leave: 'rst' },
  ).ended;
  expect(record).toMatchObject({ ending: 'connect-failed', status: null });
  expect(record.error).toMatch(/ECONNREFUSED/);
  const byName = openRawStream(
    { url: gone.url('/').replace('127.0.0.1', 'localhost'), headers: {} },
    { behaviour: 'abrupt-drop', leave: 'rst' },
  );
  expect((await byName.ended).error).toMatch(/ECONNREFUSED/);
});

test('a host name, and an IPv6 address', async () => {
  const byName = openRawStream(
    { url: server.url('/end').replace('127.0.0.1', 'localhost'), headers: {} },
    { behaviour: 'graceful-close', leave: 'fin' },
  );
  expect(await byName.ended).toMatchObject({ ending: 'server-end', eventCount: 3 });
  expect(server.only('/end').request).toMatch(/\r\nHost: localhost:\d+\r\n/);

  const six = await startTestServer({ host: '::1' });
  const stream = openRawStream(
    { url: six.url('/end'), headers: {} },
    { behaviour: 'graceful-close', leave: 'fin' },
  );
  expect(await stream.ended).toMatchObject({ ending: 'server-end', eventCount: 3 });
  expect(six.only('/end').request).toMatch(/\r\nHost: \[::1\]:\d+\r\n/);
  await six.close();
});

test.each([
  ['http//x', {}, /is not an http: or https: URL/],
  ['ftp://127.0.0.1/', {}, /is not an http: or https: URL/],
  ['http://a:b@127.0.0.1/', {}, /Authorization header/],
  ['http://127.0.0.1:1/', { 'X-A': 'a\r\nX-B: b' }, /value of header X-A holds a line break/],
  ['http://127.0.0.1:1/', { 'X-A': '…' }, /value of header X-A/],
  ['http://127.0.0.1:1/', { 'X A': 'a' }, /is not an HTTP token/],
])('a request that cannot be sent is a usage error: %s %j', (url, headers, message) => {
  expect(() => openRawStream({ url, headers: { ...headers } }, { behaviour: 'tab', leave: 'fin' })).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
  );
});
