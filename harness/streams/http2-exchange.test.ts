import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import {
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BehaviourName, OpenStream } from '../model.ts';
import { protocolPlanOf } from '../protocol-options.ts';
import { openStream } from './open-stream.ts';
import { openSocketCount, until } from './testing/until.ts';

const plan = protocolPlanOf({ protocol: 'sse-h2' });
const warnings: Error[] = [];
const closing: (() => Promise<void>)[] = [];
let idleSocketCount: number;

beforeAll(() => {
  idleSocketCount = openSocketCount();
  process.on('warning', keep);
});

afterEach(async () => {
  await until('no socket is left but those of servers', () => openSocketCount() === idleSocketCount);
  for (const close of closing.splice(0)) await close();
  expect(warnings).toEqual([]);
});

afterAll(() => {
  process.off('warning', keep);
});

function keep(warning: Error): void {
  if (/Listeners/.test(warning.name)) warnings.push(warning);
}

async function listen(server: Server | Http2Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

interface Listening {
  url: string;
  sessions: ServerHttp2Session[];
  streams: ServerHttp2Stream[];
  /** Of the first stream: pseudo headers too. */
  requests: Record<string, unknown>[];
}

/** `act`: what it does with a stream; default: one event, and nothing more. */
async function startServer(
  options: { most?: number; act?(stream: ServerHttp2Stream, number: number): void } = {},
): Promise<Listening> {
  const { most, act = hello } = options;
  const server = createServer(most === undefined ? {} : { settings: { maxConcurrentStreams: most } });
  const listening: Listening = { url: '', sessions: [], streams: [], requests: [] };
  server.on('session', (session) => {
    listening.sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    listening.requests.push(headers);
    stream.on('error', () => {});
    act(stream, listening.streams.push(stream) - 1);
  });
  server.on('sessionError', () => {});
  listening.url = await listen(server);
  return listening;
}

function hello(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
  stream.write('retry: 1\nid: 1\ndata: hello\n\n');
}

function open(url: string, behaviour: BehaviourName = 'graceful-close', headers = {}): OpenStream {
  return openStream(behaviour, { url, headers, protocol: plan });
}

function openTabs(url: string, count: number): OpenStream[] {
  return Array.from({ length: count }, () => open(url, 'tab'));
}

async function endAll(streams: OpenStream[]): Promise<void> {
  for (const stream of streams) stream.end();
  await Promise.all(streams.map(({ ended }) => ended));
}

describe('tabs share a connection', () => {
  test('all of them one, however many come before it stands; the last one closes it', async () => {
    const { url, sessions, streams } = await startServer();
    const tabs = openTabs(url, 40);
    for (const tab of tabs) expect(await tab.firstEvent).toBe(true);
    expect([sessions.length, streams.length]).toEqual([1, 40]);
    const [last, ...others] = tabs as [OpenStream, ...OpenStream[]];
    await endAll(others);
    await until('the others are gone', () => streams.filter(({ destroyed }) => destroyed).length === 39);
    expect(
      streams
        .map(({ rstCode }) => rstCode)
        .toSorted()
        .at(-1),
    ).toBe(constants.NGHTTP2_CANCEL);
    expect([sessions[0]?.closed, last.eventCount]).toEqual([false, 1]);
    await endAll([last]);
    await until('the connection is closed', () => sessions[0]?.destroyed === true);
  });

  test('and have another one where the server allows no more, even if they all come at once', async () => {
    const { url, sessions, streams } = await startServer({ most: 10 });
    const tabs = openTabs(url, 25);
    for (const tab of tabs) expect(await tab.firstEvent).toBe(true);
    expect([sessions.length, streams.length]).toEqual([3, 25]);
    // What is free is taken before there is a fourth.
    const late = openTabs(url, 5);
    for (const tab of late) expect(await tab.firstEvent).toBe(true);
    expect(sessions.length).toBe(3);
    await endAll([...tabs, ...late]);
    await until('all are closed', () => sessions.every(({ destroyed }) => destroyed));
  });

  test('a connection that is lost brings all of them back, on one again', async () => {
    const { url, sessions, streams } = await startServer();
    const tabs = openTabs(url, 12);
    for (const tab of tabs) expect(await tab.firstEvent).toBe(true);
    sessions[0]?.socket.destroy();
    await until('they are back', () => tabs.every(({ eventCount }) => eventCount === 2));
    expect([sessions.length, streams.length]).toEqual([2, 24]);
    for (const tab of tabs) tab.end();
    for (const { ended } of tabs) {
      const record = await ended;
      expect(record).toMatchObject({ ending: 'client', eventCount: 2 });
      // On a busy machine one can come back to the connection that is breaking, before that is known, and has to come again.
      expect(record.reconnectCount).toBeGreaterThanOrEqual(1);
    }
  });

  test('behind a GOAWAY those that are there stay, and others have a new one', async () => {
    const { url, sessions } = await startServer();
    const [old] = openTabs(url, 1) as [OpenStream];
    expect(await old.firstEvent).toBe(true);
    sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR);
    await until('a new tab has a new connection', async () => {
      const fresh = openTabs(url, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await endAll(fresh);
      return sessions.length === 2;
    });
    expect(old.eventCount).toBe(1);
    await endAll([old]);
  });

  test('one that leaves while it waits for its turn leaves nothing', async () => {
    const { url, sessions, streams } = await startServer({ most: 1 });
    const tabs = openTabs(url, 3);
    await endAll(tabs.slice(0, 2));
    expect(await tabs[2]?.firstEvent).toBe(true);
    expect(streams.length).toBe(1);
    await endAll(tabs);
    await until('all are closed', () => sessions.every(({ destroyed }) => destroyed));
  });
});

describe('how the server ends it', () => {
  test.each<[string, (stream: ServerHttp2Stream) => void, object]>([
    ['an end', (stream) => stream.end(), { ending: 'server-end', error: null, status: 200 }],
    [
      'RST_STREAM',
      // Node's `close` ends it in order, and resets nothing then.
      (stream) => stream.destroy(new Error('a fault')),
      { ending: 'server-reset', error: expect.stringMatching(/code 2|INTERNAL_ERROR/) },
    ],
    ['a broken connection', (stream) => stream.session?.socket.destroy(), { ending: 'server-reset' }],
    ['GOAWAY and the end', (stream) => stream.session?.destroy(), { ending: 'server-reset' }],
  ])('%s', async (_what, act, record) => {
    const { url } = await startServer({
      act(stream) {
        hello(stream);
        setTimeout(act, 20, stream);
      },
    });
    const stream = open(url);
    expect(await stream.ended).toMatchObject({ ...record, answer: 'accepted', eventCount: 1 });
  });

  test.each<[string, (stream: ServerHttp2Stream) => void, object]>([
    [
      'a 429',
      (stream) => stream.respond({ ':status': 429, 'retry-after': '7' }, { endStream: true }),
      { ending: 'refused', status: 429, answer: 'limited', retryAfter: '7' },
    ],
    [
      'a stream that is refused',
      (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
      {
        ending: 'server-reset',
        status: null,
        answer: null,
        error: expect.stringMatching(/code 7|REFUSED_STREAM/),
      },
    ],
    [
      'GOAWAY at once',
      (stream) => stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM),
      { ending: 'server-reset', status: null, answer: null },
    ],
    [
      'another type',
      (stream) => stream.respond({ ':status': 200, 'content-type': 'text/html' }),
      { ending: 'protocol-error', error: expect.stringMatching(/text\/html/) },
    ],
  ])('%s', async (_what, act, record) => {
    const { url } = await startServer({ act });
    expect(await open(url).ended).toMatchObject({ ...record, eventCount: 0 });
  });
});

describe('what is no HTTP/2', () => {
  test('a server of HTTP/1.1', async () => {
    const url = await listen(createHttpServer((_request, response) => response.end('hello')));
    expect(await open(url).ended).toMatchObject({
      ending: 'protocol-error',
      status: null,
      error: expect.stringMatching(/^not HTTP\/2/),
    });
  });

  test('nobody there', async () => {
    const server = createTcpServer();
    const url = await listen(server);
    await closing.pop()?.();
    for (const behaviour of ['graceful-close', 'abrupt-drop'] as const)
      expect(await open(url, behaviour).ended).toMatchObject({
        ending: 'connect-failed',
        error: expect.stringMatching(/ECONNREFUSED/),
      });
    const tab = open(url, 'tab');
    await new Promise((resolve) => setImmediate(resolve));
    tab.end();
    expect(await tab.ended).toMatchObject({ ending: 'client', status: null });
  });
});

describe('leaving at each moment', () => {
  const behaviours = ['graceful-close', 'abrupt-drop', 'tab', 'slow-reader', 'request-then-silence'] as const;

  test.each(behaviours)('%s', async (behaviour) => {
    const { url, sessions } = await startServer();
    const turns = Array.from({ length: 8 }, (_, count) => count);
    const left = turns.map(async (count) => {
      const stream = open(url, behaviour);
      for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      stream.end();
      return stream.ended;
    });
    for (const record of await Promise.all(left))
      expect(record).toMatchObject({ behaviour, ending: 'client' });
    await until('all are closed', () => sessions.every(({ destroyed }) => destroyed));
  });

  test.each(['http', 'https'])('a %s server that says nothing is left all the same', async (scheme) => {
    let openCount = 0;
    const url = await listen(
      createTcpServer((socket) => {
        openCount += 1;
        socket
          .on('error', () => {})
          .on('close', () => (openCount -= 1))
          .resume();
      }),
    );
    for (const behaviour of behaviours) {
      const stream = open(url.replace('http', scheme), behaviour);
      await until('it is connected', () => openCount === 1);
      stream.end();
      expect(await stream.ended).toMatchObject({ ending: 'client', status: null, answer: null });
      await until('it has left', () => openCount === 0);
    }
  });
});

test('a stalled reader takes its window and no more, though its connection is read', async () => {
  const { url, streams } = await startServer({
    act(stream) {
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
      const more = () => {
        while (!stream.destroyed && stream.write(`data: ${'x'.repeat(1000)}\n\n`));
      };
      stream.on('drain', more);
      more();
    },
  });
  const stalled = open(url, 'stalled-reader');
  expect(await stalled.answered).toBe('accepted');
  const clean = open(url);
  await until('another one has a thousand events', () => clean.eventCount > 1000);
  expect(streams[0]?.state.localWindowSize).toBeDefined();
  stalled.end();
  clean.end();
  const record = await stalled.ended;
  await clean.ended;
  expect(record).toMatchObject({ ending: 'client' });
  expect(record.byteCount).toBeLessThan(200_000);
});

test('headers of HTTP/1.x alone are left out, Host says the authority, a body makes a POST', async () => {
  const { url, requests } = await startServer();
  const headers = {
    Host: 'example.test',
    TE: 'gzip',
    'Proxy-Connection': 'keep-alive',
    'X-Team': 'a',
    Upgrade: 'x',
  };
  const stream = openStream('graceful-close', {
    url: `${url}path?a=1`,
    headers,
    protocol: { ...plan, body: '{}' },
  });
  expect(await stream.firstEvent).toBe(true);
  await endAll([stream]);
  expect(requests[0]).toMatchObject({
    ':authority': 'example.test',
    ':path': '/path?a=1',
    ':method': 'POST',
    ':scheme': 'http',
    'x-team': 'a',
    accept: 'text/event-stream',
    'content-length': '2',
  });
  for (const name of ['te', 'proxy-connection', 'host', 'upgrade', 'connection'])
    expect(requests[0]).not.toHaveProperty(name);
});

test('streams that are refused and dropped in the same moment are over, with their connections', async () => {
  const url = await listen(
    createServer((_request, response) => {
      response.writeHead(429, { 'retry-after': '1' });
      response.end('full');
    }),
  );
  const socketCount = openSocketCount();
  for (let round = 0; round < 5; round++) {
    const streams = Array.from({ length: 20 }, () =>
      openStream('abrupt-drop', { url, headers: {}, protocol: plan }),
    );
    await Promise.all(streams.map(({ answered }) => answered));
    // Some of them have been closed by now, and others are about to be.
    for (const stream of streams) stream.end();
    for (const { status } of await Promise.all(streams.map(({ ended }) => ended))) expect(status).toBe(429);
  }
  await until('no connection is left', () => openSocketCount() === socketCount);
}, 15_000);
