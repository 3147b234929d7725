import { describe, expect, it } from 'vitest';
import type { RunRecord, ScenarioRecord, StreamRecord } from '../model.ts';
import { REFUSED } from '../testing/entries.ts';
import { examine } from '../testing/examine.ts';
import { DEADLINE_MS, HOLD_MS } from '../testing/records.ts';

type Change = (scenario: ScenarioRecord, run: RunRecord) => unknown;
type Stream = ScenarioRecord['streams'][number];

const first =
  (over: Partial<StreamRecord>): Change =>
  (s) =>
    void Object.assign(s.streams[0] as Stream, over);
const all =
  (over: Partial<StreamRecord>): Change =>
  (s) =>
    s.streams.forEach((stream) => void Object.assign(stream, over));

const CUT_SHORT: [what: string, change: Change][] = [
  ['the scenario never ended', (s) => (s.endedMs = null)],
  ['the scenario ended in an error', (s) => (s.error = 'stopped')],
];

describe('streams-held', () => {
  it('passes when all stayed open and received events', () => {
    const { outcome, reason } = examine('streams-held', 'tabs');
    expect(outcome).toBe('pass');
    expect(reason).toBe('10 streams stayed open for 8 s and all received events');
  });

  it('passes without events where the harness cannot make any, and claims none', () => {
    const { outcome, reason } = examine('streams-held', 'tabs', (s, { run }) => {
      run.config.events = null;
      s.feeds = [];
      for (const stream of s.streams) stream.eventCount = 0;
    });
    expect(outcome).toBe('pass');
    expect(reason).not.toContain('events');
  });

  it('passes streams that were closed at the promised deadline', () => {
    const closed = {
      ending: 'server-end',
      closeEventMs: DEADLINE_MS + 4,
      durationMs: DEADLINE_MS + 5,
    } as const;
    expect(examine('streams-held', 'tabs', all(closed)).outcome).toBe('pass');
  });

  it.each<[what: string, change: Change, says: string]>([
    ['one did not get in', first({ ...REFUSED }), '1 did not get in'],
    ['one was never answered', first({ status: null, answer: null }), '1 did not get in'],
    [
      'one was broken off',
      first({ ending: 'server-reset', durationMs: 2500, error: 'ECONNRESET' }),
      '1 were lost (one by server-reset after 2500 ms: ECONNRESET)',
    ],
    ['one was broken and came back', first({ reconnectCount: 1 }), '1 broken connections were made again'],
    ['one was ended without a word', first({ ending: 'server-end' }), '1 were lost'],
    [
      'one was closed before the deadline',
      first({ ending: 'server-end', closeEventMs: DEADLINE_MS - 1600 }),
      '1 were lost',
    ],
    [
      'one was closed, and no deadline was promised',
      (s, run) => {
        s.deadlineMs = null;
        first({ ending: 'server-end', closeEventMs: DEADLINE_MS })(s, run);
      },
      '1 were lost',
    ],
    ['one received nothing', first({ eventCount: 0 }), '1 received nothing'],
  ])('fails: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('streams-held', 'tabs', change);
    expect(outcome).toBe('fail');
    expect(reason).toContain(says);
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, change: Change]>([
    ...CUT_SHORT,
    ['no streams', (s) => (s.streams = [])],
    [
      'streams of other phases only',
      (s) => s.streams.forEach((stream) => void Object.assign(stream, { phase: 'warm-up' })),
    ],
    ['events could be made, and none were', (s) => (s.feeds = [])],
    ['streams held for no time at all', all({ durationMs: 0 })],
    ['one stream held for less than asked for', first({ durationMs: HOLD_MS - 1 })],
    [
      'streams that a Ctrl-C ended early',
      (s, run) => {
        s.error = 'SIGINT received';
        all({ durationMs: 100, eventCount: 0 })(s, run);
      },
    ],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('streams-held', 'tabs', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });
});

describe('timeout-close', () => {
  it('passes when all are closed at the deadline, with a reason', () => {
    const { outcome, reason } = examine('timeout-close', 'timeout');
    expect(outcome).toBe('pass');
    expect(reason).toBe(
      '3 streams got "event: close" (max_duration_exceeded) after 1.00 s at most, deadline 1 s, and ended',
    );
  });

  it.each<[what: string, change: Change, says: string]>([
    [
      'no deadline: the client had to end it',
      first({ ending: 'client', closeReason: null, closeEventMs: null, durationMs: 8000 }),
      '1 of 3 streams were not ended by the server, 1 of 3 got no "event: close"',
    ],
    [
      'the response ends, and no event says why',
      first({ closeReason: null, closeEventMs: null }),
      '1 of 3 got no "event: close"',
    ],
    ['an event without a reason', first({ closeReason: '' }), '1 of 3 got no "event: close"'],
    ['an event, and the response stays open', first({ ending: 'client' }), '1 of 3 streams were not ended'],
    ['a broken connection instead of an end', first({ ending: 'server-reset' }), '1 of 3 streams were not'],
    ['early', first({ closeEventMs: DEADLINE_MS - 101 }), 'one was closed 101 ms early'],
    ['late', first({ closeEventMs: DEADLINE_MS + 1501 }), 'one was closed 1501 ms late'],
    [
      'the event in time, the end of the response not',
      first({ durationMs: DEADLINE_MS + 1600 }),
      'one response ended only 1600 ms after the deadline',
    ],
  ])('fails: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('timeout-close', 'timeout', change);
    expect(outcome).toBe('fail');
    expect(reason).toContain(says);
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, change: Change]>([
    ...CUT_SHORT,
    ['no streams', (s) => (s.streams = [])],
    ['no deadline', (s) => (s.deadlineMs = null)],
    ['one was refused', first({ ...REFUSED })],
    ['none was answered', all({ status: null, answer: null, ending: 'connect-failed' })],
    [
      'streams of other phases only',
      (s) => s.streams.forEach((stream) => void Object.assign(stream, { phase: 'warm-up' })),
    ],
    [
      'streams that a Ctrl-C ended before the deadline',
      (s, run) => {
        s.error = 'SIGINT received';
        all({ ending: 'client', closeReason: null, closeEventMs: null, durationMs: 900 })(s, run);
      },
    ],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('timeout-close', 'timeout', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });
});

describe('event-integrity', () => {
  const count = (delta: number): Change => {
    return (s) => ((s.streams[0] as Stream).eventCount += delta);
  };

  it('passes when each event arrived once on each stream that reads', () => {
    const { outcome, reason } = examine('event-integrity', 'growth');
    expect(outcome).toBe('pass');
    expect(reason).toMatch(/^each of \d+ events arrived exactly once and in order on 4 streams$/);
  });

  const numbered =
    (change: (stream: Stream) => void): Change =>
    (s) => {
      for (const stream of s.streams) stream.fedEventCount = stream.eventCount;
      change(s.streams[0] as Stream);
    };

  it('passes when the server adds events of its own: a greeting is not one of ours', () => {
    expect(
      examine(
        'event-integrity',
        'growth',
        numbered((stream) => (stream.eventCount += 1)),
      ).outcome,
    ).toBe('pass');
  });

  it('passes when ids that look like a sequence are none, as long as our own numbers are in order', () => {
    expect(
      examine(
        'event-integrity',
        'growth',
        numbered((stream) => (stream.gapCount = 86)),
      ).outcome,
    ).toBe('pass');
  });

  it('does not blame the server for a deadline that it has promised', () => {
    const closed = first({ ending: 'server-end', closeReason: 'max_duration_exceeded', eventCount: 3 });
    expect(examine('event-integrity', 'growth', closed).outcome).toBe('invalid');
  });

  it.each<[what: string, change: Change, says: string]>([
    [
      'one event is lost and another comes twice, without ids',
      numbered((stream) => {
        stream.fedEventCount -= 1;
        stream.fedGapCount = 1;
        stream.fedDuplicateCount = 1;
      }),
      '1 gaps and 1 duplicates',
    ],
    ['one event is missing', count(-1), 'the worst stream is 1 short'],
    ['one event came twice', count(1), 'the worst stream is 1 too many'],
    ['a gap by id', first({ gapCount: 1 }), '1 gaps'],
    ['a duplicate by id', first({ duplicateCount: 1 }), '1 duplicates'],
    ['nothing arrived', all({ eventCount: 0 }), '4 of 4 streams'],
  ])('fails: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('event-integrity', 'growth', change);
    expect(outcome).toBe('fail');
    expect(reason).toContain(says);
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, change: Change]>([
    ...CUT_SHORT,
    ['nothing was fed', (s) => (s.feeds = [])],
    [
      'feeds without events',
      (s) =>
        s.feeds.forEach((feed) => {
          feed.eventCount = 0;
        }),
    ],
    ['no streams', (s) => (s.streams = [])],
    [
      'nobody read but a stalled reader',
      (s) => (s.streams = s.streams.filter(({ behaviour }) => behaviour === 'stalled-reader')),
    ],
    ['streams of another key only', all({ key: 'key-9' })],
    [
      'one of two keys had no reader',
      (s) => void s.feeds.push({ ...(s.feeds[0] as ScenarioRecord['feeds'][number]), key: 'key-9' }),
    ],
    [
      'a feed that a Ctrl-C cut off: what is missing accuses nobody',
      (s, run) => {
        s.error = 'SIGINT received';
        count(-500)(s, run);
      },
    ],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('event-integrity', 'growth', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });
});
