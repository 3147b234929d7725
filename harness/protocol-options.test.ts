import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completeConfig, defineConfig, type UserConfig } from './config.ts';
import { protocolPlan } from './journal-schemas.ts';
import { presets } from './presets.ts';
import { type ProtocolOptions, presetOf, protocolPlanOf } from './protocol-options.ts';
import { defaultPlan } from './streams/conversation.ts';
import { protocols } from './streams/protocols.ts';

const attached = { port: 1, url: 'http://127.0.0.1:{port}/' };

test('nothing said is an event stream over GET', () => {
  expect(protocolPlanOf({})).toEqual(defaultPlan);
  expect(protocolPlanOf({ protocol: 'sse' })).toEqual(defaultPlan);
});

test.each<[ProtocolOptions, object]>([
  [{ body: '{}' }, { name: 'sse-post', body: '{}' }],
  [{ protocol: 'ndjson' }, { name: 'ndjson', body: null, end: null }],
  [
    { protocol: 'ndjson', body: 'a' },
    { name: 'ndjson', body: 'a' },
  ],
  [
    { protocol: 'sse-h2', body: 'a' },
    { name: 'sse-h2', body: 'a', end: { on: 'event', value: 'close' } },
  ],
  [{ endEvent: 'none' }, { end: null }],
  [{ endEvent: 'data:[DONE]' }, { end: { on: 'data', value: '[DONE]' } }],
  [{ event: 'event:a:b=c' }, { event: { on: 'event', value: 'a:b=c' } }],
  [
    { event: 'choices.0.finish_reason=stop' },
    { event: { on: 'property', path: ['choices', '0', 'finish_reason'], value: 'stop' } },
  ],
  [{ event: 'a=b=c' }, { event: { on: 'property', path: ['a'], value: 'b=c' } }],
  [{ eventId: 'meta.id' }, { eventId: ['meta', 'id'] }],
  [{ protocol: 'websocket', send: 'a, b' }, { sends: ['a, b'] }],
  [
    { protocol: 'websocket', send: ['a', 'b'], reply: ['2=3', '=x', 'a=b=c'] },
    { sends: ['a', 'b'], replies: { 2: '3', '': 'x', a: 'b=c' } },
  ],
  [{ protocol: 'websocket', reply: { 'a=b': 'c' } }, { replies: { 'a=b': 'c' } }],
  [{ protocol: 'websocket', refusal: '503, close:4429' }, { refusals: ['503', 'close 4429'] }],
  [{ refusal: ['429', 'error:-32000'] }, { refusals: ['429', 'error -32000'] }],
  [{ preset: 'mcp' }, { name: 'sse', session: 'mcp', end: null, refusals: ['429', '503', 'error -32000'] }],
  [
    { preset: 'mcp', refusal: '418' },
    { session: 'mcp', refusals: ['418'] },
  ],
  [{ preset: 'llm-chat' }, { name: 'sse-post', body: null, end: { on: 'data', value: '[DONE]' } }],
  [
    { preset: 'graphql-sse', body: '{}' },
    { name: 'sse-post', body: '{}', end: { on: 'event', value: 'complete' } },
  ],
])('%j', (said, plan) => {
  expect(protocolPlanOf(said)).toMatchObject(plan);
});

test('a body comes from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hydrotest-body-'));
  const file = join(folder, 'body.json');
  writeFileSync(file, '{"a":"ü"}');
  expect(protocolPlanOf({ body: `@${file}` })).toMatchObject({ body: '{"a":"ü"}' });
  rmSync(folder, { recursive: true });
  expect(() => protocolPlanOf({ body: `@${file}` })).toThrow(/--body "@.*" cannot be read: ENOENT/);
});

describe('what makes no sense says what to do instead', () => {
  test.each<[ProtocolOptions, string]>([
    [
      { protocol: 'grpc' },
      '--protocol "grpc" is none: give one of sse, sse-post, ndjson, chunked, websocket, sse-h2.',
    ],
    [{ protocol: 'toString' }, '--protocol "toString" is none'],
    [{ preset: 'grpc' }, '--preset "grpc" is none: give one of llm-chat, mcp, graphql-sse, socket.io.'],
    [{ preset: 'constructor' }, '--preset "constructor" is none'],
    [{ protocol: 'sse', body: 'a' }, '--protocol sse is a GET'],
    [{ preset: 'mcp', body: 'a' }, '--protocol sse is a GET'],
    [{ preset: 'mcp', protocol: 'websocket' }, '--preset mcp is for --protocol sse'],
    [{ preset: 'mcp', protocol: 'sse-h2' }, '--preset mcp is for --protocol sse'],
    [{ protocol: 'sse-post' }, '--protocol sse-post sends a body: say which'],
    [{ protocol: 'websocket', body: 'a' }, '--body: a WebSocket has none.'],
    [{ send: 'a' }, '--send and --reply are for --protocol websocket'],
    [{ protocol: 'ndjson', reply: ['2=3'] }, '--send and --reply are for --protocol websocket'],
    [{ protocol: 'websocket', reply: ['23'] }, '--reply "23" is not MESSAGE=REPLY, such as "2=3".'],
    [{ protocol: 'ndjson', event: 'event:a' }, '--event "event:a": only events of SSE have names.'],
    [{ protocol: 'websocket', endEvent: 'event:a' }, '--end-event "event:a": only events of SSE have names.'],
    [{ event: '' }, '--event "" is not understood: give event:NAME'],
    [{ event: 'data:' }, '--event "data:" is not understood'],
    [{ endEvent: '=a' }, '--end-event "=a" is not understood'],
    [{ event: 'a..b=c' }, '--event "a..b" is no path of a property, such as id or meta.id.'],
    [{ eventId: '' }, '--event-id "" is no path'],
    [{ eventId: '.id' }, '--event-id ".id" is no path'],
    [{ refusal: '' }, '--refusal is empty'],
    [{ refusal: [] }, '--refusal is empty'],
    [{ refusal: '200' }, '--refusal "200" is not understood: give a status such as 429'],
    [{ refusal: '101' }, '--refusal "101" is not understood'],
    [{ refusal: '4290' }, '--refusal "4290" is not understood'],
    [{ refusal: 'close:4429' }, '--refusal "close:4429": only a WebSocket has close codes'],
    [
      { protocol: 'websocket', refusal: 'close:999' },
      '--refusal "close:999": codes of a WebSocket\'s close are from 1000',
    ],
    [{ protocol: 'websocket', refusal: 'close:-1' }, 'from 1000 to 4999'],
    [{ protocol: 'websocket', refusal: 'error:1' }, 'which only SSE has; not --protocol websocket'],
    [{ protocol: 'ndjson', refusal: 'error:1' }, 'which only SSE has; not --protocol ndjson'],
  ])('%j', (said, words) => {
    expect(() => protocolPlanOf(said)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(words) }),
    );
  });

  test.each<[object, string]>([
    [{ body: { stream: true } }, 'config: body: '],
    [{ send: [1] }, 'config: send: must be a list of messages'],
    [{ reply: { 2: 3 } }, 'config: reply: must be { message: reply }'],
    [{ refusal: 429 }, 'config: refusal: must be a list such as 429'],
    [{ event: 5 }, 'config: event: '],
    [
      { protocol: 'websocket', mix: 'pipelined:2' },
      '--mix pipelined: no client of --protocol websocket behaves so. There are tab,',
    ],
    [
      { protocol: 'sse-h2', mix: { 'half-close': 1 } },
      '--mix half-close: no client of --protocol sse-h2 behaves so.',
    ],
  ])('in a file: %j', (said, words) => {
    const config = { ...attached, ...said } as UserConfig;
    expect(() => completeConfig(config)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(words) }),
    );
  });
});

test('a mix that fits is taken, a WebSocket URL is one of HTTP', () => {
  const config = completeConfig(
    defineConfig({
      ...attached,
      url: 'wss://127.0.0.1/live',
      protocol: 'websocket',
      mix: { tab: 1 },
      reply: { 2: '3' },
    }),
  );
  expect(config).toMatchObject({
    url: 'https://127.0.0.1/live',
    load: { mix: { tab: 1 } },
    protocol: { replies: { 2: '3' } },
  });
});

test('each preset and protocol says what it is, and presets make plans', () => {
  for (const preset of Object.keys(presets)) {
    expect(presetOf(preset)?.describes).toMatch(/\w/);
    expect(protocolPlanOf({ preset }).refusals.length).toBeGreaterThan(0);
  }
  for (const [name, protocol] of Object.entries(protocols)) expect(protocol.name).toBe(name);
});

const canBeRead = (plan: unknown) => protocolPlan.safeParse(plan).success;

describe('the protocol that is asked for', () => {
  test.each<[said: ProtocolOptions, plan: object]>([
    [{}, { name: 'sse', end: { on: 'event', value: 'close' }, refusals: ['429'], finite: false }],
    [{ body: '{}' }, { name: 'sse-post', body: '{}' }],
    [
      { protocol: 'ndjson', event: 'type=update', endEvent: 'prefix:{"done"' },
      {
        event: { on: 'property', path: ['type'], value: 'update' },
        end: { on: 'prefix', value: '{"done"' },
      },
    ],
    [
      { preset: 'socket.io' },
      {
        ...{ name: 'websocket', sends: ['40'], replies: { 2: '3' }, refusals: ['message 44'] },
        ...{ event: { on: 'prefix', value: '42' }, end: { on: 'data', value: '41' } },
      },
    ],
    [
      { preset: 'socket.io', refusal: '403', send: '40/a,' },
      { refusals: ['403'], sends: ['40/a,'] },
    ],
    [{ preset: 'llm-chat' }, { name: 'sse-post', finite: true, end: { on: 'data', value: '[DONE]' } }],
    [{ preset: 'mcp' }, { name: 'sse', session: 'mcp', end: null, refusals: ['429', '503', 'error -32000'] }],
    [
      { protocol: 'websocket', refusal: 'close:1013, prefix:{"error"' },
      { refusals: ['close 1013', 'message {"error"'] },
    ],
  ])('%o', (said, plan) => {
    const planned = protocolPlanOf(said);
    expect(planned).toMatchObject(plan);
    // What a run writes into its journal can be read back.
    expect(canBeRead(planned)).toBe(true);
  });

  test.each(Object.keys(presets))('a journal of --preset %s can be read', (preset) => {
    expect(canBeRead(protocolPlanOf({ preset }))).toBe(true);
  });

  test.each<[said: ProtocolOptions, says: string]>([
    [{ finite: true, endEvent: 'none' }, '--finite'],
    [{ protocol: 'chunked', finite: true }, 'say which event that is with --end-event'],
    [{ event: 'prefix:' }, 'give event:NAME, data:TEXT, prefix:TEXT or PATH=VALUE'],
    [{ refusal: 'prefix:' }, 'prefix:TEXT'],
    [{ protocol: 'ndjson', endEvent: 'event:close' }, 'only events of SSE have names'],
    [{ refusal: 'close:4429' }, 'only a WebSocket has close codes'],
  ])('%o is refused', (said, says) => {
    expect(() => protocolPlanOf(said)).toThrow(says);
  });
});
