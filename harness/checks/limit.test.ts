import { describe, expect, it } from 'vitest';
import type { ScenarioRecord } from '../model.ts';
import { REFUSED, streamOf } from '../testing/entries.ts';
import { examine } from '../testing/examine.ts';
import { LIMIT } from '../testing/records.ts';

type Change = (scenario: ScenarioRecord) => unknown;
type Stream = ScenarioRecord['streams'][number];

const BURST = 'burst, then abrupt drop';
const REOPEN = 'reopen after abrupt drop';

const inPhase = (s: ScenarioRecord, phase: string) => s.streams.filter((stream) => stream.phase === phase);
const letIn = (stream: Stream) =>
  Object.assign(stream, { status: 200, answer: 'accepted', ending: 'client', retryAfter: null });
const without =
  (phase: string): Change =>
  (s) =>
    void (s.streams = s.streams.filter((stream) => stream.phase !== phase));

describe.each(['connection-limit', 'slots-released'] as const)('%s', (check) => {
  it('does not blame the server for connections that this machine could not make', () => {
    const { outcome } = examine(check, 'limit', (s) => {
      for (const stream of s.streams)
        Object.assign(stream, { status: null, answer: null, ending: 'connect-failed' });
    });
    expect(outcome).toBe('invalid');
  });
});

describe('connection-limit', () => {
  it('passes when exactly the limit gets in, burst by burst', () => {
    const { findings, outcome } = examine('connection-limit', 'limit');
    expect(outcome).toBe('pass');
    expect(findings.map(({ subject }) => subject)).toEqual([BURST, 'burst, then graceful close']);
    expect(findings[0]?.reason).toBe('of 20 at once, exactly 5 got in and 15 got 429');
    expect(findings[0]?.evidence).toEqual({
      limit: 5,
      openedCount: 20,
      acceptedCount: 5,
      refusedCount: 15,
      otherCount: 0,
      withRetryAfterCount: 15,
    });
  });

  it('tells who was refused with a Retry-After and who without', () => {
    const { findings } = examine('connection-limit', 'limit', (s) => {
      Object.assign(inPhase(s, BURST)[0] as Stream, { retryAfter: '5' });
      Object.assign(inPhase(s, BURST)[19] as Stream, { retryAfter: null });
    });
    expect(findings[0]).toMatchObject({ outcome: 'pass', evidence: { withRetryAfterCount: 14 } });
  });

  it.each<[what: string, change: Change, says: string]>([
    [
      'one too many got in',
      (s) => void letIn(inPhase(s, BURST)[LIMIT] as Stream),
      '6 got in (limit 5), 14 got 429',
    ],
    ['all got in', (s) => inPhase(s, BURST).forEach(letIn), '20 got in'],
    ['one too few got in', (s) => void Object.assign(inPhase(s, BURST)[0] as Stream, REFUSED), '4 got in'],
    [
      'refused in another way',
      (s) => void Object.assign(inPhase(s, BURST)[9] as Stream, { status: 503, answer: 'other' }),
      '1 got neither',
    ],
    [
      'no answer at all',
      (s) =>
        void Object.assign(inPhase(s, BURST)[9] as Stream, {
          status: null,
          answer: null,
          ending: 'server-reset',
        }),
      '1 got neither',
    ],
  ])('fails: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('connection-limit', 'limit', change);
    expect(outcome).toBe('fail');
    expect(reason).toContain(says);
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, change: Change]>([
    ['no streams', (s) => (s.streams = [])],
    ['no limit', (s) => (s.limit = null)],
    ['one of two bursts left no stream', without(BURST)],
    ['no bursts', (s) => (s.streams = s.streams.filter(({ phase }) => !phase.startsWith('burst')))],
    [
      'a burst that was not larger than the limit',
      (s) => {
        const refused = inPhase(s, BURST).filter(({ status }) => status !== 200);
        s.streams = s.streams.filter((stream) => !refused.includes(stream));
      },
    ],
    ['the scenario never ended', (s) => (s.endedMs = null)],
    ['the scenario ended in an error', (s) => (s.error = 'stopped')],
    [
      'a burst that a Ctrl-C cut off: the streams without an answer accuse nobody',
      (s) => {
        s.error = 'SIGINT received';
        for (const stream of inPhase(s, BURST))
          Object.assign(stream, { status: null, answer: null, ending: 'client' });
      },
    ],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('connection-limit', 'limit', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).not.toBe('pass');
  });
});

describe('slots-released', () => {
  it('passes when the whole limit gets in again after each way of leaving', () => {
    const { findings, outcome } = examine('slots-released', 'limit');
    expect(outcome).toBe('pass');
    expect(findings.map(({ reason }) => reason)).toEqual([
      'after abrupt drop, all 5 slots were free again',
      'after graceful close, all 5 slots were free again',
      'after drop before the first byte, all 5 slots were free again',
    ]);
  });

  it('passes when slots come back late, and counts the attempts', () => {
    const { findings, outcome } = examine('slots-released', 'limit', (s) => {
      const refused = Array.from({ length: 2 * LIMIT }, () => streamOf(REOPEN, REFUSED));
      s.streams.splice(s.streams.indexOf(inPhase(s, REOPEN)[0] as Stream), 0, ...refused);
    });
    expect(outcome).toBe('pass');
    expect(findings[0]?.evidence).toMatchObject({ attemptCount: 3, acceptedCount: 5 });
  });

  it('fails when one slot does not come back', () => {
    const { outcome, reason, report } = examine('slots-released', 'limit', (s) => {
      Object.assign(inPhase(s, REOPEN)[2] as Stream, REFUSED);
    });
    expect(outcome).toBe('fail');
    expect(reason).toContain('after abrupt drop, only 4 of 5 slots came back (1 × 429 on the last of 1');
    expect(report.verdict.outcome).toBe('fail');
  });

  it('fails when they came back once, and then not', () => {
    const { outcome } = examine('slots-released', 'limit', (s) => {
      s.streams.push(...Array.from({ length: LIMIT }, () => streamOf(REOPEN, REFUSED)));
    });
    expect(outcome).toBe('fail');
  });

  it.each<[what: string, change: Change]>([
    ['no streams', (s) => (s.streams = [])],
    ['no limit', (s) => (s.limit = null)],
    ['one of three reopenings left no stream', without(REOPEN)],
    ['no reopening', (s) => (s.streams = s.streams.filter(({ phase }) => !phase.startsWith('reopen')))],
    [
      'a reopening of fewer streams than the limit',
      (s) => (s.streams = s.streams.filter((stream) => stream !== inPhase(s, REOPEN)[0])),
    ],
    ['nobody had left before the reopening', without('drop before the first byte')],
    [
      'nobody had been let in, so nobody could leave',
      (s) => inPhase(s, BURST).forEach((stream) => void Object.assign(stream, REFUSED)),
    ],
    ['the scenario never ended', (s) => (s.endedMs = null)],
    ['the scenario ended in an error', (s) => (s.error = 'stopped')],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('slots-released', 'limit', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).not.toBe('pass');
  });
});

describe('rejections', () => {
  it('passes when every request over the full limit gets 429', () => {
    const { outcome, reason } = examine('rejections', 'reject');
    expect(outcome).toBe('pass');
    expect(reason).toMatch(/^all \d+ requests over the full limit got 429$/);
  });

  it('does not blame the server for ending the held streams at a deadline that it has promised', () => {
    const { outcome } = examine('rejections', 'reject', (s) => {
      (s.streams[0] as ScenarioRecord['streams'][number]).ending = 'server-end';
      first(s).statuses = { 429: 299, 200: 1 };
    });
    expect(outcome).toBe('invalid');
  });

  const first = (s: ScenarioRecord) => s.requests[0] as ScenarioRecord['requests'][number];

  it.each<[what: string, change: Change, says: string]>([
    ['one got in', (s) => (first(s).statuses = { 429: 299, 200: 1 }), '1 another answer'],
    ['one got an error', (s) => (first(s).statuses = { 429: 299, 500: 1 }), '1 another answer'],
    ['one got none', (s) => (first(s).errorCount = 1), '1 none'],
    ['one had to wait for ever', (s) => (first(s).timeoutCount = 1), '1 none'],
    [
      'one got in, and then the run was stopped',
      (s) => {
        first(s).statuses = { 429: 299, 200: 1 };
        s.error = 'SIGINT received';
      },
      '1 another answer',
    ],
  ])('fails: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('rejections', 'reject', change);
    expect(outcome).toBe('fail');
    expect(reason).toContain(says);
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, change: Change]>([
    ['no requests', (s) => (s.requests = [])],
    ['none planned', (s) => s.requests.forEach((entry) => void Object.assign(entry, { plannedCount: 0 }))],
    ['one request less than planned', (s) => (first(s).statuses = { 429: 299 })],
    [
      'no answers',
      (s) =>
        s.requests.forEach((entry) => {
          entry.statuses = {};
        }),
    ],
    [
      'requests of another kind',
      (s) =>
        s.requests.forEach((entry) => {
          entry.label = 'page';
        }),
    ],
    ['no streams that filled the limit', (s) => (s.streams = [])],
    ['one stream too few to fill it', (s) => void s.streams.pop()],
    [
      'a server that refuses everybody',
      (s) => s.streams.forEach((stream) => void Object.assign(stream, REFUSED)),
    ],
    ['no limit', (s) => (s.limit = null)],
    ['the scenario never ended', (s) => (s.endedMs = null)],
    ['the scenario ended in an error', (s) => (s.error = 'stopped')],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('rejections', 'reject', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).not.toBe('pass');
  });
});
