import { describe, expect, it } from 'vitest';
import type { CycleEntry, Doses, LeakState } from '../model.ts';
import { createRandom } from '../random.ts';
import { estimateLeak, leakDelta } from './estimate-leak.ts';
import { cycleOf, NOISES, type NoiseKind, type SimulatedPath, simulateCycles } from './simulation.ts';

const simulate = (seed: number, over: Partial<SimulatedPath>) =>
  simulateCycles({ random: createRandom(seed), workingCount: 18, noiseBytes: 24_000, dose: 300, ...over });
const judge = (seed: number, over: Partial<SimulatedPath>) => estimateLeak(simulate(seed, over), 'heap');

/** How often each state comes out at the last look. */
function statesOf(runs: number, over: Partial<SimulatedPath>) {
  const counts: Partial<Record<LeakState, number>> = {};
  for (let seed = 1; seed <= runs; seed++) {
    const { state } = judge(seed, { workingCount: 72, dose: 500, ...over });
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

describe('the rate', () => {
  it('is stable without a leak and finds one of 4 KB and 200 B a connection', () => {
    let [missed, stable] = [0, 0];
    for (let seed = 1; seed <= 60; seed++) {
      const clean = judge(seed, {});
      expect(clean).toMatchObject({ cause: null, cycleCount: 18 });
      expect(clean.state).not.toBe('leak');
      if (clean.state === 'stable') stable++;
      for (const rate of [4000, 200]) {
        const leak = judge(seed, { levelBytes: ({ connection }) => rate * connection });
        expect(leak).toMatchObject({ state: 'leak', shape: 'line' });
        const [low, high] = [leak.lowPerUnitBytes as number, leak.highPerUnitBytes as number];
        // Where neighbours correlate by chance, that of differences: 2 · 3.41 · √2 · 24,000 / (300 · √42) = 119 on average.
        expect(high - low).toBeLessThan(200);
        if (low > rate || high < rate) missed++;
      }
    }
    // Nominal 0.33 %, and both rates lie on the same 60 series: more than two of these miss once in 900 times.
    expect(missed).toBeLessThanOrEqual(4);
    // With three times the usual noise and a small dose, the first look leaves some open.
    expect(stable).toBeGreaterThanOrEqual(50);
  });

  it('does not decide at the border', () => {
    const delta = leakDelta('heap', 'connection');
    expect(judge(3, { levelBytes: ({ connection }) => delta * connection }).state).toBe('inconclusive');
  });

  it('of an idle target is one a second', () => {
    const idle = { unit: 'second', dose: 0.4, workingCount: 36, noiseBytes: 8000 } as const;
    const leak = judge(2, { ...idle, levelBytes: ({ second }) => 8000 * second });
    expect(leak).toMatchObject({ state: 'leak', unit: 'second', cause: 'second', deltaBytes: 2048 });
    expect(judge(2, idle).state).toBe('stable');
  });
});

describe('data that cannot be used', () => {
  const change = (alter: (cycle: CycleEntry, working: number) => Partial<CycleEntry>) => {
    let working = 0;
    const cycles = simulate(1, {}).map((cycle) => ({ ...cycle, ...alter(cycle, working++) }));
    return estimateLeak(cycles, 'heap').state;
  };
  const withHeap = (cycle: CycleEntry, heap: CycleEntry['reading']['heap']) => ({
    reading: { ...cycle.reading, heap },
  });

  it('decides nothing', () => {
    expect(change(() => ({}))).toBe('stable');
    expect(estimateLeak([], 'heap').state).toBe('invalid');
    expect(change((cycle) => withHeap(cycle, null))).toBe('invalid');
    expect(change((cycle) => ({ reading: { ...cycle.reading, settled: false } }))).toBe('invalid');
    expect(change(() => ({ warmup: true }))).toBe('invalid');
    expect(change(({ landedDose }) => ({ landedDose: landedDose * 0.9 }))).toBe('invalid');
    expect(change(() => ({ plannedDose: 0, landedDose: 0 }))).toBe('invalid');
    expect(change(({ doses }) => ({ doses: { ...doses, connection: 0 } }))).toBe('invalid');
  });

  it('is a level of other processes', () => {
    // A restart in the middle; one reading with a second process; half of them with one.
    expect(change((_, i) => ({ sameProcesses: i !== 16 }))).toBe('invalid');
    const two = (cycle: CycleEntry) =>
      cycle.reading.heap === null ? {} : withHeap(cycle, { ...cycle.reading.heap, processCount: 2 });
    expect(change((cycle, i) => (i === 12 ? two(cycle) : {}))).toBe('stable');
    expect(change((cycle, i) => (i % 2 ? two(cycle) : {}))).toBe('invalid');
  });

  it('leaves a leak that shows in a measurement cut short, but proves nothing stable by it', () => {
    const cut = (rate: number, count: number) =>
      estimateLeak(
        simulate(4, { levelBytes: ({ connection }) => rate * connection }).slice(0, 6 + count),
        'heap',
      ).state;
    expect(cut(4000, 13)).toBe('leak');
    expect(cut(4000, 7)).toBe('invalid');
    expect(cut(0, 18)).toBe('invalid');
  });

  it('counts the level of array buffers, and reads the probe it is told to', () => {
    const [first] = simulate(1, {});
    expect(first?.reading.heap).not.toBeNull();
    const cycles = Array.from({ length: 24 }, (_, i) => {
      const cycle = cycleOf({ warmup: i < 6 }, 8e6);
      const { heap } = cycle.reading;
      return heap === null
        ? cycle
        : { ...cycle, ...withHeap(cycle, { ...heap, arrayBufferBytes: 500 * 300 * i }) };
    });
    expect(estimateLeak(cycles, 'heap').ratePerUnitBytes).toBeCloseTo(300, 6);
    expect(estimateLeak(cycles, 'anonymous')).toMatchObject({ state: 'stable', ratePerUnitBytes: 0 });
  });
});

describe('memory that nothing was collected from', () => {
  const grown = (bytesPerConnection: number, probe: 'heap' | 'anonymous') => {
    let connections = 0;
    const cycles = simulate(1, { dose: 1000, levelBytes: (doses) => bytesPerConnection * doses.connection });
    for (const cycle of cycles) {
      connections += cycle.doses.connection;
      cycle.reading.anonymousBytes = 5e7 + bytesPerConnection * connections;
    }
    return estimateLeak(cycles, probe).state;
  };

  it('may have grown by garbage: below 64 MB that is no leak yet', () => {
    // 27,000 connections or less: 600 B each are 15 MB, 4 KB each 100 MB.
    expect(grown(600, 'anonymous')).toBe('inconclusive');
    expect(grown(4000, 'anonymous')).toBe('leak');
    expect(grown(600, 'heap')).toBe('leak');
    expect(grown(0, 'anonymous')).toBe('stable');
  });
});

describe('noise of every kind', () => {
  const kinds = Object.keys(NOISES) as NoiseKind[];
  it.each(kinds)('%s: no alarm without a leak, and 128 B a connection is found', (noise) => {
    for (let seed = 1; seed <= 40; seed++) {
      expect(judge(seed, { noise }).state).not.toBe('leak');
    }
    expect(statesOf(20, { noise })).toEqual({ stable: 20 });
    expect(statesOf(20, { noise, levelBytes: ({ connection }) => 128 * connection })).toEqual({ leak: 20 });
  });
});

describe('the shape', () => {
  const states = (level: (connections: number) => number, over: Partial<SimulatedPath> = {}) =>
    statesOf(20, { noiseBytes: 8000, levelBytes: ({ connection }: Doses) => level(connection), ...over });
  const filling = (capacity: number) => (connections: number) => 400 * Math.min(connections, capacity);
  const store = (factor: number) => (connections: number) =>
    400 * factor ** Math.ceil(Math.log(Math.max(1000, connections)) / Math.log(factor));

  it('is flat on both sides of a fall: stable at the first look, but not if it grows', () => {
    const falling = (rate: number) => (connections: number) =>
      rate * connections - (connections > 9000 ? 1e6 : 0);
    expect(states(falling(0), { workingCount: 18 })).toEqual({ stable: 20 });
    expect(states(falling(100), { workingCount: 18 }).stable ?? 0).toBe(0);
  });

  it('may be of any kind where every cycle keeps more than the threshold', () => {
    // Each connection leaves a timer that allocates: growth by the square. A cache of some thousands tires instead.
    const squares = (connections: number) => connections ** 2 / 20;
    expect(states(squares, { workingCount: 18, noise: 'AR(0.9)' })).toEqual({ leak: 20 });
    const uneven = (x: number) => squares(x) + 5e6 * Math.floor(x / 8000) ** 2;
    const climb = judge(1, {
      levelBytes: ({ connection }) => uneven(connection),
      dose: 500,
      noise: 'AR(0.9)',
    });
    expect(climb).toMatchObject({ state: 'leak', shape: 'climb' });
    expect(climb.lowPerUnitBytes as number).toBeLessThan(climb.ratePerUnitBytes as number);
    expect(climb.highPerUnitBytes as number).toBeGreaterThan(climb.ratePerUnitBytes as number);
    expect(states((x) => 4e6 * (1 - Math.exp(-x / 4000)), { workingCount: 18 }).leak ?? 0).toBe(0);
    const pauses = (connections: number) => squares(connections - (connections % 3000));
    expect(states(pauses, { workingCount: 18, noise: 'AR(0.9)' }).leak ?? 0).toBe(0);
  });

  it('has the table of a map in its rate, which doubles once in a while', () => {
    // 72 B an entry, and a table of 16 B an entry that doubles at 48,000, of some 52,000 in all.
    const map = (entries: number) => 72 * entries + 768_000 * (entries > 48_000 ? 2 : 1);
    for (let seed = 1; seed <= 20; seed++) {
      const leak = judge(seed, {
        workingCount: 72,
        levelBytes: ({ connection }) => map(connection),
        dose: 500,
        noiseBytes: 500,
      });
      expect(leak.state).toBe('leak');
      expect((leak.ratePerUnitBytes as number) / (72 + 768 / 52.5)).toBeCloseTo(1, 2);
    }
  });

  it('is a bend for a cache that fills, and bounded once it was flat for as long as it grew', () => {
    // 6 warm-up cycles are 4,500 connections, 72 working ones about 48,000.
    expect(states(filling(10_000))).toEqual({ bounded: 20 });
    const late = judge(1, {
      workingCount: 72,
      dose: 500,
      levelBytes: ({ connection }) => filling(35_000)(connection),
    });
    expect(late).toMatchObject({ state: 'inconclusive', shape: 'bend' });
    const plateau = judge(1, {
      workingCount: 72,
      dose: 500,
      levelBytes: ({ connection }) => filling(10_000)(connection),
    });
    expect((plateau.plateauBytes as number) / (400 * 5500)).toBeCloseTo(1, 0);
  });

  it.each([1.5, 2])(
    'is steps for a store that grows by a factor of %f: a leak, and never called flat',
    (factor) => {
      expect(states(store(factor))).toEqual({ leak: 20 });
      for (const workingCount of [18, 36]) {
        const early = states(store(factor), { workingCount });
        expect(early.stable ?? 0).toBe(0);
        expect(early.bounded ?? 0).toBe(0);
      }
      const leak = judge(1, {
        workingCount: 72,
        dose: 500,
        levelBytes: ({ connection }) => store(factor)(connection),
      });
      expect(leak.shape).toBe('steps');
    },
  );

  it('is no leak for one step, early or late', () => {
    for (const at of [8000, 25_000, 40_000]) {
      expect(states((connections) => (connections > at ? 2e6 : 0)).leak ?? 0).toBe(0);
    }
    expect(states((connections) => (connections > 8000 ? 2e6 : 0))).toEqual({ bounded: 20 });
  });

  it('is a leak behind a bend where growth only slowed down', () => {
    const leak = judge(1, {
      workingCount: 36,
      dose: 500,
      levelBytes: ({ connection }) => 100 * connection + 300 * Math.min(connection, 8000),
    });
    expect(leak).toMatchObject({ state: 'leak' });
    expect(leak.ratePerUnitBytes).toBeLessThan(150);
  });
});
