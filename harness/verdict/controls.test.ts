import { describe, expect, it } from 'vitest';
import type { CycleEntry } from '../model.ts';
import { createRandom } from '../random.ts';
import { positiveControl, probeFootprint } from './controls.ts';
import { estimateLeak } from './estimate-leak.ts';
import { type SimulatedPath, simulateCycles } from './simulation.ts';

const simulate = (seed: number, over: Partial<SimulatedPath>) =>
  simulateCycles({ random: createRandom(seed), workingCount: 18, ...over });

describe('positiveControl', () => {
  /** Claims to have planted 1,024 B a connection; `found` is what the level shows. */
  const control = (seed: number, found: number): CycleEntry[] =>
    simulate(seed, { levelBytes: ({ connection }) => found * connection }).map((cycle) => ({
      ...cycle,
      plantedBytes: 1024 * cycle.doses.connection,
    }));

  it('passes when the planted rate lies in the interval', () => {
    let passed = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const { outcome, plantedPerUnitBytes } = positiveControl(control(seed, 1024), 'heap', null);
      expect(plantedPerUnitBytes).toBe(1024);
      if (outcome === 'pass') passed++;
    }
    // 99.67 % of intervals hold the truth; fewer than 97 of 100 comes by chance once in 2,000 times.
    expect(passed).toBeGreaterThanOrEqual(97);
  });
  it('takes off what the path keeps by itself', () => {
    const base = estimateLeak(simulate(9, { levelBytes: ({ connection }) => 300 * connection }), 'heap');
    expect(positiveControl(control(1, 1324), 'heap', base).outcome).toBe('pass');
    expect(positiveControl(control(1, 1324), 'heap', null).outcome).toBe('invalid');
  });
  it('is invalid when it is not seen, seen with another rate, or not planted', () => {
    expect(positiveControl(control(1, 0), 'heap', null).outcome).toBe('invalid');
    expect(positiveControl(control(1, 800), 'heap', null).outcome).toBe('invalid');
    expect(positiveControl(simulate(1, {}), 'heap', null).outcome).toBe('invalid');
    expect(positiveControl([], 'heap', null)).toMatchObject({
      outcome: 'invalid',
      plantedPerUnitBytes: null,
    });
  });
});

describe('probeFootprint', () => {
  const idle = (seed: number, bytesPerReading: number, bytesPerSecond: number) => {
    const cycles = simulate(seed, {
      unit: 'second',
      dose: 0.4,
      noiseBytes: 1000,
      levelBytes: ({ second }) => second * bytesPerSecond,
    });
    return cycles.map((cycle, index) => {
      const { heap } = cycle.reading;
      if (heap === null) return cycle;
      const usedBytes = heap.usedBytes + bytesPerReading * index;
      return { ...cycle, reading: { ...cycle.reading, heap: { ...heap, usedBytes } } };
    });
  };

  it('splits what comes with each reading from what comes with time', () => {
    for (let seed = 1; seed <= 40; seed++) {
      for (const perReading of [0, 5000]) {
        const { bytesPerReading, lowBytes, highBytes } = probeFootprint(idle(seed, perReading, 4000), 'heap');
        expect(lowBytes).toBeLessThanOrEqual(perReading);
        expect(highBytes).toBeGreaterThanOrEqual(perReading);
        expect(Math.abs((bytesPerReading as number) - perReading)).toBeLessThan(3000);
      }
    }
  });
  it('says nothing on too few readings', () => {
    expect(probeFootprint(idle(1, 0, 0).slice(0, 12), 'heap').bytesPerReading).toBeNull();
  });
});
