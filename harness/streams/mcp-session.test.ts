import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BehaviourName } from '../model.ts';
import { protocolPlanOf } from '../protocol-options.ts';
import { openStream } from './open-stream.ts';
import { openSocketCount, until } from './testing/until.ts';

const plan = protocolPlanOf({ preset: 'mcp' });
const result = {
  protocolVersion: '2025-03-26',
  capabilities: {},
  serverInfo: { name: 'test', version: '1' },
};
const initialized = { jsonrpc: '2.0', id: 1, result };
let idleSocketCount: number;
let close: (() => Promise<unknown>) | null = null;

beforeAll(() => {
  idleSocketCount = openSocketCount();
});

afterEach(async () => {
  await until('no socket is left but those of the server', () => openSocketCount() === idleSocketCount);
  await close?.();
});

interface McpServer {
  url: string;
  /** Method of HTTP, and that of JSON-RPC behind it. */
  asked: string[];
  headers: IncomingMessage['headers'][];
  openCount(): number;
}

type Answer = (response: ServerResponse, body: { method?: string }) => void;

/** `initialize`, `initialized` and `stream` answer those; what they leave out is answered well. */
async function serve(
  answers: { initialize?: Answer; initialized?: Answer; stream?: Answer; end?: Answer } = {},
): Promise<McpServer> {
  const seen: McpServer = { url: '', asked: [], headers: [], openCount: () => 0 };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const body = text === '' ? {} : (JSON.parse(text) as { method?: string });
    seen.asked.push(`${request.method} ${body.method ?? ''}`.trim());
    seen.headers.push(request.headers);
    if (request.method === 'DELETE') (answers.end ?? ((one) => one.writeHead(204).end()))(response, body);
    else if (request.method === 'GET') (answers.stream ?? stays)(response, body);
    else if (body.method === 'initialize') (answers.initialize ?? json(initialized))(response, body);
    else (answers.initialized ?? ((one) => one.writeHead(202).end()))(response, body);
  });
  let openCount = 0;
  server.on('connection', (socket) => {
    openCount += 1;
    socket.on('close', () => (openCount -= 1));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = async () => {
    await until('the server has no connection', () => openCount === 0);
    server.close();
    await once(server, 'close');
  };
  seen.openCount = () => openCount;
  seen.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  return seen;
}

function json(message: object, headers: Record<string, string> = { 'Mcp-Session-Id': 'abc' }): Answer {
  return (response) =>
    response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(message));
}

/** The answer in a stream, which stays open behind it. */
function events(...texts: string[]): Answer {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Mcp-Session-Id': 'abc' });
    for (const text of texts) response.write(text);
  };
}

const stays: Answer = (response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write('id: 1\ndata: {}\n\n');
};

function open(url: string, behaviour: BehaviourName = 'graceful-close') {
  return openStream(behaviour, { url, headers: { 'X-Team': 'a' }, protocol: plan });
}

const begins = ['POST initialize', 'POST notifications/initialized', 'GET'];

describe('a session', () => {
  test.each<[BehaviourName, string[]]>([
    ['graceful-close', [...begins, 'DELETE']],
    ['tab', [...begins, 'DELETE']],
    ['random-lifetime', [...begins, 'DELETE']],
    ['abrupt-drop', begins],
    ['reconnect', begins],
    ['slow-reader', begins],
  ])('%s', async (behaviour, asked) => {
    const server = await serve();
    const stream = open(server.url, behaviour);
    expect(await stream.answered).toBe('accepted');
    expect(await stream.firstEvent).toBe(true);
    stream.end();
    expect(await stream.ended).toMatchObject({ behaviour, ending: 'client', status: 200, eventCount: 1 });
    expect(server.asked).toEqual(asked);
    for (const headers of server.headers.slice(1))
      expect(headers).toMatchObject({
        'mcp-session-id': 'abc',
        'mcp-protocol-version': '2025-03-26',
        'x-team': 'a',
      });
    expect(server.headers[0]).not.toHaveProperty('mcp-session-id');
  });

  const message = `data: ${JSON.stringify(initialized)}\n\n`;
  test.each<[string, string[]]>([
    ['an event', [message]],
    [
      'CRLF, other events before it, cut in the middle',
      [': hi\r\n\r\ndata: {"method":"x"}\r\n\r\nda', message.slice(2).replaceAll('\n', '\r\n')],
    ],
    [
      'several lines of data',
      [`data: ${JSON.stringify(initialized, null, 1).replaceAll('\n', '\ndata: ')}\n\n`],
    ],
  ])('initialized in a stream that stays open: %s', async (_what, texts) => {
    const server = await serve({ initialize: events(...texts) });
    const stream = open(server.url);
    expect(await stream.answered).toBe('accepted');
    stream.end();
    await stream.ended;
    expect(server.asked).toEqual([...begins, 'DELETE']);
  });

  test('without an id there is nothing to end', async () => {
    const server = await serve({ initialize: json(initialized, {}) });
    const stream = open(server.url);
    expect(await stream.answered).toBe('accepted');
    stream.end();
    await stream.ended;
    expect(server.asked).toEqual(begins);
    expect(server.headers[2]).not.toHaveProperty('mcp-session-id');
  });

  test('a server may refuse its end', async () => {
    const server = await serve({ end: (response) => response.writeHead(405).end() });
    const stream = open(server.url);
    await stream.firstEvent;
    stream.end();
    expect(await stream.ended).toMatchObject({ ending: 'client', error: null });
  });

  test('a quiet stream is accepted', async () => {
    const server = await serve({
      stream: (response) => response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders(),
    });
    for (const behaviour of ['tab', 'graceful-close'] as const) {
      const stream = open(server.url, behaviour);
      expect(await stream.answered).toBe('accepted');
      stream.end();
      expect(await stream.ended).toMatchObject({ ending: 'client', eventCount: 0 });
    }
  });
});

describe('no session', () => {
  const refusal = { jsonrpc: '2.0', id: 1, error: { code: -32_000, message: 'too many' } };
  test.each<[string, Answer, object]>([
    [
      'a 503',
      (response) => response.writeHead(503, { 'Retry-After': '3' }).end(),
      { answer: 'limited', status: 503, retryAfter: '3', error: null },
    ],
    ['a 404', (response) => response.writeHead(404).end(), { answer: 'other', status: 404, error: null }],
    ['an error', json(refusal), { answer: 'limited', status: 200, error: 'error -32000' }],
    [
      'an error in a stream',
      events(`data: ${JSON.stringify(refusal)}\n\n`),
      { answer: 'limited', status: 200, error: 'error -32000' },
    ],
    [
      'another error',
      json({ ...refusal, error: { code: 1 } }),
      { answer: 'other', status: 200, error: 'initialize was answered without a session' },
    ],
    ['nonsense', (response) => response.writeHead(200).end('[1'), { answer: 'other', status: 200 }],
  ])('%s', async (_what, initialize, record) => {
    const server = await serve({ initialize });
    const stream = open(server.url);
    expect(await stream.firstEvent).toBe(false);
    expect(await stream.receives(1)).toBe(false);
    expect(await stream.answered).toBe((record as { answer: string }).answer);
    expect(await stream.ended).toMatchObject({ ending: 'refused', ...record });
    expect(server.asked).toEqual(['POST initialize']);
  });

  test.each<[string, Answer]>([
    ['an answer of more than 1 MiB', (response) => void response.end('x'.repeat(2 ** 20 + 1))],
    ['a broken connection', (response) => void response.destroy()],
    [
      'half an answer',
      (response) => {
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('{', () => response.destroy());
      },
    ],
    ['a version that is no header', json({ ...initialized, result: { protocolVersion: 'a\r\nb' } })],
  ])('%s', async (_what, initialize) => {
    const server = await serve({ initialize });
    expect(await open(server.url).ended).toMatchObject({
      ending: 'connect-failed',
      answer: null,
      error: expect.stringMatching(/^initialize: ./),
    });
  });

  test('a session whose stream is refused is ended', async () => {
    const server = await serve({ stream: (response) => response.writeHead(429).end() });
    expect(await open(server.url).ended).toMatchObject({ ending: 'refused', answer: 'limited', status: 429 });
    expect(server.asked).toEqual([...begins, 'DELETE']);
  });

  test('so is one that was not let begin', async () => {
    const server = await serve({ initialized: (response) => response.writeHead(400).end() });
    expect(await open(server.url).ended).toMatchObject({ ending: 'refused', answer: 'other', status: 400 });
    expect(server.asked).toEqual([...begins.slice(0, 2), 'DELETE']);
  });

  test('many lines that look like an answer take no time', async () => {
    const lines = 'data:"result"\n'.repeat(30_000);
    const server = await serve({
      initialize(response) {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        for (let at = 0; at < lines.length; at += 1000) response.write(lines.slice(at, at + 1000));
        response.end();
      },
    });
    expect(await open(server.url).ended).toMatchObject({ ending: 'refused', answer: 'other', status: 200 });
  });
});

test.each(['graceful-close', 'abrupt-drop', 'tab'] as const)(
  '%s may leave at each moment',
  async (behaviour) => {
    const server = await serve();
    const left = Array.from({ length: 30 }, async (_, count) => {
      const stream = open(server.url, behaviour);
      for (let turns = 0; turns < count; turns += 1) await turn();
      stream.end();
      stream.end();
      return stream.ended;
    });
    for (const record of await Promise.all(left))
      expect(record).toMatchObject({ ending: 'client', error: null });
    await until('the server has no connection', () => server.openCount() === 0);
  },
);

test('a fault of ours is thrown', () => {
  expect(() => openStream('tab', { url: 'ftp://a', headers: {}, protocol: plan })).toThrow(/not an http/);
});
