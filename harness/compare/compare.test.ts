import { describe, expect, test } from 'vitest';
import type {
  Change,
  Comparison,
  EnvironmentFact,
  FactName,
  MetricKind,
  RunRecord,
  ScenarioRecord,
} from '../model.ts';
import { createRandom } from '../random.ts';
import { cyclesOf, heldOf } from '../testing/entries.ts';
import { HELD_COUNT, HELD_STREAM_BYTES, healthyRun } from '../testing/records.ts';
import { Timings } from '../timings.ts';
import { compare } from './compare.ts';
import { exitCodeOf } from './exit-code.ts';
import { measuredIn, type Side } from './side.ts';
import { differencesOf } from './unlike.ts';

type Alter = (scenario: ScenarioRecord, record: RunRecord) => void;

/** A run of two scenarios with something changed. */
function runWith(change: Alter = () => {}): RunRecord {
  const record = healthyRun(['timeout', 'hold', 'churn']);
  for (const scenario of record.scenarios) {
    if (scenario.scenario === 'hold') withLatency(scenario, 1);
    change(scenario, record);
  }
  return record;
}

function sideOf(name: string, records: readonly RunRecord[]): Side {
  const runs = records.map((record, i) => measuredIn(record, `/runs/${name}/${i}`));
  return {
    name,
    runs: runs.filter(({ unusable }) => unusable === null),
    leftOut: runs.flatMap(({ folder, unusable }) =>
      unusable === null ? [] : [{ folder, reason: unusable }],
    ),
  };
}

function comparing(baseline: RunRecord[], run: RunRecord[]): Comparison {
  return compare(sideOf('baseline', baseline), sideOf('run', run), []);
}

function changeIn(comparison: Comparison, kind: MetricKind, scenario?: string): Change {
  const found = comparison.metrics.find(
    (metric) =>
      metric.kind === kind &&
      (scenario === undefined || metric.scenario === scenario) &&
      (kind !== 'leak-rate' || metric.path === 'abrupt drop (heap)'),
  );
  if (found === undefined) throw new Error(`there is no ${kind}`);
  return found.change;
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

/** 2,000 values, `factor` times those of a quick server: 10 ms and more. */
function withLatency(scenario: ScenarioRecord, factor: number): void {
  const [entry] = scenario.timings;
  if (entry === undefined) throw new Error('no timings');
  const timings = new Timings();
  const random = createRandom(3);
  for (let i = 0; i < 2000; i++) {
    const ms = factor * (10 + 20 * random());
    for (const name of ['firstByte', 'firstEvent', 'event'] as const) timings.record(name, ms);
  }
  scenario.timings = [{ ...entry, behaviour: 'graceful-close', timings: timings.encode() }];
}

function withHeld(scenario: ScenarioRecord, bytes: number): void {
  if (scenario.scenario !== 'hold') return;
  scenario.held = [heldOf('hold', 3000, 0, 0), heldOf('hold', 7500, HELD_COUNT, bytes)];
}

function withPeak(scenario: ScenarioRecord, factor: number): void {
  scenario.samples = scenario.samples.map((sample) => ({
    ...sample,
    rssBytes: factor * sample.rssBytes,
    highestRssBytes: factor * sample.highestRssBytes,
    peakRssBytes: factor * (sample.peakRssBytes ?? 0),
  }));
}

function withLeak(scenario: ScenarioRecord, bytesPerConnection: number): void {
  if (scenario.scenario !== 'churn') return;
  const others = scenario.cycles.filter(({ path }) => path !== 'abrupt drop');
  const cycles = cyclesOf('churn', 'abrupt drop', 'connection', (dose) => bytesPerConnection * dose);
  scenario.cycles = [...others, ...cycles];
}

describe('twins: what is worse is caught, what is equal is the same', () => {
  const equal = comparing(
    times(8, () => runWith()),
    times(8, () => runWith()),
  );

  const cases: [MetricKind, string, Alter][] = [
    ['held-heap', 'hold', (s) => withHeld(s, 1.5 * HELD_STREAM_BYTES)],
    ['held-anonymous', 'hold', (s) => withHeld(s, 2.5 * HELD_STREAM_BYTES)],
    ['peak-memory', 'hold', (s) => withPeak(s, 1.5)],
    ['leak-rate', 'churn', (s) => withLeak(s, 4000)],
    [
      'close-lateness',
      'timeout',
      (s) => {
        for (const stream of s.streams) if (stream.closeEventMs !== null) stream.closeEventMs += 900;
      },
    ],
    [
      'cleanup-wait',
      'hold',
      (s) => {
        for (const level of s.levels) if (level.moment === 'after') level.waitedMs += 6000;
      },
    ],
    ...(
      [
        'first-byte-p50',
        'first-byte-p99',
        'first-event-p50',
        'first-event-p99',
        'event-p50',
        'event-p99',
      ] as const
    ).map((kind): [MetricKind, string, Alter] => [
      kind,
      'hold',
      (s) => {
        if (s.scenario === 'hold') withLatency(s, 60);
      },
    ]),
  ];
  test.each(cases)('%s of %s', (kind, scenario, change) => {
    const worse = comparing(
      times(8, () => runWith()),
      times(8, () => runWith(change)),
    );
    expect(changeIn(worse, kind, scenario)).toBe('worse');
    expect(exitCodeOf(worse, 'worse')).toBe(1);
    const better = comparing(
      times(8, () => runWith(change)),
      times(8, () => runWith()),
    );
    expect(changeIn(better, kind, scenario)).toBe('better');
  });

  test('equal runs are never worse, and what is known well enough is the same', () => {
    expect(equal.counts).toMatchObject({ worse: 0, better: 0 });
    for (const kind of ['held-heap', 'peak-memory', 'leak-rate', 'close-lateness', 'cleanup-wait'] as const)
      expect(changeIn(equal, kind), kind).toBe('same');
    expect(exitCodeOf(equal, 'worse')).toBe(0);
  });

  test('runs of one side that differ as much as the sides: cannot tell', () => {
    const noisy = (i: number) => runWith((s) => withHeld(s, HELD_STREAM_BYTES * 2 ** ((i % 3) - 1)));
    const comparison = comparing(
      times(4, noisy),
      times(4, (i) => noisy(i + 1)),
    );
    expect(changeIn(comparison, 'held-heap')).toBe('cannot-tell');
    expect(exitCodeOf(comparison, 'worse')).toBe(0);
    expect(exitCodeOf(comparison, 'cannot-tell')).toBe(3);
  });
});

describe('one run a side', () => {
  test('has the assumed spread, which says so', () => {
    const comparison = comparing([runWith()], [runWith((s) => withHeld(s, 1.1 * HELD_STREAM_BYTES))]);
    const heap = comparison.metrics.find(({ kind }) => kind === 'held-heap');
    expect(heap).toMatchObject({ change: 'cannot-tell', spread: 'assumed' });
    expect(changeIn(comparison, 'cleanup-wait')).toBe('same');
  });

  test('what is plain is told all the same', () => {
    const comparison = comparing([runWith()], [runWith((s) => withHeld(s, 2 * HELD_STREAM_BYTES))]);
    expect(changeIn(comparison, 'held-heap')).toBe('worse');
  });
});

describe('missing data', () => {
  test('a metric that the run lacks is never the same: exit code 3', () => {
    const comparison = comparing(
      [runWith()],
      [
        runWith((s) => {
          s.held = [];
        }),
      ],
    );
    const heap = comparison.metrics.find(({ kind }) => kind === 'held-heap');
    expect(heap).toMatchObject({ change: 'cannot-tell', lost: true });
    expect(heap?.reason).toContain('the run');
    expect(exitCodeOf(comparison, 'worse')).toBe(3);
    expect(exitCodeOf(comparison, 'never')).toBe(0);
  });

  test('an incomplete run does not count; a side without another decides nothing', () => {
    const cut = runWith((_, record) => {
      record.complete = false;
    });
    const comparison = comparing([runWith()], [cut]);
    expect(comparison.counts).toMatchObject({ same: 0, better: 0, worse: 0 });
    expect(comparison.reason).toContain('its journal ends before the run did');
    expect(exitCodeOf(comparison, 'worse')).toBe(3);
    expect(comparing([runWith()], [cut, runWith()]).run).toMatchObject({ runs: [{}], leftOut: [{}] });
  });

  test('a scenario that was cut short has no figures', () => {
    const comparison = comparing(
      [runWith()],
      [
        runWith((s) => {
          if (s.scenario === 'hold') s.error = 'the target was lost';
        }),
      ],
    );
    const hold = comparison.metrics.filter(({ scenario }) => scenario === 'hold');
    expect(new Set(hold.map(({ change }) => change))).toEqual(new Set(['cannot-tell']));
    expect(hold[0]?.reason).toContain('the target was lost');
  });

  test('times of a load that hydrotest could not keep up with are not those of the target', () => {
    const behind = runWith((s) => {
      for (const { health } of s.loads) health.busiestCores = 1;
    });
    const comparison = comparing([runWith()], [behind]);
    const reasons = comparison.metrics.filter(({ kind }) => kind.startsWith('event-p'));
    expect(reasons.map(({ change }) => change)).toEqual(['cannot-tell', 'cannot-tell']);
    expect(reasons[0]?.reason).toContain('hydrotest itself was the bottleneck');
    expect(comparison.metrics.find(({ kind }) => kind === 'held-heap')?.effect).not.toBeNull();
  });

  test('a percentile that too few values bound is not compared', () => {
    const few = () =>
      runWith((s) => {
        if (s.scenario === 'hold') s.timings = healthyRun(['hold']).scenarios[0]?.timings ?? [];
      });
    const comparison = comparing([few()], [few()]);
    const p99 = comparison.metrics.find(({ kind }) => kind === 'event-p99');
    expect(p99).toMatchObject({ change: 'cannot-tell', effect: null });
  });
});

describe('unlike runs', () => {
  const runs = (change: Alter = () => {}) => sideOf('side', [runWith(change)]).runs;

  test('alike, whatever their seeds, commands and folders', () => {
    const other = runs((_, { run }) => {
      Object.assign(run.config, { seed: 99, outDir: '/elsewhere' });
    });
    expect(differencesOf(runs(), other)).toEqual([]);
  });

  test.each<[string, Alter]>([
    [
      'CPU model',
      (_, { run }) => {
        run.environment.cpuModel = 'another';
      },
    ],
    [
      'number of CPUs',
      (_, { run }) => {
        run.environment.cpuCount = 64;
      },
    ],
    [
      'memory of the machine',
      (_, { run }) => {
        run.environment.memoryBytes = 16e9;
      },
    ],
    [
      "hydrotest's Node",
      (_, { run }) => {
        run.environment.nodeVersion = 'v25.0.0';
      },
    ],
    [
      '--limit',
      (_, { run }) => {
        run.config.limit = 7;
      },
    ],
    [
      '--deadline',
      (_, { run }) => {
        run.config.deadlineMs = 7;
      },
    ],
    [
      '--budget',
      (_, { run }) => {
        run.config.budgetBytes = 7;
      },
    ],
    [
      '--duration',
      (_, { run }) => {
        run.config.durationMs = 7;
      },
    ],
    [
      '--scenarios',
      (_, { run }) => {
        run.config.scenarios = ['hold'];
      },
    ],
    [
      'load of hold',
      (_, { run }) => {
        run.config.load = { ...run.config.load, meanLifetimeMs: 1 };
      },
    ],
    [
      '--protocol',
      (_, { run }) => {
        run.config.protocol = { ...run.config.protocol, name: 'websocket' };
      },
    ],
    [
      'what clients say',
      (_, { run }) => {
        run.config.protocol = { ...run.config.protocol, body: `{"long":"${'x'.repeat(1000)}"}` };
      },
    ],
    [
      '--event',
      (_, { run }) => {
        run.config.protocol = { ...run.config.protocol, event: { on: 'data', value: 'a' } };
      },
    ],
    [
      'session',
      (_, { run }) => {
        run.config.protocol = { ...run.config.protocol, session: 'mcp' };
      },
    ],
  ])('%s differs', (what, change) => {
    expect(differencesOf(runs(), runs(change)).map((difference) => difference.what)).toEqual([what]);
    expect(differencesOf(runs(change), runs()).map((difference) => difference.what)).toEqual([what]);
    expect(differencesOf(runs(change), runs(change))).toEqual([]);
  });

  test.each<[what: string, name: FactName, was: string | number, is: string | number]>([
    ["the target's allocator", 'allocator', 'glibc', 'jemalloc'],
    ["settings of the target's allocator", 'allocatorSettings', 'none', 'MALLOC_ARENA_MAX=2'],
    ["options of the target's runtime", 'runtimeFlags', '--inspect=1', '--max-old-space-size=64'],
    ["the target's memory limit", 'memoryLimitBytes', 'none', 512e6],
    ["the target's memory.high", 'memoryHighBytes', 'none', 512e6],
    ["the target's CPU quota", 'cpuQuotaCores', 2, 0.5],
    ["the target's CPUs", 'allowedCpuCount', 2, 1],
    ["the target's NODE_ENV", 'nodeEnv', 'production', 'development'],
  ])('%s differs', (what, name, was, is) => {
    const [before, after] = [runs(around(name, was)), runs(around(name, is))];
    expect(differencesOf(before, after).map((difference) => difference.what)).toEqual([what]);
    expect(differencesOf(before, runs(around(name, was)))).toEqual([]);
    // A journal from before it was read, or one where it was not readable, is unlike nothing.
    expect(differencesOf(runs(), after)).toEqual([]);
  });

  test('where an inspector listens does not make runs unlike', () => {
    const [one, other] = ['--inspect=9229', '--inspect'].map((flag) => runs(around('runtimeFlags', flag)));
    expect(differencesOf(one ?? [], other ?? [])).toEqual([]);
  });

  test('memory that differs by a driver is alike', () => {
    const other = runs((_, { run }) => {
      run.environment.memoryBytes = 8.08e9;
    });
    expect(differencesOf(runs(), other)).toEqual([]);
  });
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  'a peak of %s has no ratio: it cannot be told, and no figure comes from it',
  (value) => {
    const broken = sideOf('run', [runWith()]);
    for (const metric of broken.runs[0]?.metrics ?? [])
      if (metric.id === 'hold peak-memory') metric.value = value;
    const comparison = compare(sideOf('baseline', [runWith()]), broken, []);
    const peak = comparison.metrics.find(({ id }) => id === 'hold peak-memory');
    expect(peak).toMatchObject({ change: 'cannot-tell', effect: null, lost: true });
    expect(exitCodeOf(comparison, 'worse')).toBe(3);
    expect(exitCodeOf(comparing([runWith()], [runWith()]), 'worse')).toBe(0);
  },
);

/** The target of each scenario was started with or in this. */
function around(name: FactName, value: string | number): Alter {
  return (_, { scenarios }) => {
    for (const { scenario, environment } of scenarios) {
      const facts = [{ name, value, source: 'made up' } as EnvironmentFact];
      environment.push({ type: 'environment', scenario, elapsedMs: 1, attempt: 0, moment: 'start', facts });
    }
  };
}
