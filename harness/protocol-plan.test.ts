import { describe, expect, it } from 'vitest';
import { protocolPlan } from './journal-schemas.ts';
import { presets } from './presets.ts';
import { type ProtocolOptions, protocolPlanOf } from './protocol-options.ts';

const canBeRead = (plan: unknown) => protocolPlan.safeParse(plan).success;

describe('the protocol that is asked for', () => {
  it.each<[said: ProtocolOptions, plan: object]>([
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

  it.each(Object.keys(presets))('a journal of --preset %s can be read', (preset) => {
    expect(canBeRead(protocolPlanOf({ preset }))).toBe(true);
  });

  it.each<[said: ProtocolOptions, says: string]>([
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
