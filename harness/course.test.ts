import { describe, expect, it } from 'vitest';
import { endsOf, quietPointsOf, seriesOf, trendsOf } from './course.ts';
import { judge } from './judge.ts';
import type { LeakFinding, RunRecord, ScenarioRecord } from './model.ts';
import { confirmationOf, cyclesOf, drainsOf, samplesOf, streamOf, tallyOf } from './testing/entries.ts';
import { healthyRun } from './testing/records.ts';

function scenarioOf(name: 'churn' | 'tabs', change: Partial<ScenarioRecord> = {}): ScenarioRecord {
  const found = healthyRun().scenarios.find(({ scenario }) => scenario === name);
  if (found === undefined) throw new Error(`the healthy run has no ${name}`);
  return { ...found, ...change };
}

describe('events a second', () => {
  const [sample] = samplesOf('tabs', [{ phase: 'hold', elapsedMs: 0 }], 0);
  const rates = (counts: [elapsedMs: number, eventCount: number][]) =>
    seriesOf(
      scenarioOf('tabs', {
        samples: counts.map(([elapsedMs, eventCount]) => ({ ...required(sample), elapsedMs, eventCount })),
      }),
    ).map(({ eventsPerSecond }) => eventsPerSecond);

  it('is the difference over the time between two samples', () => {
    expect(
      rates([
        [1000, 100],
        [2000, 150],
        [2500, 150],
        [4500, 1150],
      ]),
    ).toEqual([null, 50, 0, 500]);
  });

  it('is not known where the count went down, or no time passed', () => {
    expect(
      rates([
        [1000, 100],
        [2000, 50],
        [2000, 60],
      ]),
    ).toEqual([null, null, null]);
  });
});

it('careful readings come in the order of time, each with what was read', () => {
  const cycles = cyclesOf('churn', 'abrupt drop', 'connection', (dose) => 200 * dose);
  const all = [...cycles, ...confirmationOf(cycles)];
  const drains = drainsOf(all);
  const points = quietPointsOf(scenarioOf('churn', { cycles: all, drains, held: [] }));
  expect(points).toHaveLength(all.length + drains.length);
  expect(points.map(({ elapsedMs }) => elapsedMs)).toEqual(
    points.map(({ elapsedMs }) => elapsedMs).toSorted((a, b) => a - b),
  );
  const [first] = cycles;
  expect(points.find(({ elapsedMs }) => elapsedMs === first?.elapsedMs)).toEqual({
    elapsedMs: first?.elapsedMs,
    of: 'cycle',
    attempt: 0,
    rssBytes: first?.reading.rssBytes,
    pssBytes: first?.reading.pssBytes,
    anonymousBytes: first?.reading.anonymousBytes,
    heapBytes: required(first?.reading.heap).usedBytes + required(first?.reading.heap).arrayBufferBytes,
  });
  expect(new Set(points.map(({ of }) => of))).toEqual(new Set(['cycle', 'drain']));
});

it('a reading without a heap has none, not zero', () => {
  const cycles = cyclesOf('churn', 'abrupt drop').map((cycle) => ({
    ...cycle,
    reading: { ...cycle.reading, heap: null },
  }));
  for (const { heapBytes } of quietPointsOf(scenarioOf('churn', { cycles }))) expect(heapBytes).toBeNull();
});

describe('the trend of a path', () => {
  const trendsWith = (rate: number) => {
    const cycles = cyclesOf('churn', 'abrupt drop', 'connection', (dose) => rate * dose);
    const scenario = scenarioOf('churn', { cycles: [...cycles, ...confirmationOf(cycles)] });
    const record: RunRecord = { ...healthyRun(['churn']), scenarios: [scenario] };
    const leaks = judge(record).scenarios[0]?.findings.filter(
      (finding): finding is LeakFinding =>
        finding.check === 'memory-leak' && finding.subject === 'abrupt drop',
    );
    return trendsOf(scenario, leaks ?? []);
  };

  it('rises by the rate of its process, within its interval', () => {
    const trends = trendsWith(500);
    expect(trends.map(({ attempt }) => attempt)).toEqual([0, 1]);
    for (const { points, ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes } of trends) {
      expect(ratePerUnitBytes).toBeGreaterThan(450);
      expect(ratePerUnitBytes).toBeLessThan(550);
      const [first, last] = [required(points[0]), required(points.at(-1))];
      const grown = last.levelBytes - first.levelBytes;
      expect((last.fittedBytes - first.fittedBytes) / grown).toBeCloseTo(1, 1);
      expect(lowPerUnitBytes).toBeLessThanOrEqual(highPerUnitBytes);
      for (const { fittedBytes, lowBytes, highBytes } of points) {
        expect(lowBytes).toBeLessThanOrEqual(fittedBytes + 1e-6);
        expect(highBytes).toBeGreaterThanOrEqual(fittedBytes - 1e-6);
      }
    }
  });

  it('goes through the middle of what it was fitted to', () => {
    for (const { points } of trendsWith(500)) {
      const above = points.filter(({ levelBytes, fittedBytes }) => levelBytes > fittedBytes).length;
      const below = points.filter(({ levelBytes, fittedBytes }) => levelBytes < fittedBytes).length;
      expect(Math.abs(above - below)).toBeLessThanOrEqual(2);
    }
  });

  it('is level where nothing is kept', () => {
    const [trend] = trendsWith(0);
    const { points } = required(trend);
    expect(Math.abs(required(points.at(-1)).fittedBytes - required(points[0]).fittedBytes)).toBeLessThan(
      50_000,
    );
  });

  it('is not drawn where nothing could be fitted', () => {
    const cycles = cyclesOf('churn', 'abrupt drop').slice(0, 3);
    const evidence = judge({
      ...healthyRun(['churn']),
      scenarios: [scenarioOf('churn', { cycles })],
    }).scenarios[0]?.trends;
    expect(evidence).toEqual([]);
  });
});

describe('ends', () => {
  const at = (elapsedMs: number, durationMs: number, ending: 'client' | 'refused' = 'client') =>
    streamOf('hold', { elapsedMs, durationMs, ending });
  const endsWith = (change: Partial<ScenarioRecord>) =>
    endsOf(scenarioOf('tabs', { elapsedMs: 1000, streams: [], tallies: [], ...change }));

  it('counts a stream at its end, and what was tallied at its entry', () => {
    const tally = { ...tallyOf('tabs', 'hold', 10, 'tab'), elapsedMs: 1700 };
    const ends = endsWith({
      streams: [at(1000, 499), at(1000, 500, 'refused'), at(1100, 450)],
      tallies: [{ ...tally, endings: { client: 8, 'server-reset': 2 } }],
    });
    const none = { 'server-end': 0, 'connect-failed': 0, 'protocol-error': 0 };
    expect(ends).toEqual({
      bucketMs: 500,
      buckets: [
        { elapsedMs: 1000, counts: { ...none, client: 1, refused: 0, 'server-reset': 0 } },
        { elapsedMs: 1500, counts: { ...none, client: 9, refused: 1, 'server-reset': 2 } },
      ],
    });
  });

  it.each([
    [99_000, 500],
    [101_000, 1000],
    [3_600_000, 30_000],
    [90_000_000, 600_000],
    [90_000_000_000, 450_001_000],
  ])('ends over %i ms come in spans of %i ms, at most 200', (lastMs, bucketMs) => {
    const streams = Array.from({ length: 1000 }, (_, index) => at(1000, (lastMs * index) / 999));
    const ends = endsWith({ streams });
    expect(ends.bucketMs).toBe(bucketMs);
    expect(ends.buckets.length).toBeLessThanOrEqual(200);
    expect(ends.buckets.reduce((sum, { counts }) => sum + counts.client, 0)).toBe(1000);
  });

  it('has no bucket where no stream ended', () => {
    expect(endsWith({})).toEqual({ bucketMs: 500, buckets: [] });
  });
});

function required<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('it is missing');
  return value;
}
