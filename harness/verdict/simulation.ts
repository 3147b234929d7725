/** Made-up measurements with known rates, for the tests and for `bench/simulate-verdict.ts`. */
import type { CycleEntry, Doses, DoseUnit } from '../model.ts';

type Random = () => number;

/** Series of so many levels around zero, with a standard deviation of about 1. */
export const NOISES = {
  white: (count, random) => series(count, () => gaussian(random)),
  'AR(0.5)': (count, random) => autoregression(count, random, 0.5),
  'AR(0.9)': (count, random) => autoregression(count, random, 0.9),
  /** Steps of 0.3, so that 18 of them stray by about 1. */
  'random walk': (count, random) => {
    let level = 0;
    return series(count, () => (level += 0.3 * gaussian(random)));
  },
  alternating: (count, random) => series(count, (i) => 2 * (i % 2) - 1 + 0.2 * gaussian(random)),
  outliers: (count, random) => series(count, () => gaussian(random) * (random() < 0.1 ? 10 : 1)),
} satisfies Record<string, (count: number, random: Random) => number[]>;

export type NoiseKind = keyof typeof NOISES;

export interface SimulatedPath {
  random: Random;
  unit?: DoseUnit;
  /** Working cycles after the warm-up. */
  workingCount: number;
  warmupCount?: number;
  /** Units of work in a small cycle; a large one has twice as many. */
  dose?: number;
  noise?: NoiseKind;
  /** Standard deviation of the level. */
  noiseBytes?: number;
  /** True: every event comes with one connection, and there are no idle cycles. */
  collinear?: boolean;
  /** Bytes above the level of the start, after all that was done, the warm-up included. */
  levelBytes?(doses: Doses): number;
}

/**
 * Cycles as the engine plans them: blocks of six working cycles, of which two are rich in events, and an idle one, in random
 * order. A working cycle takes 0.1 s and as long again for 500 connections.
 */
export function simulateCycles(path: SimulatedPath): CycleEntry[] {
  const { random, unit = 'connection', workingCount, warmupCount = 6, dose = 500, collinear = false } = path;
  const plans: { factor: number; rich: boolean }[] = [];
  for (let i = 0; i < warmupCount; i++) plans.push({ factor: 2 - (i % 2), rich: false });
  for (let working = 0; working < workingCount; ) {
    const block = shuffle(unit === 'second' ? HALVES : collinear ? POOR : BLOCK, random);
    for (const plan of block) {
      if (working === workingCount) break;
      plans.push(plan);
      if (plan.factor > 0) working++;
    }
  }
  const noise = NOISES[path.noise ?? 'white'](plans.length, random);
  const total: Doses = { connection: 0, event: 0, rejection: 0, second: 0 };
  let workSeconds = 0.2;
  return plans.map(({ factor, rich }, index): CycleEntry => {
    const work = factor * dose;
    if (factor > 0 && unit !== 'second') workSeconds = 0.1 + work / 5000 + 0.02 * random();
    const doses: Doses = { connection: 0, event: 0, rejection: 0, second: workSeconds };
    doses[unit] = work;
    if (unit === 'connection') doses.event = work * (rich ? 4 : 1);
    total.connection += doses.connection;
    total.event += doses.event;
    total.rejection += doses.rejection;
    total.second += doses.second;
    const grownBytes = path.levelBytes?.(total) ?? 0;
    const levelBytes = 8e6 + grownBytes + (noise[index] ?? 0) * (path.noiseBytes ?? 8000);
    return cycleOf(
      { unit, warmup: index < warmupCount, plannedDose: work, landedDose: work, doses },
      levelBytes,
    );
  });
}

const SMALL = { factor: 1, rich: false };
const LARGE = { factor: 2, rich: false };
const RICH = { factor: 1, rich: true };
const BLOCK = [SMALL, LARGE, RICH, SMALL, LARGE, RICH, { factor: 0, rich: false }];
const POOR = [SMALL, LARGE, SMALL, LARGE, SMALL, LARGE];
const HALVES = POOR;

/** A cycle that did all it was to do. */
export function cycleOf(over: Partial<CycleEntry>, levelBytes: number): CycleEntry {
  return {
    type: 'cycle',
    scenario: 'churn',
    elapsedMs: 0,
    path: 'abrupt drop',
    unit: 'connection',
    attempt: 0,
    warmup: false,
    look: 1,
    plannedDose: 500,
    landedDose: 500,
    doses: { connection: 500, event: 500, rejection: 0, second: 0.2 },
    plantedBytes: 0,
    quiet: true,
    sameProcesses: true,
    reading: readingOf(levelBytes),
    ...over,
  };
}

export function readingOf(levelBytes: number): CycleEntry['reading'] {
  return {
    processCount: 1,
    rssBytes: 8e7,
    swapBytes: 0,
    peakRssBytes: 9e7,
    cpuMs: 1,
    threadCount: 11,
    fdCount: 20,
    pssBytes: 8e7,
    anonymousBytes: 5e7,
    heap: { usedBytes: levelBytes - 1e6, arrayBufferBytes: 1e6, externalBytes: 2e6, processCount: 1 },
    settled: true,
  };
}

export function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function series(count: number, next: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => next(index));
}

function autoregression(count: number, random: Random, correlation: number): number[] {
  let level = gaussian(random);
  return series(
    count,
    () => (level = correlation * level + Math.sqrt(1 - correlation ** 2) * gaussian(random)),
  );
}

function shuffle<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
