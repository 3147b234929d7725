import { describe, expect, test } from 'vitest';
import { completeConfig } from './config.ts';
import { lineOf, parseLine } from './journal-entry.ts';
import { PROTOCOLS } from './journal-schemas.ts';
import type { JournalEntry } from './model.ts';
import { defaultPlan } from './streams/conversation.ts';
import { protocols } from './streams/protocols.ts';

const config = completeConfig({ port: 1, url: 'http://127.0.0.1:1/', seed: 1 });

/** A journal's first line with this in place of the protocol, read back. */
function reread(protocol: unknown, preset: unknown = null): JournalEntry | null {
  const entry = {
    type: 'run',
    journalVersion: 2,
    runId: 'a',
    startedAt: '2026-01-01T00:00:00.000Z',
    repeatCommand: 'hydrotest run',
    config: { ...config, protocol, preset },
    environment: {
      hydrotestVersion: '1',
      nodeVersion: 'v24',
      platform: 'linux',
      cpuModel: 'x',
      cpuCount: 2,
      memoryBytes: 1e9,
      facts: [],
    },
  };
  return parseLine(lineOf(entry as unknown as JournalEntry, 1))?.entry ?? null;
}

describe('the protocol in a journal', () => {
  test('comes back as it was', () => {
    expect(Object.keys(PROTOCOLS).toSorted()).toEqual(Object.keys(protocols).toSorted());
    const plan = {
      ...defaultPlan,
      name: 'websocket',
      sends: ['a'],
      replies: { 2: '3' },
      event: { on: 'property', path: ['a'], value: 'b' },
      end: { on: 'data', value: 'x' },
      eventId: ['id'],
      refusals: ['close 4429'],
      session: 'mcp',
    };
    expect(reread(plan, 'mcp')).toMatchObject({ config: { protocol: plan, preset: 'mcp' } });
  });

  test.each([
    null,
    undefined,
    'sse',
    { ...defaultPlan, name: 'grpc' },
    { ...defaultPlan, name: undefined },
    { ...defaultPlan, refusals: '429' },
    { ...defaultPlan, refusals: undefined },
    { ...defaultPlan, replies: { 2: 3 } },
    { ...defaultPlan, body: 5 },
    { ...defaultPlan, end: { on: 'event' } },
    { ...defaultPlan, event: { on: 'property', path: 'a', value: 'b' } },
    { ...defaultPlan, session: 'other' },
  ])('a torn or forged one is none: %j', (protocol) => {
    expect(reread(protocol)).toBeNull();
  });
});
