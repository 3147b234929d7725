import { expect, it } from 'vitest';
import { createRandom } from '../random.ts';
import { rateSoFar } from './rate-so-far.ts';
import { simulateCycles } from './simulation.ts';

const cycles = (workingCount: number, bytes: number) =>
  simulateCycles({
    random: createRandom(1),
    workingCount,
    noiseBytes: 0,
    dose: 300,
    levelBytes: ({ connection }) => bytes * connection,
  });

it.each([0, 12, 4000])('of a path that keeps %i B a connection', (bytes) => {
  const { unit, bytesPerUnit, thresholdBytes } = rateSoFar(cycles(6, bytes), 'heap');
  expect({ unit, thresholdBytes }).toEqual({ unit: 'connection', thresholdBytes: 48 });
  expect(bytesPerUnit).toBeCloseTo(bytes);
});

it('says nothing from few cycles, nor from the warm-up alone', () => {
  expect(rateSoFar(cycles(4, 4000), 'heap').bytesPerUnit).toBeNull();
  expect(rateSoFar([], 'heap').bytesPerUnit).toBeNull();
  const warmup = cycles(18, 4000).map((cycle) => ({ ...cycle, warmup: true }));
  expect(rateSoFar(warmup, 'heap').bytesPerUnit).toBeNull();
});
