import { describe, expect, it } from 'vitest';
import type { HeldEntry, LoadEntry, RunRecord, ScenarioRecord, TallyEntry } from '../model.ts';
import { examine } from '../testing/examine.ts';
import { HELD_COUNT, HELD_STREAM_BYTES, healthyRun } from '../testing/records.ts';
import { memoryPerStream } from './held-memory.ts';

type Change = (scenario: ScenarioRecord, run: RunRecord) => unknown;

/** Of the clients that were tallied while the load was held. */
const first =
  (over: Partial<TallyEntry>): Change =>
  (s) =>
    void Object.assign(s.tallies[1] as TallyEntry, over);
const allTallies =
  (over: Partial<TallyEntry>): Change =>
  (s) =>
    s.tallies.forEach((tally) => void Object.assign(tally, over));
const loads =
  (over: Partial<LoadEntry>): Change =>
  (s) =>
    s.loads.forEach((load) => void Object.assign(load, over));
const health =
  (over: Partial<LoadEntry['health']>, fromEnd = Number.POSITIVE_INFINITY): Change =>
  (s) =>
    s.loads.slice(-fromEnd).forEach((load) => void Object.assign(load.health, over));
const both =
  (...changes: Change[]): Change =>
  (s, run) =>
    changes.forEach((change) => void change(s, run));

const nobodyAsked: Change = (_, { run }) => (run.config.load.asked = false);

/** The same load, as arrivals. */
const open: Change = (s, { run }) => {
  run.config.load.model = 'open';
  s.loads.forEach((load, i) => {
    Object.assign(load, { model: 'open', plannedCount: 36 * (i + 1), startedCount: 36 * (i + 1) });
  });
};

const CUT_SHORT: [what: string, change: Change][] = [
  ['the scenario never ended', (s) => (s.endedMs = null)],
  ['the scenario ended in an error', (s) => (s.error = 'a worker was lost')],
];

describe('load-held', () => {
  it('passes when all were held, and says what it saw', () => {
    const { outcome, reason, findings } = examine('load-held', 'hold');
    expect({ outcome, reason }).toEqual({
      outcome: 'pass',
      reason:
        '60 of 60 streams were held while 180 came and went, 180 events arrived in order, without a gap; a held stream costs the target 20.0 KiB of live heap',
    });
    expect(findings[0]?.evidence).toMatchObject({
      plannedCount: HELD_COUNT,
      heldCount: HELD_COUNT,
      streamCount: 180,
      refusedCount: 0,
      lostCount: 0,
      fedEventCount: 100,
      receivedFedCount: 180,
      heapPerStreamBytes: HELD_STREAM_BYTES,
      pssPerStreamBytes: HELD_STREAM_BYTES,
    });
  });

  const silent = first({ silentCount: 20 });
  /** A second of each key, or a minute of it. */
  const fedEvery =
    (perKey: 'second' | 'minute'): Change =>
    (s) =>
      s.loads.forEach((load, i) => {
        const seconds = (load.elapsedMs - (s.loads[0]?.elapsedMs ?? 0)) / 1000;
        const perSecond = perKey === 'second' ? 20 : 20 / 60;
        Object.assign(load, { keyCount: 20, fedEventCount: 100 + Math.round(seconds * perSecond) + i });
      });

  it('fails when streams received nothing that their keys were given', () => {
    const { outcome, reason } = examine('load-held', 'hold', both(silent, fedEvery('second')));
    expect({ outcome, reason }).toMatchObject({
      outcome: 'fail',
      reason: expect.stringMatching(
        /^20 streams were open for 4 s and longer and received nothing, while their keys had an event every \d\.\d s$/,
      ),
    });
  });

  it.each([
    ['all received something', fedEvery('second')],
    ['their keys were hardly given anything', both(silent, fedEvery('minute'))],
  ])('passes when %s', (_, change) => {
    expect(examine('load-held', 'hold', change).outcome).toBe('pass');
  });

  it('passes when all came as planned', () => {
    const { outcome, reason } = examine('load-held', 'hold', open);
    expect(outcome).toBe('pass');
    expect(reason).toContain('180 streams came as planned, 180 events arrived in order');
  });

  it.each<[what: string, change: Change, says?: string]>([
    [
      'a held number that dips for less than half of the time, as whoever leaves is missing for a moment',
      (s) => ((s.loads[3] as LoadEntry & { heldCount: number }).heldCount -= 30),
    ],
    ['95 % of them', loads({ plannedCount: 60, heldCount: 57 }), '57 of 60 streams were held'],
    [
      'a refusal in the warm-up',
      (s) => Object.assign(s.tallies[0] as TallyEntry, { endings: { refused: 1 }, statuses: { 429: 1 } }),
    ],
    [
      'streams that the server closes, and its deadline is shorter than the scenario',
      first({ endings: { client: 50, 'server-end': 10 } }),
    ],
    [
      'a target that nobody can feed, with events of its own',
      both(
        (_, { run }) => (run.config.events = null),
        loads({ fedEventCount: 0 }),
        allTallies({ fedEventCount: 0 }),
      ),
      '180 events arrived; a held',
    ],
    [
      'a target that nobody can feed, without events',
      both(
        (_, { run }) => (run.config.events = null),
        loads({ fedEventCount: 0 }),
        allTallies({ fedEventCount: 0, eventCount: 0 }),
      ),
      'came and went; a held',
    ],
    [
      'one client in twenty left while its answer was on the way',
      allTallies({ statuses: { 200: 57, none: 3 } }),
    ],
    [
      'clients without an answer, whose behaviour is to hear none',
      both(first({ behaviour: 'drop-before-first-byte', statuses: { none: 60 } }), (s) =>
        Object.assign(s.tallies[2] as TallyEntry, {
          behaviour: 'request-then-silence',
          statuses: { none: 60 },
        }),
      ),
    ],
    [
      'tabs that come back, where the deadline is shorter than the scenario',
      first({ behaviour: 'tab', reconnectCount: 9 }),
    ],
    [
      'clients that drop their connection themselves and come back',
      first({ behaviour: 'reconnect', reconnectCount: 9 }),
    ],
    ['nothing is known of its memory', (s) => (s.held = []), 'without a gap'],
    [
      'ids that jump: they are the target’s own affair where its events have numbers of ours',
      first({ gapCount: 5, duplicateCount: 2 }),
    ],
    [
      'events that came, though none with a number of ours: it streams them in its own words',
      allTallies({ fedEventCount: 0 }),
    ],
  ])('passes: %s', (_, change, says = '') => {
    const { outcome, reason, report } = examine('load-held', 'hold', change);
    expect([outcome, reason]).toEqual(['pass', expect.stringContaining(says)]);
    expect(report.verdict.outcome).toBe('pass');
  });

  it.each<[what: string, change: Change, says: string]>([
    [
      'some were refused, of a number that was asked for',
      first({ endings: { client: 20, refused: 40 }, statuses: { 200: 20, 429: 39, 503: 1 } }),
      '40 of 180 streams were refused (39 × 429, 1 × 503), with 60 to be held',
    ],
    [
      'a connection broke',
      first({ endings: { client: 59, 'server-reset': 1 }, lastError: 'read ECONNRESET' }),
      '1 of 180 streams were ended by the server, or broke, before their clients left (such as: read ECONNRESET)',
    ],
    [
      'the server ended some, and promised no deadline',
      both(first({ endings: { client: 50, 'server-end': 10 } }), (s) => (s.deadlineMs = null)),
      '10 of 180 streams were ended by the server, or broke, before their clients left: if it is to close them after some time, say with --deadline when',
    ],
    [
      'the server ended some long before its deadline',
      both(first({ endings: { client: 50, 'server-end': 10 } }), (s) => (s.deadlineMs = 3_600_000)),
      '10 of 180 streams were ended by the server',
    ],
    [
      'tabs lost their connection, which they make again by themselves',
      both(first({ behaviour: 'tab', reconnectCount: 9 }), (s) => (s.deadlineMs = null)),
      'tabs lost their connection 9 times and had to come back',
    ],
    [
      'some answers were no event streams',
      first({ endings: { client: 59, 'protocol-error': 1 }, lastError: 'it is text/html' }),
      '1 of 180 streams were ended by the server, or broke, before their clients left (such as: it is text/html)',
    ],
    [
      'one event is missing',
      first({ fedGapCount: 1 }),
      '1 missing and 0 twice, of 180 that arrived on 180 streams',
    ],
    ['one event came twice', first({ fedDuplicateCount: 1 }), '0 missing and 1 twice'],
    [
      'nobody received anything',
      allTallies({ eventCount: 0, fedEventCount: 0 }),
      'none of 180 streams received any of 100 events',
    ],
    [
      'lost streams are worse than refused ones',
      first({ endings: { 'server-reset': 1, refused: 59 } }),
      '1 of 180 streams were ended by the server',
    ],
    ['what arrives at a rate loses events too', both(open, first({ fedGapCount: 3 })), '3 missing'],
  ])('fails: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('load-held', 'hold', change);
    expect([outcome, reason]).toEqual(['fail', expect.stringContaining(says)]);
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, change: Change, says: string]>([
    [
      'some were refused, of a number that nobody asked for',
      both(nobodyAsked, first({ endings: { client: 20, refused: 40 }, statuses: { 200: 20, 429: 40 } })),
      '40 of 180 streams were refused (40 × 429): say with --streams how many it is to hold, or with --limit what it promises',
    ],
    [
      'less than 95 % were there',
      loads({ plannedCount: 60, heldCount: 56 }),
      '56 streams were held at best for half of the time, of 60 planned: see generator-health',
    ],
    [
      'less than 95 % for more than half of the time',
      (s) => s.loads.slice(2).forEach((load) => void (load.heldCount = 50)),
      '50 streams were held at best for half of the time, of 60 planned',
    ],
    [
      'less than 95 % of the arrivals were started',
      both(open, (s) => ((s.loads.at(-1) as LoadEntry).startedCount = 170)),
      '170 streams were started, of 180 planned',
    ],
    [
      'more than one client in twenty got no answer',
      both(open, first({ statuses: { 200: 50, none: 10 } })),
      '10 of 180 clients left without an answer, when their time was over',
    ],
  ])('is inconclusive: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('load-held', 'hold', change);
    expect([outcome, reason]).toEqual(['inconclusive', expect.stringContaining(says)]);
    expect(report.verdict.outcome).toBe('inconclusive');
  });

  it.each<[what: string, change: Change, says: string]>([
    ['no worker told', (s) => (s.loads = []), 'nothing is known of a load'],
    ['no stream was tallied', (s) => (s.tallies = []), 'nothing is known of a load'],
    [
      'nothing but the warm-up was tallied',
      (s) => (s.tallies = s.tallies.slice(0, 1)),
      'nothing is known of a load',
    ],
    [
      'no event was written, though there is a file for it',
      loads({ fedEventCount: 0 }),
      'no event was written',
    ],
    ...CUT_SHORT.map(([what, change]): [string, Change, string] => [what, change, 'cut short']),
  ])('is invalid: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('load-held', 'hold', change);
    expect([outcome, reason]).toEqual(['invalid', expect.stringContaining(says)]);
    expect(report.verdict.outcome).toBe('invalid');
  });

  it.each<[what: string, statuses: Record<string, number>, says: string]>([
    ['a status', { 200: 55, 503: 5 }, '5 × 503'],
    ['several', { 200: 55, 429: 3, 503: 2 }, '3 × 429, 2 × 503'],
    ['none', { 200: 55, none: 5 }, '5 × no answer'],
    ['a status, beside clients that left before an answer came', { 200: 50, 429: 5, none: 5 }, '5 × 429'],
  ])('names what refusals look like: %s', (_, statuses, says) => {
    const change = first({ endings: { client: 55, refused: 5 }, statuses });
    expect(examine('load-held', 'hold', change).reason).toContain(`(${says})`);
  });
});

describe('generator-health', () => {
  it('passes when the workers kept up, and says how well', () => {
    const { outcome, reason } = examine('generator-health', 'hold');
    expect({ outcome, reason }).toEqual({
      outcome: 'pass',
      reason:
        '2 worker processes kept up: at most 0.20 cores, event loop 1.2 ms late (p99), 0 arrivals missed',
    });
  });

  it('says what a held stream costs the workers, where most were held', () => {
    const costOf = (change: Change) => {
      const [finding] = examine('generator-health', 'hold', change).findings;
      return (finding?.evidence as Record<string, unknown> | undefined)?.rssPerStreamBytes;
    };
    const grown = health({ emptyRssBytes: 100e6, rssBytes: 100e6 + 60 * 9000 });
    expect(costOf(grown)).toBe(9000);
    expect(costOf(both(grown, (s) => Object.assign(s.loads.at(-1) as LoadEntry, { heldCount: 1 })))).toBe(
      9000,
    );
    expect(costOf(loads({ heldCount: 0 }))).toBe(null);
    expect(costOf((s) => (s.loads = []))).toBe(null);
  });

  /** Twenty intervals, of which so many are bad. */
  const badOnes =
    (count: number, over: Partial<LoadEntry['health']>): Change =>
    (s) => {
      const one = s.loads.at(-1) as LoadEntry;
      s.loads = Array.from({ length: 20 }, (_, i) => ({
        ...one,
        health: { ...one.health, ...(i < count ? over : {}) },
      }));
    };
  /** Of a thousand arrivals; of those that are missed, some were too late and the others found no room. */
  const missed = (missedCount: number, lateCount = 0) =>
    both(open, (s) => {
      const startedCount = 1000 - missedCount + lateCount;
      Object.assign(s.loads.at(-1) as LoadEntry, { missedCount, startedCount, plannedCount: 1000 });
      const count = { streamCount: 1000, endings: { client: 1000 }, statuses: { 200: 1000 } };
      Object.assign(s.tallies[1] as TallyEntry, count);
    });

  it.each<[what: string, change: Change]>([
    ['one worker', health({ workerCount: 1 })],
    ['a loop that is late, but not by what shows', health({ loopDelayP99Ms: 100 })],
    ['a loop that was late for a fifth of the time', badOnes(4, { loopDelayP99Ms: 500 })],
    ['a single long delay', health({ loopDelayMaxMs: 900 })],
    ['a core that is busy, with a reserve', health({ busiestCores: 0.9 })],
    ['a core that was full for a fifth of the time', badOnes(4, { busiestCores: 1.1 })],
    ['one arrival in a hundred missed', missed(10)],
    ['one arrival in a hundred late', missed(10, 10)],
  ])('passes: %s', (_, change) => {
    const { outcome, report } = examine('generator-health', 'hold', change);
    expect([outcome, report.verdict.outcome]).toEqual(['pass', 'pass']);
  });

  it.each<[what: string, change: Change, says: string]>([
    [
      'its loop was late',
      health({ loopDelayP99Ms: 101 }),
      'hydrotest itself was the bottleneck: its event loop was more than 100 ms late in 100 % of the time. Latencies and rates are not the target',
    ],
    [
      'its loop was late for more than a fifth of the time',
      badOnes(5, { loopDelayP99Ms: 500 }),
      'late in 25 % of the time',
    ],
    ['a worker had no reserve', health({ busiestCores: 0.97 }), 'a worker used 0.97 cores of one'],
    ['more than one arrival in a hundred missed', missed(11), '11 arrivals (1.1 %) came late or not at all'],
    ['all of them late', missed(1000, 1000), '1000 arrivals (100 %) came late or not at all'],
    [
      'all of it',
      both(missed(500), health({ loopDelayP99Ms: 200, busiestCores: 1 })),
      'late in 100 % of the time, a worker used 1.00 cores of one, 500 arrivals (50 %) came late or not at all. Latencies',
    ],
  ])('is inconclusive: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('generator-health', 'hold', change);
    expect([outcome, reason]).toEqual(['inconclusive', expect.stringContaining(says)]);
    expect(reason).toContain('use more --workers');
    expect(report.verdict.outcome).toBe('inconclusive');
  });

  it.each<[what: string, change: Change]>([['nobody told', (s) => (s.loads = [])], ...CUT_SHORT])(
    'is invalid: %s',
    (_, change) => {
      const { outcome, report } = examine('generator-health', 'hold', change);
      expect([outcome, report.verdict.outcome]).toEqual(['invalid', 'invalid']);
    },
  );
});

describe('what a held stream costs', () => {
  it.each<[what: string, bytes: { heap: number | null; pss: number | null }, words: string]>([
    [
      'both',
      { heap: 5120, pss: 10_240 },
      '; a held stream costs the target 5.0 KiB of live heap, 10.0 KiB of memory',
    ],
    [
      'memory that was free before was used first',
      { heap: 5120, pss: -3000 },
      '; a held stream costs the target 5.0 KiB of live heap',
    ],
    ['no heap', { heap: null, pss: 10_240 }, '; a held stream costs the target 10.0 KiB of memory'],
    ['nothing grew', { heap: null, pss: -1 }, 'without a gap'],
  ])('is told in words: %s', (_, { heap, pss }, words) => {
    const { reason } = examine('load-held', 'hold', (s) => {
      const [empty, full] = s.held.map(({ reading }) => reading) as [
        HeldEntry['reading'],
        HeldEntry['reading'],
      ];
      if (heap === null) full.heap = null;
      else Object.assign(full.heap ?? {}, { usedBytes: (empty.heap?.usedBytes ?? 0) + 60 * heap });
      full.pssBytes = pss === null ? null : (empty.pssBytes ?? 0) + 60 * pss;
    });
    expect(reason.endsWith(words)).toBe(true);
  });

  const costOf = (change: (scenario: ScenarioRecord) => unknown = () => {}) => {
    const [scenario] = healthyRun(['hold']).scenarios as [ScenarioRecord];
    change(scenario);
    return memoryPerStream(scenario);
  };
  const held = (s: ScenarioRecord) => s.held[1] as HeldEntry;

  it('is the growth from nothing held to the load, divided by the streams', () => {
    expect(costOf()).toEqual({
      heldCount: HELD_COUNT,
      heapBytes: HELD_STREAM_BYTES,
      pssBytes: HELD_STREAM_BYTES,
    });
  });

  it('counts array buffers as heap', () => {
    const cost = costOf((s) =>
      Object.assign(held(s).reading.heap ?? {}, { arrayBufferBytes: 1e6 + 60 * 1024 }),
    );
    expect(cost?.heapBytes).toBe(HELD_STREAM_BYTES + 1024);
  });

  it('is not taken from a reading during which the number changed, but from the steady one before', () => {
    const cost = costOf((s) => {
      const unsteady = structuredClone(held(s));
      Object.assign(unsteady, { heldCountBefore: 60, heldCountAfter: 56 });
      Object.assign(unsteady.reading, { pssBytes: 1e9 });
      s.held.push(unsteady);
    });
    expect(cost?.pssBytes).toBe(HELD_STREAM_BYTES);
    expect(
      costOf((s) => Object.assign(held(s), { heldCountBefore: 60, heldCountAfter: 58 }))?.heldCount,
    ).toBe(59);
  });

  it('is taken from the last of several', () => {
    const cost = costOf((s) => {
      const later = structuredClone(held(s));
      Object.assign(later.reading, { pssBytes: 90e6 + 60 * 1000 });
      s.held.push(later);
    });
    expect(cost?.pssBytes).toBe(1000);
  });

  it.each<[what: string, change: (scenario: ScenarioRecord) => unknown]>([
    ['no readings', (s) => (s.held = [])],
    ['none with nothing held', (s) => s.held.shift()],
    ['none with the load', (s) => s.held.pop()],
    ['only an unsteady one', (s) => Object.assign(held(s), { heldCountBefore: 10 })],
    ['nothing was held', (s) => Object.assign(held(s), { heldCountBefore: 0, heldCountAfter: 0 })],
  ])('is not known: %s', (_, change) => {
    expect(costOf(change)).toBe(null);
  });

  it('is null, not zero, for what could not be read', () => {
    expect(costOf((s) => (held(s).reading.heap = null))).toMatchObject({
      heapBytes: null,
      pssBytes: HELD_STREAM_BYTES,
    });
    // Without PSS, resident memory: it did not grow in this record.
    expect(costOf((s) => s.held.forEach((entry) => void (entry.reading.pssBytes = null)))?.pssBytes).toBe(0);
  });

  it('has no heap where the target has none that can be collected', () => {
    expect(costOf((s) => s.target.forEach((entry) => void (entry.leakProbe = 'anonymous')))?.heapBytes).toBe(
      null,
    );
  });
});
