/** Real processes in real cgroups, where those can be made; where not, the test says why it is skipped. */
import { afterEach, expect, test } from 'vitest';
import type { EnvironmentEntry } from '../model.ts';
import { type ObedientProcess, startObedientProcess } from '../probes/testing/obedient-process.ts';
import { until } from '../waiting.ts';
import type { Controller } from './cgroup.ts';
import { watchCounters } from './counters.ts';
import { valueIn } from './facts.ts';
import { readMachine } from './machine.ts';
import { readTarget } from './target.ts';
import { makeCgroup, type RealCgroup } from './testing/real-cgroup.ts';
import { watchEnvironment } from './watch.ts';

const started: ObedientProcess[] = [];
const cgroups: RealCgroup[] = [];

async function start(options: Parameters<typeof startObedientProcess>[0] = {}): Promise<ObedientProcess> {
  const one = await startObedientProcess(options);
  started.push(one);
  return one;
}

afterEach(async () => {
  for (const one of started.splice(0)) await one.end();
  // The kernel takes a process out of its cgroup a moment after it is reaped.
  for (const one of cgroups.splice(0)) {
    const removed = await until(() => Promise.resolve(isRemoved(one)), 10_000, new AbortController().signal);
    expect(removed).toBe(true);
  }
});

function isRemoved(one: RealCgroup): boolean {
  try {
    one.remove();
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

const watched = ({ rootPid }: ObedientProcess) => ({ pid: rootPid, includeGroup: true });

test('what a target was started with, also below a shell; the harness sees no other variable', async () => {
  const target = await start({
    wrap: 'MALLOC_ARENA_MAX=2 "$NODE" "$@" & wait',
    nodeArgs: ['--max-old-space-size=64', '--expose-gc'],
    env: { NODE_ENV: 'development', SECRET_TOKEN: 'do-not-tell', NODE_OPTIONS: '--conditions=do-not-tell' },
  });
  const facts = await readTarget(watched(target));
  expect(valueIn(facts, 'allocatorSettings')).toBe('MALLOC_ARENA_MAX=2');
  expect(valueIn(facts, 'runtimeFlags')).toBe('--max-old-space-size=64 --expose-gc');
  expect(valueIn(facts, 'heapLimitBytes')).toBe(64 * 1024 * 1024);
  expect(valueIn(facts, 'nodeEnv')).toBe('development');
  expect(['glibc', 'musl']).toContain(valueIn(facts, 'allocator'));
  expect(valueIn(facts, 'allowedCpuCount')).toBeGreaterThan(0);
  expect(JSON.stringify(facts)).not.toContain('do-not-tell');
});

test('a plain target has none of it', async () => {
  const facts = await readTarget(watched(await start()));
  expect(valueIn(facts, 'allocatorSettings')).toBe('none');
  expect(valueIn(facts, 'runtimeFlags')).toBe('none');
  expect(valueIn(facts, 'heapLimitBytes')).toBe('none');
  expect(valueIn(facts, 'nodeEnv')).toBe('not set');
});

test('a process that is gone: all is null, nothing is thrown', async () => {
  const target = await start();
  await target.end();
  const facts = await readTarget(watched(target));
  expect(facts.length).toBeGreaterThan(10);
  expect(facts.filter(({ value }) => value !== null)).toEqual([]);
});

test('the machine is read, or said not to be readable', () => {
  const facts = readMachine();
  expect(facts).toHaveLength(7);
  if (process.platform !== 'linux') return expect(facts.every(({ value }) => value === null)).toBe(true);
  expect(valueIn(facts, 'onlineCpuCount')).toBeGreaterThan(0);
  expect(valueIn(facts, 'swapUsedBytes')).toBeGreaterThanOrEqual(0);
});

test('CPU time is laid on who used it: target, harness, others', { timeout: 60_000 }, async () => {
  const target = await start();
  const counters = await watchCounters(watched(target));
  await target.run('const end = process.cpuUsage().user + 4e5; while (process.cpuUsage().user < end);');
  const facts = await counters.read();
  const usedMs = (valueIn(facts, 'targetCores') ?? 0) * (valueIn(facts, 'observedMs') ?? 0);
  expect(usedMs).toBeGreaterThan(350);
  // The target is a child of this process, and is not counted twice.
  const harnessMs = (valueIn(facts, 'harnessCores') ?? 0) * (valueIn(facts, 'observedMs') ?? 0);
  expect(harnessMs).toBeLessThan(350);
  expect(valueIn(facts, 'otherCores')).toBeGreaterThanOrEqual(0);
  expect(Math.abs(valueIn(facts, 'clockStepMs') ?? 1e9)).toBeLessThan(50);
});

/** Null: the test was skipped, with the reason. */
function cgroupFor(controller: Controller, skip: (reason: string) => void): RealCgroup | null {
  const one = makeCgroup(controller);
  if (typeof one === 'string') {
    skip(one);
    return null;
  }
  cgroups.push(one);
  return one;
}

test('a memory limit above the target’s own cgroup, and what is left below it', async ({ skip }) => {
  const cgroup = cgroupFor('memory', skip);
  if (cgroup === null) return;
  const file = cgroup.version === 1 ? 'memory.limit_in_bytes' : 'memory.max';
  cgroup.set({ [file]: String(400 * 1024 * 1024) });
  const target = await start();
  cgroup.add(target.rootPid);
  await target.run('globalThis.kept = Buffer.alloc(100e6, 1)');
  const facts = await readTarget(watched(target));
  expect(facts.find(({ name }) => name === 'memoryLimitBytes')).toEqual({
    name: 'memoryLimitBytes',
    value: 400 * 1024 * 1024,
    source: `${cgroup.outer}/${file}`,
  });
  const room = valueIn(facts, 'memoryRoomBytes');
  expect(room).toBeGreaterThan(100e6);
  // What the target held before it came is charged elsewhere; the hundred megabytes are charged here, and are its own.
  expect(room).toBeLessThanOrEqual(400 * 1024 * 1024);
});

test('a kill for want of memory is told, also once the target is gone', async ({ skip }) => {
  const cgroup = cgroupFor('memory', skip);
  if (cgroup === null) return;
  const target = await start();
  cgroup.add(target.rootPid);
  const entries: EnvironmentEntry[] = [];
  const watch = await watchEnvironment({
    watched: watched(target),
    scenario: 'any',
    attempt: 0,
    elapsedMs: () => 0,
    write: (entry) => entries.push(entry),
  });
  cgroup.set({ [cgroup.version === 1 ? 'memory.limit_in_bytes' : 'memory.max']: String(64 * 1024 * 1024) });
  await expect(target.run('globalThis.kept = Buffer.alloc(300e6, 1)')).rejects.toThrow('SIGKILL');
  await watch.end();
  await watch.end();
  expect(entries.map(({ moment }) => moment)).toEqual(['start', 'end']);
  const facts = entries[1]?.facts ?? [];
  expect(valueIn(facts, 'oomKillCount')).toBe(1);
  expect(valueIn(facts, 'memoryLimitHitCount')).toBeGreaterThan(0);
  // What it used cannot be known any more, and is not laid on others.
  expect(valueIn(facts, 'targetCores')).toBe(null);
  expect(valueIn(facts, 'otherCores')).toBe(null);
});

test('a CPU quota, and the periods in which it stopped the target', async ({ skip }) => {
  const cgroup = cgroupFor('cpu', skip);
  if (cgroup === null) return;
  cgroup.set(
    cgroup.version === 1
      ? { 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '20000' }
      : { 'cpu.max': '20000 100000' },
  );
  const target = await start();
  cgroup.add(target.rootPid);
  expect(valueIn(await readTarget(watched(target)), 'cpuQuotaCores')).toBe(0.2);
  const counters = await watchCounters(watched(target));
  expect(valueIn(await counters.read(), 'throttledPeriodCount')).toBe(0);
  await target.run('const end = process.cpuUsage().user + 1e5; while (process.cpuUsage().user < end);');
  const facts = await counters.read();
  expect(valueIn(facts, 'throttledPeriodCount')).toBeGreaterThan(0);
  expect(valueIn(facts, 'throttledMs')).toBeGreaterThan(0);
  expect(facts.find(({ name }) => name === 'throttledMs')?.source).toBe(`${cgroup.outer}/cpu.stat`);
});
