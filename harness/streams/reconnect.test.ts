import { expect, test } from 'vitest';
import { behaviours } from './behaviours.ts';
import { serverOfFile } from './testing/server-of-file.ts';
import type { TestServer } from './testing/test-server.ts';
import { startTestServer } from './testing/test-server.ts';
import { openSocketCount, until } from './testing/until.ts';

const file = serverOfFile(behaviours);

/** Of each request, in order. */
function resumedFrom({ connections }: TestServer): (string | undefined)[] {
  return connections.map(({ request }) => /^last-event-id: (.*)\r$/im.exec(request)?.[1]);
}

test('reconnects, resumes behind the last event, and ends with the response that says goodbye', async () => {
  const stream = file.open('reconnect', '/resumes', { headers: { 'X-Team': 'a' } });
  expect(await stream.answered).toBe('accepted');
  const record = await stream.ended;
  expect(record).toMatchObject({
    behaviour: 'reconnect',
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
  expect(resumedFrom(file.server)).toEqual([undefined, '2', '4']);
  for (const { request } of file.server.connections) expect(request).toMatch(/\r\nX-Team: a\r\n/);
  await until('all are closed', () => file.server.connections.every((one) => one.sentBytes !== null));
  expect(record.byteCount).toBe(file.server.connections.reduce((sum, one) => sum + (one.sentBytes ?? 0), 0));
});

test('a server that resumes one event too early sends duplicates, a clean one none', async () => {
  expect(await file.open('reconnect', '/resumes-one-too-early').ended).toMatchObject({
    ending: 'server-end',
    gapCount: 0,
    duplicateCount: 4,
  });
});

test('a broken connection is no ending; half an event of it is forgotten', async () => {
  const record = await file.open('reconnect', '/resumes-behind-resets').ended;
  expect(record).toMatchObject({
    ending: 'server-end',
    closeReason: 'bye',
    eventCount: 5,
    reconnectCount: 2,
    gapCount: 0,
    duplicateCount: 0,
  });
  expect(resumedFrom(file.server)).toEqual([undefined, '2', '4']);
});

test('broken behind a goodbye: it does not come back', async () => {
  const record = await file.open('reconnect', '/close-event-and-reset').ended;
  expect(record).toMatchObject({ ending: 'server-reset', closeReason: 'bye', reconnectCount: 0 });
  expect(record.error).toMatch(/ECONNRESET/);
  expect(file.server.connections.length).toBe(1);
});

test.each([
  ['/429', 'refused', 429, '7', null],
  ['/503-chunked', 'refused', 503, null, null],
  ['/204', 'refused', 204, null, null],
  ['/redirect', 'refused', 307, null, /redirected \(307\) to "\/hello"/],
  ['/endless-refusal', 'refused', 429, null, null],
  ['/html', 'protocol-error', 200, null, /content type "text\/html"/],
  ['/gzip', 'protocol-error', 200, null, /content encoding/],
  ['/endless-line', 'protocol-error', 200, null, /line of more than/],
] as const)('%s: %s, and no second try', async (path, ending, status, retryAfter, error) => {
  for (const behaviour of ['reconnect', 'reconnect-storm'] as const) {
    const record = await file.open(behaviour, path).ended;
    expect(record).toMatchObject({ behaviour, ending, status, retryAfter, eventCount: 0, reconnectCount: 0 });
    if (error === null) expect(record.error).toBeNull();
    else expect(record.error).toMatch(error);
  }
  expect(file.server.connections.length).toBe(2);
});

test('it drops by itself, with a RST, and loses nothing', async () => {
  const stream = file.open('reconnect', '/ticks', { dropAfterMs: 100 });
  const requested = () => file.server.connections.filter((one) => one.path !== '');
  await until('it has come back twice', () => requested().length >= 3);
  expect(await stream.receives(stream.eventCount + 2)).toBe(true);
  stream.end();
  const record = await stream.ended;
  expect(record).toMatchObject({ ending: 'client', idScheme: 'sequence', gapCount: 0, duplicateCount: 0 });
  expect(record.reconnectCount).toBeGreaterThanOrEqual(2);
  await until('all are closed', () => file.server.connections.every((one) => one.end !== null));
  const dropped = requested().slice(0, -1);
  expect(dropped.map((one) => one.end)).toEqual(dropped.map(() => 'rst'));
  const resumed = resumedFrom(file.server).map((id) => Number(id ?? 0));
  expect(resumed).toEqual([...resumed].sort((a, b) => a - b));
  expect(resumed.at(-1)).toBeGreaterThan(0);
});

test('twin: without dropAfterMs it stays, and end() closes with a FIN', async () => {
  const stream = file.open('reconnect', '/ticks');
  expect(await stream.receives(30)).toBe(true);
  stream.end();
  stream.end();
  expect(await stream.ended).toMatchObject({ ending: 'client', reconnectCount: 0 });
  await until('the FIN is there', () => file.server.only('/ticks').end === 'fin');
});

test('without a retry it waits three seconds, the last retry otherwise', async () => {
  const stream = file.open('reconnect', '/end');
  await until('it has come back', () => file.server.connections.length === 2);
  stream.end();
  const record = await stream.ended;
  expect(record.durationMs).toBeGreaterThanOrEqual(2_999);
  expect(record.reconnectCount).toBeGreaterThanOrEqual(1);

  const quick = file.open('reconnect', '/end-and-keep-alive');
  await until(
    'it has come back twice',
    () => file.server.connections.filter((one) => one.path === '/end-and-keep-alive').length >= 3,
  );
  quick.end();
  await quick.ended;
});

test('no server', async () => {
  const gone = await startTestServer();
  await gone.close();
  const sockets = openSocketCount();
  const lost = file.open('reconnect', '/', { url: gone.url('/') });
  await until('its first try has failed', () => openSocketCount() === sockets);
  lost.end();
  expect(await lost.ended).toMatchObject({ ending: 'client', status: null, reconnectCount: 1 });
  expect(await lost.answered).toBeNull();
});

test('end() at once, while silent, while it waits', async () => {
  const atOnce = file.open('reconnect', '/hello');
  atOnce.end();
  expect(await atOnce.ended).toMatchObject({ ending: 'client', status: null });
  const silent = file.open('reconnect', '/silent');
  await until('the request is there', () => file.server.connections.some((one) => one.path === '/silent'));
  silent.end();
  expect(await silent.ended).toMatchObject({ ending: 'client', status: null });
  const waiting = file.open('reconnect', '/end');
  expect(await waiting.receives(3)).toBe(true);
  await until('it waits', () => file.server.only('/end').sentBytes !== null);
  waiting.end();
  expect(await waiting.ended).toMatchObject({ ending: 'client', eventCount: 3 });
});

test('a header that cannot be sent is a usage error', () => {
  expect(() => file.open('reconnect', '/hello', { headers: { 'X-A': 'a\r\nb' } })).toThrow(/line break/);
});

test('an id that cannot be sent back ends it; one in another script is sent as UTF-8', async () => {
  const control = await file.open('reconnect', '/control-character-id').ended;
  expect(control).toMatchObject({ ending: 'protocol-error', eventCount: 1 });
  expect(control.error).toMatch(/Last-Event-ID holds a line break, a control character/);

  const stream = file.open('reconnect', '/greek-id');
  await until('it has come back', () => file.server.connections.length >= 3);
  stream.end();
  await stream.ended;
  expect(Buffer.from(resumedFrom(file.server)[2] ?? '', 'latin1').toString()).toBe('αβ');
});

test('a storm: all drop with a RST at once, wait half to one and a half of retry, and resume', async () => {
  const drawn: number[] = [];
  const random = () => {
    drawn.push(0.25);
    return 0.25;
  };
  const streams = Array.from({ length: 5 }, () =>
    file.open('reconnect-storm', '/ticks', { dropAfterMs: 150, random }),
  );
  for (const stream of streams) expect(await stream.receives(1)).toBe(true);
  for (let strike = 1; strike <= 2; strike += 1) {
    // These have sent a request, so they are connected; the strike hits them all.
    const open = () => file.server.connections.filter((one) => one.path !== '' && one.end === null);
    await until('all are connected', () => open().length === streams.length);
    const hit = open();
    await until('all were struck', () => hit.every((one) => one.end !== null));
    expect(hit.map((one) => one.end)).toEqual(hit.map(() => 'rst'));
    const back = file.server.connections.length - 1;
    await until('one is back', () => file.server.connections[back + 1]?.path === '/ticks');
    expect(Number(resumedFrom(file.server)[back + 1])).toBeGreaterThan(0);
  }
  for (const stream of streams) stream.end();
  let reconnectCount = 0;
  for (const stream of streams) {
    const record = await stream.ended;
    expect(record).toMatchObject({ ending: 'client', gapCount: 0, duplicateCount: 0, idScheme: 'sequence' });
    expect(record.reconnectCount).toBeGreaterThanOrEqual(2);
    reconnectCount += record.reconnectCount;
  }
  // One number for each wait.
  expect(drawn.length).toBe(reconnectCount);
});
