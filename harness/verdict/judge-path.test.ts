import { describe, expect, it } from 'vitest';
import type { CycleEntry, DrainEntry } from '../model.ts';
import { createRandom } from '../random.ts';
import { judgePath, keptRatio, type PathCase } from './judge-path.ts';
import { leakDelta } from './leak-delta.ts';
import { readingOf, type SimulatedPath, simulateCycles } from './simulation.ts';

const LEAK = { levelBytes: ({ connection }: { connection: number }) => 400 * connection };
const cyclesOf = (attempt: number, over: Partial<SimulatedPath>): CycleEntry[] =>
  simulateCycles({ random: createRandom(attempt + 1), workingCount: 18, ...over }).map((cycle) => ({
    ...cycle,
    attempt,
  }));
const levelOf = (cycle: CycleEntry | undefined) =>
  (cycle?.reading.heap?.usedBytes ?? 0) + (cycle?.reading.heap?.arrayBufferBytes ?? 0);

/** A wait of 75 s behind these cycles; at `backAfterMs` all but `kept` of their growth comes back. */
function drainOf(cycles: CycleEntry[], kept: number, backAfterMs = 30_000): DrainEntry[] {
  const base = levelOf(cycles.find(({ warmup }) => !warmup));
  const grown = levelOf(cycles.at(-1)) - base;
  return [0, 15_000, 30_000, 45_000, 75_000].map((waitedMs) => ({
    type: 'drain',
    scenario: 'churn',
    elapsedMs: waitedMs,
    attempt: cycles[0]?.attempt ?? 0,
    moment: 'after',
    paths: ['abrupt drop'],
    waitedMs,
    reading: readingOf(base + grown * (waitedMs >= backAfterMs ? kept : 1)),
  }));
}

function judge(first: CycleEntry[], again: CycleEntry[], drains: DrainEntry[], over: Partial<PathCase> = {}) {
  return judgePath({
    path: 'abrupt drop',
    cycles: [...first, ...again],
    drains,
    probe: 'heap',
    budgetBytes: 500e6,
    trafficPerSecond: null,
    attached: false,
    neverQuiet: false,
    ...over,
  });
}

const leaky = cyclesOf(0, LEAK);
const leakyAgain = cyclesOf(1, LEAK);

describe('a suspected leak', () => {
  it('is one when a fresh process shows it and nothing comes back', () => {
    const leak = judge(leaky, leakyAgain, drainOf(leakyAgain, 1));
    expect(leak).toMatchObject({ state: 'leak', confirmation: { freshProcess: true, state: 'leak' } });
    expect(leak.release).toMatchObject({ waitedMs: 75_000, releasedAfterMs: null });
  });

  it('is not called one without a second process, without a wait, or where it does not show again', () => {
    expect(judge(leaky, [], [])).toMatchObject({ state: 'inconclusive', confirmation: null });
    expect(judge(leaky, leakyAgain, []).state).toBe('inconclusive');
    expect(judge(leaky, cyclesOf(1, {}), [])).toMatchObject({
      state: 'inconclusive',
      confirmation: { state: 'stable' },
    });
    const short = leakyAgain.slice(0, 10);
    expect(judge(leaky, short, drainOf(short, 1))).toMatchObject({
      state: 'inconclusive',
      confirmation: { state: 'invalid' },
    });
  });

  it('stands without a wait on a path on which the target never falls silent', () => {
    expect(judge(leaky, leakyAgain, [], { neverQuiet: true })).toMatchObject({
      state: 'leak',
      release: null,
    });
  });

  it('is a late release when it all comes back, and says when', () => {
    const late = judge(leaky, leakyAgain, drainOf(leakyAgain, 0));
    expect(late).toMatchObject({ state: 'late-release', release: { keptBytes: 0, releasedAfterMs: 30_000 } });
    expect(late.release?.grownBytes).toBeGreaterThan(400 * 10_000);
  });

  it('keeps the rate of what did not come back, as long as that is a leak by itself', () => {
    const half = judge(leaky, leakyAgain, drainOf(leakyAgain, 0.5));
    expect(half.state).toBe('leak');
    expect(half.ratePerUnitBytes).toBeGreaterThan(190);
    expect(half.ratePerUnitBytes).toBeLessThan(210);
    // What is left is δ itself: it cannot be told.
    const share = leakDelta('heap', 'connection') / 400;
    expect(judge(leaky, leakyAgain, drainOf(leakyAgain, share)).state).toBe('inconclusive');
  });

  it('is a late release where the second process keeps nothing between two levels at rest, whatever lies between', () => {
    // As a cache whose entries live for some seconds: it rises at first, then goes up and down.
    const up = cyclesOf(1, { noiseBytes: 2e6, noise: 'AR(0.9)' });
    const base = { ...drainOf(up, 1)[0], moment: 'before', reading: readingOf(8e6) } as DrainEntry;
    const endingAt = (levelBytes: number) =>
      drainOf(up, 1).map((drain) => ({ ...drain, reading: readingOf(levelBytes) }));
    expect(judge(leaky, up, [base, ...endingAt(8e6)])).toMatchObject({
      state: 'late-release',
      confirmation: { state: 'inconclusive' },
    });
    expect(judge(leaky, up, [base, ...endingAt(10e6)]).state).toBe('inconclusive');
    expect(judge(leaky, up, endingAt(8e6)).state, 'without a level at rest before').toBe('inconclusive');
  });

  it('is a cache when the second process sees it stop', () => {
    const fills = cyclesOf(1, {
      workingCount: 72,
      levelBytes: ({ connection }) => 400 * Math.min(connection, 10_000),
    });
    expect(judge(leaky, fills, drainOf(fills, 1))).toMatchObject({ state: 'bounded', shape: 'bend' });
  });

  it('was confirmed on the same process where there is no other', () => {
    const leak = judge(leaky, leakyAgain, drainOf(leakyAgain, 1), { attached: true });
    expect(leak.confirmation?.freshProcess).toBe(false);
  });
});

describe('everything else', () => {
  it('stands as the first process showed it', () => {
    expect(judge(cyclesOf(0, {}), [], [])).toMatchObject({
      state: 'stable',
      confirmation: null,
      release: null,
    });
    expect(judge([], [], [])).toMatchObject({ state: 'invalid', path: 'abrupt drop' });
  });
});

describe('the time to the budget', () => {
  it('is worked out from the rate of a leak, and from the upper bound without one', () => {
    const leak = judge(leaky, leakyAgain, drainOf(leakyAgain, 1));
    const [slow, fast] = leak.timeToBudget;
    expect(slow?.seconds).toBeCloseTo(500e6 / (leak.ratePerUnitBytes as number), 6);
    expect(fast?.seconds).toBeCloseTo((slow?.seconds as number) / 50, 6);
    const stable = judge(cyclesOf(0, {}), [], [], { trafficPerSecond: 10 });
    expect(stable.timeToBudget).toEqual([
      { trafficPerSecond: 10, seconds: 500e6 / (10 * (stable.highPerUnitBytes as number)) },
    ]);
  });

  it('is that of the unit that explains the growth, whatever the path is made of', () => {
    const timer = { levelBytes: ({ second }: { second: number }) => 1e6 * second };
    const again = cyclesOf(1, timer);
    const leak = judge(cyclesOf(0, timer), again, drainOf(again, 1));
    expect(leak).toMatchObject({ state: 'leak', unit: 'connection', cause: 'second' });
    expect(leak.timeToBudget).toHaveLength(1);
    expect((leak.timeToBudget[0]?.seconds ?? 0) / 500).toBeCloseTo(1, 1);
  });
});

it('keeps a share between nothing and all', () => {
  const release = { waitedMs: 0, releasedAfterMs: null };
  expect(keptRatio({ ...release, grownBytes: 100, keptBytes: 30 })).toBe(0.3);
  expect(keptRatio({ ...release, grownBytes: 100, keptBytes: 130 })).toBe(1);
  expect(keptRatio({ ...release, grownBytes: 100, keptBytes: -5 })).toBe(0);
});
