import { describe, expect, it } from 'vitest';
import { HydrotestError } from './errors.ts';
import { type LoadOptions, loadPlanOf, mostStreams } from './load-options.ts';
import type { LoadPlan } from './model.ts';
import { behaviours } from './streams/behaviours.ts';

const HOLD_MS = 20_000;
const planOf = (said: LoadOptions) => loadPlanOf(said, HOLD_MS);

describe('a load of which nothing was said', () => {
  it('is a thousand streams of three kinds, some ten seconds each', () => {
    expect(planOf({})).toEqual({
      model: 'closed',
      stages: [
        { durationMs: 1000, target: 1000 },
        { durationMs: HOLD_MS, target: 1000 },
      ],
      mix: { 'graceful-close': 7, 'abrupt-drop': 2, 'slow-reader': 1 },
      meanLifetimeMs: 10_000,
      workerCount: null,
      asked: false,
    });
  });

  it('is still one that nobody asked for when only its clients are described', () => {
    expect(planOf({ mix: 'tab', lifetime: '5s', workers: 2 }).asked).toBe(false);
  });
});

describe('a load for whose time nobody said how long', () => {
  it.each<[said: LoadOptions, holdMs: number]>([
    // Short where nobody asked for it, in a run that has much else to do.
    [{}, 5000],
    [{ mix: 'tab' }, 5000],
    [{ streams: 500 }, 10_000],
    [{ rate: 50 }, 10_000],
  ])('%j', (said, holdMs) => {
    expect(loadPlanOf(said, null).stages.map(({ durationMs }) => durationMs)).toEqual([1000, holdMs]);
  });
});

describe('what is said of it', () => {
  it.each<[said: LoadOptions, plan: Partial<LoadPlan>]>([
    [
      { streams: 60 },
      {
        model: 'closed',
        stages: [
          { durationMs: 1000, target: 60 },
          { durationMs: HOLD_MS, target: 60 },
        ],
        asked: true,
      },
    ],
    [
      // 2,000 a second: ten seconds to come up.
      { streams: '20000' },
      {
        stages: [
          { durationMs: 10_000, target: 20_000 },
          { durationMs: HOLD_MS, target: 20_000 },
        ],
      },
    ],
    [
      { rate: '200/s' },
      {
        model: 'open',
        stages: [
          { durationMs: 1000, target: 200 },
          { durationMs: HOLD_MS, target: 200 },
        ],
        asked: true,
      },
    ],
    [{ rate: 3 }, { model: 'open', stages: [expect.anything(), { durationMs: HOLD_MS, target: 3 }] }],
    [
      { stages: '30s:5000,1m:5000,0s:8000,500ms:8000,10s:0' },
      {
        model: 'closed',
        stages: [
          { durationMs: 30_000, target: 5000 },
          { durationMs: 60_000, target: 5000 },
          { durationMs: 0, target: 8000 },
          { durationMs: 500, target: 8000 },
          { durationMs: 10_000, target: 0 },
        ],
        asked: true,
      },
    ],
    [
      { stages: ['0:100', ' 10s:100 '] },
      {
        stages: [
          { durationMs: 0, target: 100 },
          { durationMs: 10_000, target: 100 },
        ],
      },
    ],
    [
      { stages: '10s:200/s,1m:6000/min,10s:0/s' },
      {
        model: 'open',
        stages: [
          { durationMs: 10_000, target: 200 },
          { durationMs: 60_000, target: 100 },
          { durationMs: 10_000, target: 0 },
        ],
      },
    ],
    [
      // Zero is zero, as a number or as a rate.
      { stages: '10s:200/s,10s:0' },
      {
        model: 'open',
        stages: [
          { durationMs: 10_000, target: 200 },
          { durationMs: 10_000, target: 0 },
        ],
      },
    ],
    [{ mix: 'tab' }, { mix: { tab: 1 } }],
    [{ mix: 'tab:3, abrupt-drop:0.5' }, { mix: { tab: 3, 'abrupt-drop': 0.5 } }],
    [{ mix: { 'stalled-reader': 2 } }, { mix: { 'stalled-reader': 2 } }],
    [{ lifetime: '90s' }, { meanLifetimeMs: 90_000 }],
    [{ lifetime: 2 }, { meanLifetimeMs: 2000 }],
    [{ lifetime: 'none' }, { meanLifetimeMs: null }],
    [{ workers: '4' }, { workerCount: 4 }],
  ])('%j', (said, plan) => {
    expect(planOf(said)).toMatchObject(plan);
  });
});

describe('what cannot be', () => {
  it.each<[said: LoadOptions, message: string]>([
    [
      { streams: 1, rate: 2 },
      '--streams and --rate exclude each other: each says how many streams there are to be.',
    ],
    [{ streams: 1, rate: 2, stages: '1s:1' }, '--streams and --rate and --stages exclude each other'],
    [{ streams: 0 }, '--streams "0" is not a whole number from 1 to 10000000.'],
    [{ streams: 'many' }, '--streams "many" is not a whole number'],
    [{ streams: 1e8 }, '--streams "100000000" is not a whole number from 1 to 10000000.'],
    [{ rate: 0 }, '--rate "0" is not a rate, such as 50/s'],
    [{ rate: '5/fortnight' }, '--rate "5/fortnight" is not a rate'],
    [
      { rate: 5, lifetime: 'none' },
      '--lifetime none: clients that arrive at a rate and never leave are more and more. Give a time.',
    ],
    [{ stages: '10s:5/s', lifetime: 'none' }, '--lifetime none: clients that arrive at a rate'],
    [{ stages: '' }, '--stages is empty: write for example --stages 30s:5000,1m:5000.'],
    [{ stages: [] }, '--stages is empty'],
    [
      { stages: '30s' },
      '--stages "30s" is not a stage: write duration:target, such as 30s:5000 or 30s:200/s.',
    ],
    [{ stages: '30s:' }, '--stages "30s:" is not a stage'],
    [{ stages: '30s:5:6' }, '--stages "30s:5:6" is not a stage'],
    [{ stages: ':5' }, '--stages "" is not a duration'],
    [{ stages: 'soon:5' }, '--stages "soon" is not a duration'],
    [{ stages: '-1s:5' }, '--stages "-1s" is not a duration'],
    [{ stages: '1s:-5' }, '--stages "-5" is not a whole number from 0 to 10000000.'],
    [{ stages: '1s:1.5' }, '--stages "1.5" is not a whole number'],
    [{ stages: '1s:5/year' }, '--stages "5/year" is not a rate'],
    [
      { stages: '1s:5,1s:5/s' },
      '--stages "1s:5,1s:5/s" mixes numbers held and rates: give either 5000 or 200/s in all of them.',
    ],
    [{ stages: '1s:0,5s:0' }, '--stages "1s:0,5s:0" holds no stream at all.'],
    [{ stages: '0s:5,0:6' }, '--stages "0s:5,0:6" takes no time at all.'],
    [
      { mix: 'lurker:2' },
      `--mix lurker: there is no such behaviour. There are ${Object.keys(behaviours).join(', ')}.`,
    ],
    [{ mix: 'toString:2' }, '--mix toString: there is no such behaviour.'],
    [{ mix: 'tab:0' }, '--mix tab:0: a weight is a number above 0, such as tab:3.'],
    [{ mix: 'tab:-1' }, '--mix tab:-1: a weight is a number above 0'],
    [{ mix: 'tab:' }, '--mix tab:0: a weight is a number above 0'],
    [{ mix: 'tab:much' }, '--mix tab:NaN: a weight is a number above 0'],
    [{ mix: { tab: Number.POSITIVE_INFINITY } }, '--mix tab:Infinity: a weight is a number above 0'],
    [{ mix: 'tab:7:9' }, '--mix "tab:7:9" is not a behaviour with a weight: write it as tab:3.'],
    [{ mix: 'tab:1,tab:2' }, '--mix names tab twice: give it one weight.'],
    [{ mix: '' }, '--mix is empty: write for example --mix graceful-close:7,abrupt-drop:3.'],
    [{ mix: {} }, '--mix is empty'],
    [{ lifetime: 'long' }, '--lifetime "long" is not a duration'],
    [{ lifetime: 0 }, '--lifetime "0" is not a duration'],
    [{ workers: 0 }, '--workers "0" is not a whole number from 1 to 256.'],
    [{ workers: 257 }, '--workers "257" is not a whole number from 1 to 256.'],
  ])('%j', (said, message) => {
    let caught: unknown;
    try {
      planOf(said);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(HydrotestError);
    expect((caught as HydrotestError).code).toBe('usage');
    expect((caught as HydrotestError).message).toContain(message);
  });
});

describe('the most streams of a plan', () => {
  it('is the highest stage, where a number is held', () => {
    expect(mostStreams(planOf({ stages: '1s:5,1s:70,1s:3' }))).toBe(70);
  });

  it('is rate × lifetime with room for chance, where clients arrive', () => {
    // A Poisson number of mean 2,000 is above the mean and six of its deviations once in 10^9.
    expect(mostStreams(planOf({ rate: 200, lifetime: '10s' }))).toBe(
      Math.ceil(2000 + 6 * Math.sqrt(2000) + 10),
    );
  });
});
