import { describe, expect, test } from 'vitest';
import type { LeakFinding } from '../harness/model.ts';
import { budgetSentence, deltaOf, leadUnit, leakFacts, releaseWords } from './leak-words.ts';
import { finding } from './testing/sample-findings.ts';
import { confirmedLeak, confoundedLeak, lateRelease, leak, secondLeak } from './testing/sample-leaks.ts';

const factsOf = ({ evidence }: LeakFinding) =>
  Object.fromEntries(leakFacts(evidence).map(({ label, value }) => [label, value]));

describe('time to the budget', () => {
  const withTimes = (...timeToBudget: { trafficPerSecond: number; seconds: number }[]) =>
    budgetSentence(leak('churn', 'x', 'connection', 'leak', [1, 2, 3], 10, { timeToBudget }), 500e6);

  test('names each traffic once', () => {
    expect(budgetSentence(confirmedLeak('churn'), 500e6)).toBe(
      'At 1 connection a second this server crosses 500 MB in 34 days; at 50 a second, in 16 hours.',
    );
    expect(withTimes({ trafficPerSecond: 20, seconds: 4e9 })).toBe(
      'At 20 connections a second this server crosses 500 MB in over 100 years.',
    );
  });

  test('a leak a second does not ask for traffic', () => {
    expect(budgetSentence(secondLeak('churn'), 500e6)).toBe(
      'Whatever its clients do, this server crosses 500 MB in 23 hours.',
    );
  });

  test('is told in the unit that explains the growth', () => {
    const byEvents = leak('churn', 'x', 'connection', 'leak', [1, 2, 3], 10, {
      cause: 'event',
      timeToBudget: [{ trafficPerSecond: 1, seconds: 7200 }],
    });
    expect(budgetSentence(byEvents, 1e6)).toBe('At 1 event a second this server crosses 1 MB in 2 hours.');
  });

  test('is not told where there is none', () => {
    expect(withTimes()).toBeNull();
    expect(budgetSentence(finding('cleanup', 'orphans', '', {}), 500e6)).toBeNull();
  });
});

describe('evidence', () => {
  test('of a confirmed leak: rates of all units, what it was again, what the wait gave back', () => {
    expect(factsOf(confirmedLeak('churn'))).toMatchObject({
      state: 'leak',
      'grows with': 'connections',
      'rates, fitted together': [
        '172 B per connection (167 to 176 B; leak above 64 B; 7,680 connections)',
        '0.11 B per event (−0.42 to 0.63 B; leak above 16 B; 30,720 events)',
        '31 B per second (−204 to 266 B; leak above 2.05 kB; 16.8 seconds)',
      ].join('\n'),
      'again, on a fresh process': 'leak: 173 B per connection (169 to 177 B) over 7,680 connections',
      'after a long wait': '1.32 MB of 1.32 MB were still held after 1 min 15 s; nothing came back',
      'correlation of neighbouring residuals': '0.08',
    });
  });

  test('of rates that cannot be told apart, on a process that could not be started afresh', () => {
    expect(factsOf(confoundedLeak('churn'))).toMatchObject({
      'rates that cannot be told apart': 'connections and events',
      'grows with': 'connections and events, which rose together',
      'again, on the same process': expect.stringMatching(/^leak: 21\.2 kB per connection/),
      'correlation of neighbouring residuals': '0.42 (above 0.3: the interval is widened)',
    });
  });

  test('of a late release: how long it was held', () => {
    expect(factsOf(lateRelease('churn'))).toMatchObject({
      state: 'late release',
      'late release': 'held for about 42 s, then given back',
      'after a long wait':
        '21 kB of 8.37 MB were still held after 1 min 15 s; half of what came back did so within 42 s',
    });
  });

  test('of what grew and stopped', () => {
    const bounded = leak('churn', 'x', 'connection', 'bounded', [1, 2, 3], 10, {
      shape: 'bend',
      plateauBytes: 412_000,
    });
    expect(factsOf(bounded)).toMatchObject({
      'growth until it stopped': '412 kB',
      'shape of the growth': 'a bend: it grew and then stopped',
    });
  });

  test('claims nothing of what was not measured', () => {
    const facts = factsOf(leak('churn', 'x', 'connection', 'invalid', [null, null, null], 10));
    expect(Object.keys(facts)).not.toContain('shape of the growth');
    expect(Object.keys(facts)).not.toContain('rates, fitted together');
    expect(Object.keys(facts)).not.toContain('grows with');
    expect(facts['correlation of neighbouring residuals']).toBe('not measured');
  });

  test('says of a leak when its cause is not known and when it was not measured again', () => {
    const facts = factsOf(leak('churn', 'x', 'connection', 'leak', [1, 2, 3], 10, { cause: null }));
    expect(facts).toMatchObject({ 'grows with': 'the cycles do not tell', 'measured again': 'no' });
  });
});

test('held bytes are told of late releases only', () => {
  const { evidence } = lateRelease('churn');
  expect(releaseWords({ ...evidence, state: 'leak' })).toBeNull();
  expect(releaseWords({ ...evidence, release: null })).toBeNull();
  const release = { waitedMs: 75_000, grownBytes: 1, keptBytes: 0, releasedAfterMs: null };
  expect(releaseWords({ ...evidence, release })).toBe('given back within 1 min 15 s');
});

test('a path is read by the unit that explains its growth, against the threshold of that unit', () => {
  const { evidence } = confirmedLeak('churn');
  expect([leadUnit(evidence), deltaOf(evidence, 'connection')]).toEqual(['connection', 64]);
  expect([deltaOf(evidence, 'event'), deltaOf(evidence, 'rejection')]).toEqual([16, null]);
  expect(leadUnit({ ...evidence, cause: 'event' })).toBe('event');
  expect(deltaOf({ ...evidence, rates: [] }, 'connection')).toBe(64);
});
