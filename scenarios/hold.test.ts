import { describe, expect, it } from 'vitest';
import { completeConfig, type UserConfig } from '../harness/config.ts';
import { hold } from './hold.ts';

/** Everybody on one URL, so that a limit is for all of them. */
const ONE_URL: UserConfig = { command: 'node server.js', url: 'http://127.0.0.1:{port}/events' };
const whyNot = (said: UserConfig) => hold.unfit(completeConfig({ seed: 1, ...said }));

describe('hold', () => {
  it.each<[what: string, said: UserConfig]>([
    ['the reference server, whose keys have a limit each', {}],
    ['the reference server, with a number', { streams: 10_000 }],
    ['a server without a limit', ONE_URL],
    ['a server without a limit, with a rate', { ...ONE_URL, rate: 100 }],
    ['a limit for all that is not exceeded', { ...ONE_URL, limit: 100, streams: 100 }],
    ['a limit for all, in stages below it', { ...ONE_URL, limit: 100, stages: '1s:50,1s:100' }],
  ])('fits %s', (_, said) => {
    expect(whyNot(said)).toBe(null);
  });

  it.each<[what: string, said: UserConfig, says: string]>([
    [
      'a limit for all, and a number that is over it',
      { ...ONE_URL, limit: 100, streams: 101 },
      '101 streams are over the limit of 100: put {key} into --url',
    ],
    [
      'a limit for all, and one stage that is over it',
      { ...ONE_URL, limit: 100, stages: '1s:50,0s:500,1s:50' },
      '500 streams are over the limit of 100',
    ],
    [
      'a limit for all, and nobody asked',
      { ...ONE_URL, limit: 5 },
      'all streams share one limit of 5: put {key}',
    ],
    ['a limit for all, and a rate', { ...ONE_URL, limit: 5, rate: 1 }, 'all streams share one limit of 5'],
  ])('does not fit %s', (_, said, says) => {
    expect(whyNot(said)).toContain(says);
  });
});
