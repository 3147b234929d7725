import { describe, expect, it } from 'vitest';
import { checks, STANDING_CHECKS } from './checks/index.ts';
import { judge } from './judge.ts';
import type { RunRecord, ScenarioRecord } from './model.ts';
import { deepFreeze } from './testing/examine.ts';
import { healthyRun, SCENARIO_NAMES } from './testing/records.ts';

type Change = (record: RunRecord, scenarios: Record<string, ScenarioRecord>) => unknown;

function judgeWith(change: Change) {
  const record = healthyRun();
  change(record, Object.fromEntries(record.scenarios.map((each) => [each.scenario, each])));
  return judge(deepFreeze(record));
}

describe('a run of all scenarios', () => {
  it('passes, and tells what was proved', () => {
    const { verdict, complete } = judgeWith(() => {});
    expect(verdict).toEqual({
      outcome: 'pass',
      reason: 'all 61 checks hold, no leak on 10 measured paths, memory peaked at 110 MB of 500 MB',
      counts: { pass: 61, fail: 0, inconclusive: 0, invalid: 0 },
    });
    expect(complete).toBe(true);
  });

  it('uses every check that there is', () => {
    const used = judgeWith(() => {}).scenarios.flatMap(({ findings }) => findings.map(({ check }) => check));
    // Those of a real browser come with --browser alone.
    const others = Object.keys(checks).filter((name) => !name.includes('browser'));
    expect(new Set(used)).toEqual(new Set(others));
  });

  it('names what was skipped', () => {
    const skipped = { scenario: 'reject', proves: 'much', reason: 'no limit' };
    const { verdict } = judgeWith((record) => {
      record.scenarios = record.scenarios.filter(({ scenario }) => scenario !== 'reject');
      record.skipped.push(skipped);
    });
    expect(verdict.outcome).toBe('pass');
    expect(verdict.reason).toMatch(/; not tested: reject$/);
  });
});

describe('the verdict', () => {
  it.each<[what: string, change: Change, outcome: string, reason: string | RegExp]>([
    [
      'a failure',
      (_, { limit }) => Object.assign(limit?.levels[1]?.reading ?? {}, { fdCount: 35 }),
      'fail',
      /^limit: .* file descriptors 34 → 35$/,
    ],
    [
      'a failure is not excused by an interruption',
      (record, { tabs }) => {
        record.interrupted = 'SIGINT received';
        for (const sample of tabs?.samples ?? []) sample.rssBytes = 600e6;
      },
      'fail',
      /^tabs: memory peaked/,
    ],
    [
      'a failure outweighs what was not measured',
      (_, { limit, tabs }) => {
        Object.assign(limit ?? {}, { levels: [] });
        for (const sample of tabs?.samples ?? []) sample.rssBytes = 600e6;
      },
      'fail',
      /^tabs: memory peaked/,
    ],
    [
      'two failures: the first one, and that there is another',
      (_, { tabs, churn }) => {
        for (const each of [tabs, churn]) for (const sample of each?.samples ?? []) sample.rssBytes = 600e6;
      },
      'fail',
      /^tabs: .*; 1 more check failed$/,
    ],
    [
      'what was not measured outweighs what is undecided',
      (_, { reject, churn }) => {
        Object.assign(reject ?? {}, { levels: [] });
        let dose = 0;
        for (const cycle of churn?.cycles ?? []) {
          // Another path than the one that the planted leak is compared with.
          dose = cycle.path === 'graceful close' ? dose + cycle.landedDose : 0;
          if (cycle.reading.heap !== null) cycle.reading.heap.usedBytes += 48 * dose;
        }
      },
      'invalid',
      /^reject: the counters could not be read/,
    ],
    ['an interruption', (record) => (record.interrupted = 'SIGINT received'), 'invalid', /SIGINT received/],
    ['a journal without an end', (record) => (record.complete = false), 'invalid', /journal ends before/],
    [
      'a journal with a hole',
      (record) => (record.tornLineCount = 1),
      'invalid',
      /^1 line of the journal cannot be read/,
    ],
    [
      'processes that do not listen on the port',
      (_, { hold }) => hold?.target.forEach((entry) => void (entry.listens = false)),
      'inconclusive',
      /^hold: none of the processes that were measured listens on the port/,
    ],
    [
      'processes of which it cannot be told whether they listen',
      (_, { hold }) => hold?.target.forEach((entry) => void (entry.listens = null)),
      'pass',
      /^all \d+ checks hold/,
    ],
    ['no scenario', (record) => (record.scenarios = []), 'invalid', /knows nothing of limit, timeout/],
    [
      'no scenario, and none asked for by name',
      (record) => {
        record.scenarios = [];
        record.run.config.scenarios = [];
      },
      'invalid',
      'no scenario ran, so nothing was measured',
    ],
    [
      'every scenario skipped',
      (record) => {
        record.skipped = SCENARIO_NAMES.map((scenario) => ({ scenario, proves: '', reason: 'unfit' }));
        record.scenarios = [];
      },
      'invalid',
      'no scenario ran, so nothing was measured',
    ],
    [
      'one scenario that was asked for is not there',
      (record) => record.scenarios.splice(4, 1),
      'invalid',
      'the journal knows nothing of churn, which was to run',
    ],
    [
      'one scenario without a single entry',
      (_, { tabs }) =>
        Object.assign(tabs ?? {}, {
          target: [],
          samples: [],
          streams: [],
          tallies: [],
          levels: [],
          feeds: [],
        }),
      'invalid',
      /^tabs: /,
    ],
  ])('%s', (_, change, outcome, reason) => {
    const { verdict } = judgeWith(change);
    expect(verdict.outcome).toBe(outcome);
    if (typeof reason === 'string') expect(verdict.reason).toBe(reason);
    else expect(verdict.reason).toMatch(reason);
  });

  it('takes no process that does not listen for proof of anything, and leaves what was received', () => {
    const { scenarios } = judgeWith((_, all) => {
      for (const { target } of Object.values(all)) for (const entry of target) entry.listens = false;
    });
    const passed = scenarios.flatMap(({ findings }) => findings.filter(({ outcome }) => outcome === 'pass'));
    const names = new Set(passed.map(({ check }) => check));
    for (const name of ['memory-budget', 'memory-leak', 'history-cost', 'cleanup'] as const)
      expect(names).not.toContain(name);
    for (const name of ['connection-limit', 'event-integrity', 'rejections'] as const)
      expect(names).toContain(name);
  });

  it('is incomplete when it was interrupted or its journal has no end', () => {
    expect(judgeWith((record) => (record.interrupted = 'SIGINT')).complete).toBe(false);
    expect(judgeWith((record) => (record.complete = false)).complete).toBe(false);
  });
});

describe('judge', () => {
  it('is pure: a frozen record gives the same report again', () => {
    const record = deepFreeze(healthyRun());
    const before = JSON.stringify(record);
    const [first, second] = [judge(record), judge(record)];
    expect(second).toEqual(first);
    expect(JSON.stringify(second)).toBe(JSON.stringify(first));
    expect(JSON.stringify(record)).toBe(before);
  });

  it('gives the same report for a copy that went through JSON', () => {
    const record = healthyRun();
    expect(judge(JSON.parse(JSON.stringify(record)) as RunRecord)).toEqual(judge(record));
  });

  it('checks every scenario for the standing checks, once, whatever it lists', () => {
    const { scenarios } = judgeWith((_, { tabs }) => tabs?.checks.push('memory-budget', 'streams-held'));
    const tabs = scenarios.find(({ scenario }) => scenario === 'tabs');
    const names = tabs?.findings.map(({ check }) => check) ?? [];
    expect(names).toEqual([...STANDING_CHECKS, 'streams-held', 'cleanup']);
  });

  it('adds up streams and events, listed and tallied', () => {
    const { scenarios } = judgeWith(() => {});
    const churn = scenarios.find(({ scenario }) => scenario === 'churn');
    expect(churn).toMatchObject({ streamCount: 54_001, eventCount: 54_001, durationMs: 10_000 });
    const tabs = scenarios.find(({ scenario }) => scenario === 'tabs');
    expect(tabs).toMatchObject({ streamCount: 11, eventCount: 81, leakProbe: 'heap', peakRssBytes: 110e6 });
  });

  it('keeps a scenario that never ended within the run', () => {
    const { scenarios } = judgeWith((_, { orphans }) => Object.assign(orphans ?? {}, { endedMs: null }));
    expect(scenarios.at(-1)).toMatchObject({ outcome: 'invalid', durationMs: 12_000 });
  });

  it('tells of a scenario that was cut short what it would have said, and leaves what was missing anyway', () => {
    const { scenarios } = judgeWith((_, { orphans }) =>
      Object.assign(orphans ?? {}, { error: 'x', levels: [] }),
    );
    const reasons = scenarios.at(-1)?.findings.map(({ reason }) => reason);
    expect(reasons).toEqual([
      'the scenario was cut short, so this decides nothing: the target lived through the scenario',
      'the scenario did not come to its end: x',
      'the scenario was cut short, so this decides nothing: memory peaked at 110 MB of 500 MB',
      'the counters could not be read: what is left behind is not known',
    ]);
  });

  it('leaves unread what was not read: null, not zero', () => {
    const { scenarios } = judgeWith((_, { tabs }) => {
      Object.assign(tabs ?? {}, { samples: [], target: [] });
    });
    const tabs = scenarios.find(({ scenario }) => scenario === 'tabs');
    expect(tabs).toMatchObject({ peakRssBytes: null, leakProbe: null, series: [], outcome: 'invalid' });
  });
});
