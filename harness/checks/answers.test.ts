import { describe, expect, it } from 'vitest';
import type { MessageRule, ProtocolName, RunRecord, ScenarioRecord } from '../model.ts';
import { examine } from '../testing/examine.ts';

const speaks = (run: RunRecord, name: ProtocolName, end: MessageRule | null) =>
  void (run.run.config.protocol = { ...run.run.config.protocol, name, end });

/** The deadline's streams as a server ends them that has no event for it. */
const endWith = (scenario: ScenarioRecord, closeReason: string | null) => {
  for (const stream of scenario.streams)
    if (stream.phase === 'deadline')
      Object.assign(stream, { closeReason, ...(closeReason === null && { closeEventMs: null }) });
};

describe('at a deadline', () => {
  it.each<[ProtocolName, MessageRule | null, closeReason: string | null, says: string]>([
    ['websocket', null, 'code 1001', '3 streams got a close frame (code 1001) after'],
    ['sse-post', { on: 'data', value: '[DONE]' }, '[DONE]', '3 streams got "[DONE]" after'],
    [
      'ndjson',
      { on: 'property', path: ['type'], value: 'done' },
      'bye',
      '3 streams got "type=done" (bye) after',
    ],
    ['sse-post', { on: 'event', value: 'complete' }, '', '3 streams got "event: complete" after'],
    ['chunked', null, null, 'the server ended 3 streams after'],
  ])('a stream of %s that ends by %o passes', (name, end, closeReason, says) => {
    const { outcome, reason } = examine('timeout-close', 'timeout', (scenario, { run }) => {
      speaks({ run } as RunRecord, name, end);
      endWith(scenario, closeReason);
    });
    expect(reason).toContain(says);
    expect(outcome).toBe('pass');
  });

  it.each<[ProtocolName, MessageRule | null, says: string]>([
    ['websocket', null, '3 of 3 got no close frame'],
    ['sse-post', { on: 'data', value: '[DONE]' }, '3 of 3 got no "[DONE]"'],
  ])('a stream of %s without its goodbye fails', (name, end, says) => {
    const { outcome, reason } = examine('timeout-close', 'timeout', (scenario, record) => {
      speaks(record, name, end);
      endWith(scenario, null);
    });
    expect(reason).toContain(says);
    expect(outcome).toBe('fail');
  });

  it('a protocol without a goodbye is judged by its end', () => {
    const { outcome, reason } = examine('timeout-close', 'timeout', (scenario, record) => {
      speaks(record, 'chunked', null);
      endWith(scenario, null);
      Object.assign(scenario.streams.find(({ phase }) => phase === 'deadline') ?? {}, { ending: 'client' });
    });
    expect(reason).toContain('1 of 3 streams were not ended by the server');
    expect(outcome).toBe('fail');
  });
});

describe('of several refusals', () => {
  const refusals = ['429', '503', 'error -32000'];

  it('those are named that were given', () => {
    const { findings } = examine('connection-limit', 'limit', ({ streams }, { run }) => {
      run.config.protocol = { ...run.config.protocol, refusals };
      for (const stream of streams)
        if (stream.answer === 'limited') Object.assign(stream, { status: 503, error: 'error -32000' });
    });
    expect(findings[0]?.reason).toBe('of 20 at once, exactly 5 got in and 15 got error -32000');
  });

  it('all are named where none was given', () => {
    const { findings } = examine('connection-limit', 'limit', ({ streams }, { run }) => {
      run.config.protocol = { ...run.config.protocol, refusals };
      for (const stream of streams)
        if (stream.answer === 'limited') Object.assign(stream, { status: 500, answer: 'other' });
    });
    expect(findings[0]?.reason).toContain('0 got 429 or 503 or error -32000, 15 got neither');
  });
});
