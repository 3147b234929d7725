/** What is made of a report: the matchers for Vitest, the fingerprint, and the comparison of two runs. None of them takes missing data for good. */
import { describe, expect, it } from 'vitest';
import { compare } from './compare/compare.ts';
import { exitCodeOf } from './compare/exit-code.ts';
import { measuredIn, type Side } from './compare/side.ts';
import { judge } from './judge.ts';
import type { Comparison, RunRecord, ScenarioRecord } from './model.ts';
import { assertPasses, passes } from './test-suite.ts';
import { healthyRun } from './testing/records.ts';
import { matcherResult } from './vitest.ts';

type Take = (scenario: ScenarioRecord, run: RunRecord) => unknown;

/** `toHoldStreams` runs `hold`; `toReleaseEverything` these, and `limit` where there is one. */
const MATCHERS: Record<string, Parameters<typeof healthyRun>[0]> = {
  toHoldStreams: ['hold'],
  toReleaseEverything: ['churn', 'orphans', 'limit'],
};
const TAKEN: Record<string, Take> = {
  'no sample': (scenario) => (scenario.samples = []),
  'no stream, listed or counted': (scenario) => Object.assign(scenario, { streams: [], tallies: [] }),
  'no target': (scenario) => (scenario.target = []),
  'no counters': (scenario) => (scenario.levels = []),
  'no end of the scenario': (scenario) => (scenario.endedMs = null),
  'a scenario that never began': (scenario, run) =>
    (run.scenarios = run.scenarios.filter((one) => one !== scenario)),
  'no end of the journal': (_, run) => (run.complete = false),
  'a torn line': (_, run) => (run.tornLineCount = 1),
  'a line that is gone': (_, run) => (run.lostLineCount = 1),
  'processes that do not serve': (scenario) =>
    scenario.target.forEach((entry) => void (entry.listens = false)),
  'a run that was stopped': (_, run) => (run.interrupted = 'SIGINT received'),
};

describe.each(Object.entries(MATCHERS))('%s', (_, names) => {
  it('passes with everything there', () => {
    const report = judge(healthyRun(names));
    expect(matcherResult(report, false).pass).toBe(true);
    expect(() => assertPasses(report)).not.toThrow();
  });

  it.each(Object.entries(TAKEN))('%s: fails, and so does its opposite', (_what, take) => {
    const whole = healthyRun(names).scenarios.length;
    for (let index = 0; index < whole; index++) {
      const record = healthyRun(names);
      take(record.scenarios[index] as ScenarioRecord, record);
      const report = judge(record);
      expect(passes(report)).toBe(false);
      expect(() => assertPasses(report)).toThrow();
      // `pass` with `.not` is a failed assertion, without it a passed one.
      expect([matcherResult(report, false).pass, matcherResult(report, true).pass]).toEqual([false, true]);
    }
  });
});

describe('the fingerprint', () => {
  const rowsOf = (take: Take) => {
    const record = healthyRun(['churn']);
    take(record.scenarios[0] as ScenarioRecord, record);
    return judge(record).fingerprint;
  };
  const ROWS = rowsOf(() => {}).length;

  it('passes on each path with everything there', () => {
    expect(rowsOf(() => {}).map(({ outcome }) => outcome)).toEqual(Array(ROWS).fill('pass'));
  });

  it.each<[string, Take]>([
    ['no cycle', (scenario) => (scenario.cycles = [])],
    ['no target that was ready', (scenario) => (scenario.target = [])],
    [
      'no heap',
      ({ cycles }) => {
        for (const { reading } of cycles) reading.heap = null;
      },
    ],
  ])('%s: a row for each path that was to be measured, none of which passes', (_, take) => {
    const rows = rowsOf(take);
    expect(rows).toHaveLength(ROWS);
    for (const { state, outcome, rates } of rows) {
      expect([state, outcome]).toEqual(['invalid', 'invalid']);
      expect(Object.values(rates).every(({ kind }) => kind === 'none')).toBe(true);
    }
  });

  it('a path without its cycles, and no other', () => {
    const rows = rowsOf((scenario) => {
      scenario.cycles = scenario.cycles.filter(({ path }) => path !== 'slow reader');
    });
    for (const { path, outcome } of rows) expect(outcome).toBe(path === 'slow reader' ? 'invalid' : 'pass');
  });
});

describe('a comparison', () => {
  const RUNS = 4;
  const sideOf = (name: string, take: Take): Side => {
    const runs = Array.from({ length: RUNS }, (_, i) => {
      const record = healthyRun(['timeout', 'hold', 'churn']);
      for (const scenario of record.scenarios) take(scenario, record);
      return measuredIn(record, `/runs/${name}/${i}`);
    });
    return { name, runs, leftOut: [] };
  };
  const whole: Take = () => {};
  const [wholeBaseline, wholeRun] = [sideOf('baseline', whole), sideOf('run', whole)];
  const base: Comparison = compare(wholeBaseline, wholeRun, []);

  it('is the same with everything there', () => {
    expect(base.metrics.filter(({ change }) => change === 'same').length).toBeGreaterThan(3);
  });

  it.each<[what: string, kinds: RegExp, take: Take]>([
    ['held memory', /^held-/, (scenario) => (scenario.held = [])],
    ['samples', /^peak-memory$/, (scenario) => (scenario.samples = [])],
    ['closes', /^close-lateness$/, (scenario) => (scenario.streams = [])],
    ['counters', /^cleanup-wait$/, (scenario) => (scenario.levels = [])],
    ['cycles', /^leak-rate$/, (scenario) => (scenario.cycles = [])],
    ['timings', /^(first-|event-)/, (scenario) => (scenario.timings = [])],
    ['everything', /^/, (scenario) => (scenario.endedMs = null)],
  ])('%s missing on one side: it cannot tell', (_, kinds, take) => {
    const before = base.metrics.filter(({ kind }) => kinds.test(kind));
    expect(before.length).toBeGreaterThan(0);
    const lost = compare(wholeBaseline, sideOf('run', take), []);
    for (const comparison of [compare(sideOf('baseline', take), wholeRun, []), lost]) {
      const now = comparison.metrics.filter(({ id }) => before.some((metric) => metric.id === id));
      // None is passed over in silence.
      expect(now).toHaveLength(before.length);
      expect([...new Set(now.map(({ change }) => change))]).toEqual(['cannot-tell']);
      expect(comparison.change).not.toBe('same');
      expect(exitCodeOf(comparison, 'cannot-tell')).toBe(3);
    }
    // What the baseline has and the run lacks is no pass either where only what is worse fails.
    expect(exitCodeOf(lost, 'worse')).toBe(3);
  });
});
