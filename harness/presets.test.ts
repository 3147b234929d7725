import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { completeConfig } from './config.ts';
import { prepareProtocol } from './prepare-protocol.ts';
import { openSocketCount, until } from './streams/testing/until.ts';

let close: (() => Promise<unknown>) | null = null;

afterEach(() => close?.());

interface Asked {
  path: string;
  body: string;
  team: unknown;
}

/** Answers all requests so; a number is a status without a body. */
async function serve(answer: object | string | number): Promise<{ port: number; asked: Asked[] }> {
  const asked: Asked[] = [];
  const idleSocketCount = openSocketCount();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    asked.push({ path: `${request.method} ${request.url}`, body, team: request.headers['x-team'] });
    if (typeof answer === 'number') response.writeHead(answer).end('no');
    else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = async () => {
    server.close();
    await once(server, 'close');
    await until('no socket is left', () => openSocketCount() === idleSocketCount);
  };
  return { port: (server.address() as AddressInfo).port, asked };
}

async function prepare(preset: string, path: string, port: number, body?: string) {
  const config = completeConfig({
    port,
    url: `http://127.0.0.1:{port}${path}`,
    preset,
    header: { 'X-Team': 'a' },
    ...(body !== undefined && { body }),
  });
  const { protocol } = await prepareProtocol(config, port, new AbortController().signal);
  return protocol.body === null ? null : (JSON.parse(protocol.body) as Record<string, unknown>);
}

test('chat asks for the first model', async () => {
  const { port, asked } = await serve({ data: [{ id: 'small' }, { id: 'large' }] });
  const body = await prepare('llm-chat', '/v1/chat/completions?a=1', port);
  expect(body).toMatchObject({ model: 'small', stream: true, messages: [{ role: 'user' }] });
  expect(JSON.stringify(body)).toContain('{key}');
  expect(asked).toEqual([{ path: 'GET /v1/models', body: '', team: 'a' }]);
});

test.each<[string, object | string | number]>([
  ['a 404', 404],
  ['no JSON', 'hello'],
  ['no model', { data: [] }],
  ['something else', { data: [{ id: 5 }] }],
  ['null', 'null'],
])('chat does without: %s', async (_what, answer) => {
  const { port } = await serve(answer);
  expect(await prepare('llm-chat', '/v1/completions', port)).toMatchObject({ model: 'default' });
});

test('chat asks nobody where there is nothing to ask, or the body is said', async () => {
  const { port, asked } = await serve(404);
  expect(await prepare('llm-chat', '/chat', port)).toMatchObject({ model: 'default' });
  expect(await prepare('llm-chat', '/v1/completions', port, '{"a":1}')).toEqual({ a: 1 });
  expect(asked).toEqual([]);
});

const scalar = { kind: 'NON_NULL', ofType: { kind: 'SCALAR' } };
const list = { kind: 'NON_NULL', ofType: { kind: 'LIST', ofType: { kind: 'OBJECT' } } };
const field = (name: string, type: object, args: object[] = []) => ({ name, type, args });
const schema = (fields: object[] | null) => ({
  data: { __schema: { subscriptionType: fields === null ? null : { fields } } },
});

test.each<[string, object[], string]>([
  ['a scalar', [field('ticks', scalar)], 'subscription { ticks }'],
  ['objects', [field('orders', list)], 'subscription { orders { __typename } }'],
  [
    'the first without an argument that has to be given',
    [
      field('one', scalar, [{ name: 'id', defaultValue: null, type: scalar }]),
      field('two', scalar, [
        { name: 'id', defaultValue: '1', type: scalar },
        { name: 'of', defaultValue: null, type: { kind: 'SCALAR' } },
      ]),
    ],
    'subscription { two }',
  ],
])('GraphQL subscribes to %s', async (_what, fields, query) => {
  const { port, asked } = await serve(schema(fields));
  expect(await prepare('graphql-sse', '/graphql', port)).toEqual({ query });
  expect(asked).toEqual([{ path: 'POST /graphql', body: expect.stringContaining('__schema'), team: 'a' }]);
});

test.each<[string, object | string | number, RegExp]>([
  ['a 400', 400, /could not be asked for \(.* answered with 400\): say which with --body/],
  ['no JSON', 'hello', /could not be asked for/],
  ['null', 'null', /could not be asked for/],
  ['no subscription', schema(null), /tells of no subscription: say which/],
  [
    'fields that are none',
    schema([{ name: 'a' }]),
    /could not be asked for \(the answer is no introspection\)/,
  ],
  [
    'none that fits',
    schema([field('one', scalar, [{ name: 'id', defaultValue: null, type: scalar }])]),
    /has no subscription without arguments/,
  ],
])('GraphQL has to be told: %s', async (_what, answer, words) => {
  const { port } = await serve(answer);
  await expect(prepare('graphql-sse', '/graphql', port)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(words),
  });
});

test('no preset asks for nothing', async () => {
  const config = completeConfig({ port: 1, url: 'http://127.0.0.1:1/' });
  expect(await prepareProtocol(config, 1, new AbortController().signal)).toBe(config);
});
