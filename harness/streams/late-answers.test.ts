import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { BehaviourName } from '../model.ts';
import { type ProtocolOptions, protocolPlanOf } from '../protocol-options.ts';
import { floodWithStreams } from '../stream-flood.ts';
import { openStream } from './open-stream.ts';
import { openSocketCount, until } from './testing/until.ts';

const closing: (() => Promise<unknown>)[] = [];
let idleSocketCount: number;

beforeAll(() => {
  idleSocketCount = openSocketCount();
});

afterEach(async () => {
  await until('no socket is left but those of the server', () => openSocketCount() === idleSocketCount);
  for (const close of closing.splice(0)) await close();
});

async function serve(listener: RequestListener, onClient?: (client: WebSocket) => void): Promise<string> {
  const server = createServer(listener);
  server.keepAliveTimeout = 1;
  if (onClient !== undefined) new WebSocketServer({ server }).on('connection', onClient);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const noRequest: RequestListener = (_request, response) => response.writeHead(400).end();

/** Opens a stream, waits for its answer, and ends it if it got in. */
async function meet(url: string, options: ProtocolOptions, behaviour: BehaviourName = 'graceful-close') {
  const stream = openStream(behaviour, { url, headers: {}, protocol: protocolPlanOf(options) });
  const answer = await stream.answered;
  if (answer === 'accepted') stream.end();
  return { ...(await stream.ended), answered: answer };
}

const coming = ['graceful-close', 'reconnect', 'tab'] as const;

describe.each(coming)('%s', (behaviour) => {
  const refusal = 'close:4429';

  test('a close code that says no is a refusal, another one an end', async () => {
    const url = await serve(noRequest, (client) => client.close(4429, 'too many'));
    const refused = await meet(url, { protocol: 'websocket', refusal }, behaviour);
    expect(refused).toMatchObject({
      answered: 'limited',
      answer: 'limited',
      ending: 'refused',
      error: 'close 4429',
      closeReason: 'too many',
      status: 101,
    });
    const other = await meet(url, { protocol: 'websocket', refusal: 'close:4430' }, behaviour);
    expect(other).toMatchObject({ answered: 'accepted', ending: 'server-end', closeReason: 'too many' });
  });

  test('who waits for a no and hears nothing is in, and so is who hears an event', async () => {
    const quiet = await serve(noRequest, () => {});
    expect(await meet(quiet, { protocol: 'websocket', refusal }, behaviour)).toMatchObject({
      answered: 'accepted',
      ending: 'client',
      eventCount: 0,
    });
    const busy = await serve(noRequest, (client) => client.send('hello'));
    const greeted = await meet(busy, { protocol: 'websocket', refusal }, behaviour);
    expect(greeted).toMatchObject({ answered: 'accepted', ending: 'client', eventCount: 1 });
  });

  test('a status says no at once', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(503, { 'Retry-After': '9' }).end('no'),
    );
    for (const protocol of ['ndjson', 'sse']) {
      expect(await meet(url, { protocol, refusal: ['503'] }, behaviour)).toMatchObject({
        answered: 'limited',
        ending: 'refused',
        status: 503,
        retryAfter: '9',
      });
      expect(await meet(url, { protocol }, behaviour)).toMatchObject({
        answered: 'other',
        ending: 'refused',
      });
    }
  });

  test.each<[code: number, refusals: string, answer: string, error: string]>([
    [-32_000, 'error:-32000', 'limited', 'error -32000'],
    [-32_001, 'error:-32000', 'other', 'a JSON text instead of a stream'],
  ])('a JSON-RPC error %i in a 200', async (code, refusals, answer, error) => {
    const url = await serve((_request, response) =>
      response
        .writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' })
        .end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message: 'no' } })),
    );
    const options = { protocol: 'sse', refusal: refusals };
    expect(await meet(url, options, behaviour)).toMatchObject({
      answered: answer,
      ending: 'refused',
      status: 200,
      error,
    });
  });
});

test('a JSON text without an end is no refusal that fills memory', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
    };
    response.on('drain', more);
    more();
  });
  for (const behaviour of ['graceful-close', 'tab'] as const) {
    const record = await meet(url, { refusal: 'error:-32000' }, behaviour);
    expect(record).toMatchObject({ answered: 'other', ending: 'refused', status: 200 });
    expect(record.byteCount).toBeLessThan(2_000_000);
  }
});

describe('a flood of whole clients', () => {
  const load = (url: string) => ({ url, key: 'k', count: 12, connections: 4 });
  const { signal } = new AbortController();

  test('counts refusals by what they say', async () => {
    let count = 0;
    const url = await serve(noRequest, (client) => {
      count += 1;
      if (count % 3 !== 0) client.close(4429);
      else client.send('hello');
    });
    const protocol = protocolPlanOf({ protocol: 'websocket', refusal: 'close:4429' });
    const result = await floodWithStreams(load(url), { headers: {}, protocol }, signal);
    expect(result).toMatchObject({
      plannedCount: 12,
      statuses: { 'close 4429': 8, 101: 4 },
      errorCount: 0,
      timeoutCount: 0,
    });
  });

  test('counts connections that break as errors, and says why', async () => {
    const url = await serve((request) => request.socket.destroy());
    const protocol = protocolPlanOf({ protocol: 'ndjson' });
    const result = await floodWithStreams(load(url), { headers: {}, protocol }, signal);
    expect(result).toMatchObject({ statuses: {}, errorCount: 12, problem: expect.stringMatching(/./) });
  });

  test('ends when it is told to', async () => {
    const url = await serve(() => {});
    const aborting = new AbortController();
    const protocol = protocolPlanOf({ protocol: 'ndjson' });
    const flooding = floodWithStreams(load(url), { headers: {}, protocol }, aborting.signal);
    setTimeout(() => aborting.abort(), 30);
    await expect(flooding).rejects.toThrow(/abort/);
  });
});
