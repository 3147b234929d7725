import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { judge } from '../judge.ts';
import type { EnvironmentFact, FactName, FactValues, RunRecord, WarningName } from '../model.ts';
import { healthyRun } from '../testing/records.ts';

type Facts = { [Name in FactName]?: FactValues[Name] | null };

/** What a quiet machine says, with a plain target on it. */
const QUIET: Facts = {
  swapTotalBytes: 8e9,
  // Something from last week, which nobody asks for.
  swapUsedBytes: 300e6,
  zswap: false,
  hugePages: 'always',
  overcommit: 'heuristic',
  onlineCpuCount: 2,
  loadAverage: 1.2,
  container: 'docker',
  cgroupVersion: '2',
  memoryLimitBytes: 2e9,
  memoryRoomBytes: 1.9e9,
  memoryHighBytes: 'none',
  cpuQuotaCores: 1.5,
  allowedCpuCount: 2,
  openFileLimitCount: 1024,
  allocator: 'glibc',
  allocatorSettings: 'none',
  runtimeFlags: '--max-old-space-size=512 --inspect',
  heapLimitBytes: 512 * 1024 * 1024,
  nodeEnv: 'not set',
  observedMs: 10_000,
  hugePageBytes: 4e6,
  swappedPageCount: 3,
  quotaPeriodCount: 100,
  throttledPeriodCount: 0,
  throttledMs: 0,
  memoryHighHitCount: 0,
  memoryLimitHitCount: 0,
  oomKillCount: 0,
  targetCores: 0.4,
  harnessCores: 0.5,
  otherCores: 0.1,
  stealRatio: 0.001,
  cpuPressureRatio: 0.6,
  memoryPressureRatio: 0.001,
  ioPressureRatio: 0.01,
  clockStepMs: 1,
};

/** A run of two scenarios, in these surroundings in `tabs` and in quiet ones in `limit`. */
function warningsIn(facts: Facts, change: (record: RunRecord) => void = () => {}) {
  const record = healthyRun(['limit', 'tabs']);
  record.run.environment.facts = factsOf({ ...QUIET, ...facts });
  for (const { scenario, environment } of record.scenarios) {
    const here = factsOf(scenario === 'tabs' ? { ...QUIET, ...facts } : QUIET);
    environment.push({
      type: 'environment',
      scenario,
      elapsedMs: 1,
      attempt: 0,
      moment: 'start',
      facts: here,
    });
  }
  change(record);
  return judge(record).environment.warnings;
}

function factsOf(values: Facts): EnvironmentFact[] {
  return Object.entries(values).map(
    ([name, value]) => ({ name, value, source: 'made up' }) as EnvironmentFact,
  );
}

const tabsOf = ({ scenarios }: RunRecord) => {
  const tabs = scenarios.find(({ scenario }) => scenario === 'tabs');
  if (tabs === undefined) throw new Error('no tabs');
  return tabs;
};

const inSamples = (change: Partial<ReturnType<typeof tabsOf>['samples'][number]>) => (record: RunRecord) => {
  for (const sample of tabsOf(record).samples) Object.assign(sample, change);
};

test('a quiet machine and a plain target: no warning', () => {
  expect(warningsIn({})).toEqual([]);
});

test('nothing is known: no warning, and no fault', () => {
  const unknown = Object.fromEntries(Object.keys(QUIET).map((name) => [name, null]));
  expect(warningsIn(unknown)).toEqual([]);
  const old = healthyRun(['tabs']);
  Object.assign(old.run.environment, { facts: undefined });
  for (const sample of old.scenarios[0]?.samples ?? []) Object.assign(sample, { swapBytes: undefined });
  expect(judge(old).environment).toMatchObject({ facts: [], targets: [], warnings: [] });
});

/** Each with what brings it about and with what, just beside it, does not. */
const TWINS: [warning: WarningName, says: string, present: Facts, absent: Facts][] = [
  ['machine-swapping', 'moved 256 pages', { swappedPageCount: 256 }, { swappedPageCount: 255 }],
  [
    'memory-limit',
    'limit of 499 MB',
    { memoryLimitBytes: 499e6, memoryRoomBytes: 499e6 },
    { memoryLimitBytes: 500e6, memoryRoomBytes: 500e6 },
  ],
  [
    'memory-limit',
    'of which 400 MB were free',
    { memoryLimitBytes: 800e6, memoryRoomBytes: 400e6 },
    { memoryLimitBytes: 'none', memoryRoomBytes: 'none' },
  ],
  [
    'memory-limit',
    'limit of 300 MB',
    { memoryLimitBytes: 300e6, memoryRoomBytes: null },
    { memoryLimitBytes: 800e6, memoryRoomBytes: null },
  ],
  ['memory-high', '400 MB, below the budget', { memoryHighBytes: 400e6 }, { memoryHighBytes: 500e6 }],
  [
    'memory-high',
    'reached 7 times',
    { memoryHighBytes: 900e6, memoryHighHitCount: 7 },
    { memoryHighBytes: 900e6 },
  ],
  ['memory-limit-hit', '3 times', { memoryLimitHitCount: 3 }, { memoryLimitHitCount: 0 }],
  ['oom-kill', 'killed 1 process of', { oomKillCount: 1 }, { oomKillCount: 0 }],
  ['heap-limit', 'a heap of 67 MB', { heapLimitBytes: 64 * 1024 * 1024 }, { heapLimitBytes: 500e6 }],
  [
    'huge-pages',
    '20 MB of the target',
    { hugePageBytes: 20e6 },
    { hugePageBytes: 20e6, hugePages: 'madvise' },
  ],
  ['overcommit', 'vm.overcommit_memory is 2', { overcommit: 'strict' }, { overcommit: 'always' }],
  ['allocator', ': jemalloc', { allocator: 'jemalloc' }, { allocator: 'musl' }],
  [
    'allocator',
    ': MALLOC_ARENA_MAX=2',
    { allocatorSettings: 'MALLOC_ARENA_MAX=2' },
    { allocatorSettings: 'none' },
  ],
  [
    'runtime-flags',
    '--expose-gc --trace-gc',
    { runtimeFlags: '--expose-gc --trace-gc --inspect' },
    { runtimeFlags: '--inspect' },
  ],
  ['node-env', 'NODE_ENV=development', { nodeEnv: 'development' }, { nodeEnv: 'production' }],
  ['node-env', 'NODE_ENV=not set test', { nodeEnv: 'not set test' }, { nodeEnv: 'not set production' }],
  [
    'cpu-throttled',
    '1.5 cores stopped it in 1.0 %',
    { throttledPeriodCount: 1, throttledMs: 80 },
    { throttledPeriodCount: 1, quotaPeriodCount: 101 },
  ],
  ['cpu-set', '1 of 2 CPUs', { allowedCpuCount: 1 }, { allowedCpuCount: 2 }],
  ['other-load', '0.50 of 2 cores', { otherCores: 0.5 }, { otherCores: 0.49 }],
  ['steal', '2.0 %', { stealRatio: 0.02 }, { stealRatio: 0.019 }],
  ['memory-pressure', '6.0 %', { memoryPressureRatio: 0.06 }, { memoryPressureRatio: 0.05 }],
  ['io-pressure', '25 %', { ioPressureRatio: 0.25 }, { ioPressureRatio: 0.24 }],
  ['clock-step', 'back by 50 ms', { clockStepMs: -50 }, { clockStepMs: -49 }],
];

test.each(TWINS)('%s: says "%s"', (warning, says, present, absent) => {
  const [found, ...others] = warningsIn(present);
  expect(found).toMatchObject({ warning });
  expect(others).toEqual([]);
  expect(found?.seen).toContain(says);
  expect(found?.scenarios).toEqual(warning === 'overcommit' ? [] : ['tabs']);
  expect(found?.effect).not.toBe('');
  expect(found?.remedy).not.toBe('');
  expect(warningsIn(absent)).toEqual([]);
});

test('target-swapped: from what the samples saw', () => {
  const [found, ...others] = warningsIn({ zswap: true }, inSamples({ swapBytes: 2e6 }));
  expect(others).toEqual([]);
  expect(found).toMatchObject({ warning: 'target-swapped', scenarios: ['tabs'] });
  expect(found?.seen).toBe('up to 2.0 MB of the target were swapped out (compressed in memory, by zswap)');
  // Below a hundredth of the target's 100 MB.
  expect(warningsIn({}, inSamples({ swapBytes: 1e6 }))).toEqual([]);
});

test('open-files: nearly all descriptors that one process may have', () => {
  const [found] = warningsIn({}, inSamples({ fdCount: 820 }));
  expect(found).toMatchObject({ warning: 'open-files', scenarios: ['tabs'] });
  expect(found?.seen).toContain('820 of the 1024 files');
  expect(warningsIn({}, inSamples({ fdCount: 819 }))).toEqual([]);
  expect(warningsIn({}, inSamples({ fdCount: 820, processCount: 2 }))).toEqual([]);
});

test('harness-node: an older one than its tests run on', () => {
  const onNode = (version: string) =>
    warningsIn({}, ({ run }) => Object.assign(run.environment, { nodeVersion: version }));
  expect(onNode('v22.12.0')).toMatchObject([{ warning: 'harness-node', scenarios: [] }]);
  expect(onNode('v24.0.0')).toEqual([]);
});

test('one warning for all scenarios in which it was seen, the worst first', () => {
  const [found, ...others] = warningsIn({ otherCores: 1.9 }, ({ scenarios }) => {
    const [limit] = scenarios;
    limit?.environment.push({
      type: 'environment',
      scenario: 'limit',
      elapsedMs: 2,
      attempt: 1,
      moment: 'end',
      facts: [{ name: 'otherCores', value: 0.6, source: '/proc/stat' }],
    });
  });
  expect(others).toEqual([]);
  expect(found).toMatchObject({ warning: 'other-load', scenarios: ['tabs', 'limit'] });
  expect(found?.seen).toContain('1.90 of 2 cores');
});

test('the documentation has a row for each warning, and names each fact', () => {
  const text = readFileSync(new URL('../../docs/environment.md', import.meta.url), 'utf8');
  const [warnings = '', facts = ''] = text.split('## Facts');
  const rows = [...warnings.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name);
  const known = [...TWINS.map(([name]) => name), 'target-swapped', 'open-files', 'harness-node'];
  expect(rows.toSorted()).toEqual([...new Set(known)].toSorted());
  expect([...facts.matchAll(/`(\w+)`(?=[^|]*\|[^|]+\|$)/gm)].map(([, name]) => name).toSorted()).toEqual(
    Object.keys(QUIET).toSorted(),
  );
});
