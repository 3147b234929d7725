import { describe, expect, it } from 'vitest';
import type { ProcessReading, RunRecord, ScenarioRecord } from '../model.ts';
import { examine } from '../testing/examine.ts';

type Change = (scenario: ScenarioRecord, run: RunRecord) => unknown;
type Sample = ScenarioRecord['samples'][number];

const CUT_SHORT: [what: string, change: Change][] = [
  ['the scenario never ended', (s) => (s.endedMs = null)],
  ['the scenario ended in an error', (s) => (s.error = 'stopped')],
];

describe('history-cost', () => {
  const LARGE = 'large history';
  const streamsIn = (s: ScenarioRecord, phase: string) => s.streams.filter((each) => each.phase === phase);
  const samplesIn = (s: ScenarioRecord, phase: string) => s.samples.filter((each) => each.phase === phase);
  const firstEventAfter =
    (ms: number | null): Change =>
    (s) =>
      streamsIn(s, LARGE).forEach((stream) => {
        stream.firstEventMs = ms;
      });

  it('passes when a large history costs what a small one does', () => {
    const { outcome, reason } = examine('history-cost', 'history');
    expect(outcome).toBe('pass');
    expect(reason).toBe(
      'with a history of 1000 MB the first event took 6 ms (small: 5 ms) and memory peaked 0.0 MB higher',
    );
  });

  it('passes when it takes a bit longer: a ratio of very short times is noise', () => {
    expect(examine('history-cost', 'history', firstEventAfter(250)).outcome).toBe('pass');
  });

  it.each<[what: string, change: Change, says: string]>([
    ['the first event comes late', firstEventAfter(1200), 'the first event took 1200 ms instead of 5 ms'],
    [
      'one stream got no event',
      (s) => void Object.assign(streamsIn(s, LARGE)[0] as object, { firstEventMs: null }),
      '1 streams got no event at all',
    ],
    [
      'memory that was given back before the next sample',
      (s) => ((samplesIn(s, LARGE).at(-1) as Sample).peakRssBytes = 1200e6),
      'memory peaked 1090 MB higher',
    ],
    [
      'memory, on a kernel without high-water marks',
      (s) => {
        for (const sample of s.samples) sample.peakRssBytes = null;
        (samplesIn(s, LARGE).at(-1) as Sample).rssBytes = 1200e6;
      },
      'memory peaked 1100 MB higher',
    ],
    [
      'memory, below a peak of long ago',
      (s) => {
        for (const sample of s.samples) sample.peakRssBytes = 3000e6;
        (samplesIn(s, LARGE).at(-1) as Sample).rssBytes = 1200e6;
      },
      'memory peaked 1100 MB higher',
    ],
  ])('fails: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('history-cost', 'history', (s, run) => {
      run.run.config.budgetBytes = 10e9;
      change(s, run);
    });
    expect(outcome).toBe('fail');
    expect(reason).toContain(says);
    expect(report.verdict.outcome).toBe('fail');
  });

  const withoutStreams =
    (phase: string): Change =>
    (s) =>
      void (s.streams = s.streams.filter((stream) => stream.phase !== phase));

  it.each<[what: string, change: Change]>([
    ...CUT_SHORT,
    ['no streams', (s) => (s.streams = [])],
    ['no streams on the small history', withoutStreams('small history')],
    ['no streams on the large history', withoutStreams(LARGE)],
    [
      'no event of the small history',
      (s) =>
        streamsIn(s, 'small history').forEach((stream) => {
          stream.firstEventMs = null;
        }),
    ],
    ['no samples', (s) => (s.samples = [])],
    ['no samples of the large history', (s) => (s.samples = s.samples.filter((e) => e.phase !== LARGE))],
    [
      'one sample of the large history: what came after it was not seen',
      (s) => {
        const [first] = samplesIn(s, LARGE);
        s.samples = s.samples.filter((sample) => sample.phase !== LARGE || sample === first);
      },
    ],
    ['no large history was written', (s) => (s.feeds = s.feeds.slice(0, 1))],
    ['a large history that is not large', (s) => ((s.feeds[1] as { byteCount: number }).byteCount = 60e6)],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('history-cost', 'history', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });
});

describe('responsiveness', () => {
  const first = (s: ScenarioRecord) => s.requests[0] as ScenarioRecord['requests'][number];

  const slow =
    (count: number, ms: number): Change =>
    (s) => {
      for (const entry of s.requests.slice(0, count)) entry.latencyMs.max = ms;
    };

  it('passes when the page answers in time', () => {
    const { outcome, reason } = examine('responsiveness', 'growth');
    expect({ outcome, reason }).toEqual({
      outcome: 'pass',
      reason: 'the slowest of 120 answers of the page took 12 ms while the files grew',
    });
  });

  it('passes with all of its second used', () => {
    const { outcome } = examine('responsiveness', 'growth', slow(24, 1000));
    expect(outcome).toBe('pass');
  });

  it('passes when one answer was slow: that may be this machine', () => {
    expect(examine('responsiveness', 'growth', slow(1, 1001)).outcome).toBe('pass');
  });

  it('says nothing where there is no page', () => {
    const { outcome, report } = examine('responsiveness', 'growth', (_, { run }) => {
      run.config.page = null;
    });
    expect(outcome).toBe('none');
    expect(report.verdict.outcome).toBe('pass');
  });

  it.each<[what: string, change: Change, says: string]>([
    ['slow twice', slow(2, 1001), 'more than 1000 ms in 2 of'],
    ['an error', (s) => (first(s).statuses = { 200: 4, 500: 1 }), '119 of 120 requests'],
    [
      'no answer',
      (s) => void Object.assign(first(s), { statuses: { 200: 4 }, timeoutCount: 1 }),
      '119 of 120',
    ],
    [
      'slow, and then the run was stopped',
      (s) => {
        for (const entry of s.requests.slice(0, 2)) entry.latencyMs.max = 1001;
        s.error = 'SIGINT received';
      },
      '1001 ms at worst',
    ],
  ])('fails: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('responsiveness', 'growth', change);
    expect(outcome).toBe('fail');
    expect(reason).toContain(says);
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, change: Change]>([
    ...CUT_SHORT,
    ['no requests', (s) => (s.requests = [])],
    [
      'requests of another kind',
      (s) =>
        s.requests.forEach((entry) => {
          entry.label = 'flood';
        }),
    ],
    [
      'none planned',
      (s) =>
        s.requests.forEach((entry) => {
          entry.plannedCount = 0;
        }),
    ],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('responsiveness', 'growth', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });
});

describe('cleanup', () => {
  const level =
    (moment: 'before' | 'after', over: Partial<ProcessReading>): Change =>
    (s) => {
      for (const entry of s.levels) if (entry.moment === moment) Object.assign(entry.reading, over);
    };

  it('passes when everything came back', () => {
    const { outcome, reason } = examine('cleanup', 'orphans');
    expect(outcome).toBe('pass');
    expect(reason).toBe(
      'everything came back to the level before: 34 file descriptors, 1 sockets, 1 processes',
    );
  });

  it('passes when there is less than before', () => {
    expect(examine('cleanup', 'orphans', level('after', { fdCount: 30 })).outcome).toBe('pass');
  });

  it.each<[what: string, change: Change, says: string]>([
    ['one file descriptor too many', level('after', { fdCount: 35 }), 'file descriptors 34 → 35'],
    [
      'one socket too many, in whichever state',
      level('after', { sockets: { listen: 1, close_wait: 1 } }),
      'sockets 1 → 2',
    ],
    ['one process too many', level('after', { processCount: 2 }), 'processes 1 → 2'],
  ])('fails: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('cleanup', 'orphans', change);
    expect(outcome).toBe('fail');
    expect(reason).toContain(says);
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, change: Change]>([
    ...CUT_SHORT,
    ['no levels', (s) => (s.levels = [])],
    ['none before', (s) => void s.levels.shift()],
    ['none after', (s) => void s.levels.pop()],
    ['file descriptors not counted before', level('before', { fdCount: null })],
    ['file descriptors not counted after', level('after', { fdCount: null })],
    ['sockets not counted before', level('before', { sockets: null })],
    ['sockets not counted after', level('after', { sockets: null })],
    ['no process before', level('before', { processCount: 0, fdCount: 0, sockets: {} })],
    ['no process after, and so nothing of it', level('after', { processCount: 0, fdCount: 0, sockets: {} })],
    [
      'too much after, in a scenario that was stopped',
      (s, run) => {
        s.error = 'SIGINT received';
        level('after', { fdCount: 99 })(s, run);
      },
    ],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('cleanup', 'orphans', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });
});
