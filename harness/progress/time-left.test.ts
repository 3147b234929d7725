import { expect, it } from 'vitest';
import { completeConfig } from '../config.ts';
import type { Scenario } from '../model.ts';
import { timeLeft } from './time-left.ts';

const config = completeConfig({});
const scenario = (expectedMs: number | null, unfit: string | null = null): Scenario => ({
  name: 'x',
  proves: '',
  checks: [],
  paths: [],
  unfit: () => unfit,
  run: () => Promise.resolve(),
  ...(expectedMs === null ? {} : { expectedMs: () => expectedMs }),
});

it.each([
  ['what is left of this one, and those behind it', [10_000, 5000, 2000], 4000, null, 13_000],
  [
    'a measurement that takes longer than the whole scenario usually does',
    [10_000, 5000],
    4000,
    9000,
    14_000,
  ],
  ['over time: unknown', [10_000, 5000], 11_000, null, null],
  ['over time, but the measurement knows', [10_000, 5000], 11_000, 2000, 7000],
  ['no typical duration: unknown', [null, 5000], 1000, null, null],
  ['one behind it without one: unknown', [10_000, null], 1000, 500, null],
  ['nothing runs', [], 0, null, null],
] as const)('%s', (_, rest, spentMs, measurementLeftMs, expected) => {
  expect(
    timeLeft(
      config,
      rest.map((ms) => scenario(ms)),
      spentMs,
      measurementLeftMs,
    ),
  ).toBe(expected);
});

it('leaves out what does not fit, and asks with what the scenario changes for itself', () => {
  const short: Scenario = {
    ...scenario(0),
    configure: () => ({ deadlineMs: 1000 }),
    expectedMs: ({ deadlineMs }) => deadlineMs,
  };
  expect(timeLeft(config, [scenario(5000), scenario(99_000, 'no limit'), short], 0, null)).toBe(6000);
});
