import { describe, expect, it } from 'vitest';
import { type LoadOptions, loadPlanOf } from '../load-options.ts';
import { behaviours } from '../streams/behaviours.ts';
import { openingRateOf, withinRate } from './opening-rate.ts';

const plan = (said: LoadOptions, holdMs: number | null = 10_000) => loadPlanOf(said, holdMs);
const calm = { mix: 'abrupt-drop' } as const;

function refusalOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

// Worked out by hand: on the way up, plus those who leave (1 / lifetime each), plus those who come back (each 5 s).
describe('connections a second', () => {
  it.each<[said: LoadOptions, perSecond: number]>([
    [{ ...calm, streams: 100, lifetime: 'none' }, 100],
    [{ ...calm, streams: 100, lifetime: '10s' }, 110],
    [{ ...calm, stages: '10s:100', lifetime: 'none' }, 10],
    [{ ...calm, stages: '10s:100,10s:300,10s:0', lifetime: 'none' }, 20],
    [{ ...calm, stages: '10s:100,0s:300', lifetime: '5s' }, 260],
    [{ ...calm, stages: '10s:100,100ms:101', lifetime: 'none' }, 10],
    [{ mix: 'reconnect', stages: '10s:100', lifetime: 'none' }, 30],
    [{ mix: 'reconnect-storm:1,abrupt-drop:3', stages: '10s:100', lifetime: 'none' }, 15],
    [{ mix: 'random-lifetime:1,abrupt-drop:1', stages: '10s:100', lifetime: 'none' }, 15],
    [{ mix: 'random-lifetime', stages: '10s:100', lifetime: '5s' }, 30],
    [{ ...calm, rate: '40/s', lifetime: '10s' }, 40],
    [{ mix: 'drop-mid-event', rate: '40/s', lifetime: '10s' }, 40],
    [{ mix: 'reconnect', rate: '10/s', lifetime: '10s' }, 30],
    [{ mix: 'drop-mid-event:1,tab:99', stages: '10s:10', lifetime: 'none' }, Number.POSITIVE_INFINITY],
    [{ mix: 'drop-before-first-byte', stages: '10s:10' }, Number.POSITIVE_INFINITY],
  ])('of %j: %d', (said, perSecond) => {
    expect(openingRateOf(plan(said))).toBeCloseTo(perSecond, 6);
  });
});

describe('a load within a rate', () => {
  it('that a user gave stays as it is, if it fits', () => {
    for (const said of [
      { ...calm, stages: '10s:100,10s:100', lifetime: 'none' },
      { ...calm, rate: '50/s' },
      { mix: 'drop-mid-event', rate: '10/s' },
    ]) {
      const given = plan(said);
      expect(withinRate(given, 50, false)).toBe(given);
    }
  });

  it.each<[said: LoadOptions, perSecond: number]>([
    [{ ...calm, stages: '1s:51', lifetime: 'none' }, 51],
    [{ ...calm, stages: '10s:400', lifetime: '20s' }, 60],
    [{ ...calm, rate: '51/s' }, 51],
    [{ mix: 'reconnect', rate: '30/s', lifetime: '10s' }, 90],
  ])('that a user gave is refused, if it does not: %j', (said, perSecond) => {
    expect(refusalOf(() => withinRate(plan(said), 50, false))).toContain(
      `opens ${perSecond} connections a second`,
    );
  });

  it('that has no end is refused, and says what to do', () => {
    const said = { mix: 'drop-before-first-byte:1,drop-mid-event:1,tab:9', streams: 10 };
    for (const isOwnRamp of [true, false])
      expect(refusalOf(() => withinRate(plan(said), 50, isOwnRamp))).toMatch(
        /--mix drop-before-first-byte and drop-mid-event: they leave at once.*--rate/,
      );
  });

  it('comes up more slowly, where nobody said how fast', () => {
    const slower = withinRate(plan({ ...calm, streams: 200, lifetime: '10s' }), 50, true);
    expect(slower.stages).toEqual([
      { durationMs: 8000, target: 200 },
      { durationMs: 10_000, target: 200 },
    ]);
    expect(openingRateOf(slower)).toBeLessThanOrEqual(50);
  });

  it('is made smaller where nobody asked for it, and refused where somebody did', () => {
    const own = withinRate(plan({ ...calm, lifetime: '10s' }, null), 50, true);
    expect(own.stages.at(-1)?.target).toBe(250);
    expect(openingRateOf(own)).toBeLessThanOrEqual(50);
    expect(refusalOf(() => withinRate(plan({ ...calm, streams: 1000, lifetime: '10s' }), 50, true))).toMatch(
      /opens 100 connections a second.*at most 25 a second/,
    );
  });

  it('is never above it, of whatever clients it is', () => {
    for (const mix of Object.keys(behaviours).filter((name) => !name.startsWith('drop-')))
      for (const lifetime of ['1s', '10s', '3m', 'none'])
        expect(openingRateOf(withinRate(plan({ mix, lifetime }, null), 50, true)), mix).toBeLessThanOrEqual(
          50,
        );
  });
});
