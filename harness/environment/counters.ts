import { join } from 'node:path';
import type { EnvironmentFact } from '../model.ts';
import { type ProcessEntry, scanProcesses, selectTree } from '../probes/process-tree.ts';
import { type CgroupPlace, readPlace } from './cgroup.ts';
import { fact, numberOf, readText } from './facts.ts';

/** In ms, over all CPUs (proc_stat(5), whose unit is a hundredth of a second). Null parts: not told. */
export interface CpuTimes {
  /** Of processes, interrupts left out. */
  tasksMs: number;
  stealMs: number;
  /** All of it, idle time included. */
  totalMs: number;
}

const MS_PER_TICK = 10;

/** The line `cpu` of `/proc/stat`: user nice system idle iowait irq softirq steal guest guest_nice. Time of guests is part of user time. */
export function parseCpuTimes(text: string | null): CpuTimes | null {
  const line = /^cpu +(.+)$/m.exec(text ?? '')?.[1];
  if (line === undefined) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .map((ticks) => Number(ticks) * MS_PER_TICK);
  const tasksMs = user + nice + system;
  return { tasksMs, stealMs: steal, totalMs: tasksMs + irq + softirq + idle + iowait + steal };
}

/** Time in which something waited, in µs: the line `some` of a file in `/proc/pressure` (kernel: accounting/psi). */
export function parsePressure(text: string | null): number | null {
  const match = /^some .*\btotal=(\d+)/m.exec(text ?? '');
  return match === null ? null : Number(match[1]);
}

/** What one level of cgroups has counted since it was made. */
export interface LevelCounts {
  folder: string;
  periods: number | null;
  throttledPeriods: number | null;
  throttledMs: number | null;
  highHits: number | null;
  limitHits: number | null;
  oomKills: number | null;
}

/** Of the controller `cpu`. Version 1 tells the throttled time in ns, version 2 in µs. */
export function parseCpuStat(
  text: string | null,
): Pick<LevelCounts, 'periods' | 'throttledPeriods' | 'throttledMs'> {
  const [nanoseconds, microseconds] = [numberOf(text, 'throttled_time'), numberOf(text, 'throttled_usec')];
  return {
    periods: numberOf(text, 'nr_periods'),
    throttledPeriods: numberOf(text, 'nr_throttled'),
    throttledMs:
      microseconds !== null ? microseconds / 1000 : nanoseconds === null ? null : nanoseconds / 1e6,
  };
}

function readCpuCounts(folder: string): LevelCounts {
  const none = { highHits: null, limitHits: null, oomKills: null };
  return { folder, ...none, ...parseCpuStat(readText(join(folder, 'cpu.stat'))) };
}

function readMemoryCounts(folder: string, version: 1 | 2): LevelCounts {
  const base = { folder, periods: null, throttledPeriods: null, throttledMs: null };
  const oomKills = readOomKills({ version, folders: [folder] });
  if (version === 2) {
    const events = readText(join(folder, 'memory.events'));
    return { ...base, highHits: numberOf(events, 'high'), limitHits: numberOf(events, 'max'), oomKills };
  }
  const fails = readText(join(folder, 'memory.failcnt'))?.trim();
  const limitHits = fails === undefined || fails === '' ? null : Number(fails);
  return { ...base, highHits: null, limitHits, oomKills };
}

/** How many processes of a memory cgroup, the first of the place, the kernel has killed for want of memory; null: it does not tell. */
export function readOomKills({ version, folders: [own = ''] }: CgroupPlace): number | null {
  return numberOf(readText(join(own, version === 2 ? 'memory.events' : 'memory.oom_control')), 'oom_kill');
}

/** Everything that counts up, read at one moment. */
interface Counters {
  atMs: number;
  wallMs: number;
  cpu: CpuTimes | null;
  targetMs: number | null;
  harnessMs: number | null;
  swappedPages: number | null;
  pressure: Record<'cpu' | 'memory' | 'io', number | null>;
  cpuLevels: LevelCounts[];
  memoryLevels: LevelCounts[];
}

export interface Watched {
  pid: number;
  /** The target leads a process group of its own. */
  includeGroup: boolean;
}

/** What happens while a target is measured. */
export interface CounterWatch {
  /** Since the watch began, as facts. Also once the target is gone: what its cgroup counted is still there. */
  read(): Promise<EnvironmentFact[]>;
}

export async function watchCounters(watched: Watched): Promise<CounterWatch> {
  const [cpuPlace, memoryPlace] = [readPlace('cpu', watched.pid), readPlace('memory', watched.pid)];
  const before = await readCounters(watched, cpuPlace, memoryPlace);
  return {
    async read() {
      return factsBetween(before, await readCounters(watched, cpuPlace, memoryPlace));
    },
  };
}

async function readCounters(
  { pid, includeGroup }: Watched,
  cpuPlace: CgroupPlace | null,
  memoryPlace: CgroupPlace | null,
): Promise<Counters> {
  const table = await scanProcesses();
  const target = selectTree(table, pid, { includeGroup });
  const inTarget = new Set(target.map((entry) => entry.pid));
  const harness = selectTree(table, process.pid, { includeGroup: false }).filter(
    (entry) => !inTarget.has(entry.pid),
  );
  const sum = (entries: ProcessEntry[]) =>
    entries.length === 0 ? null : entries.reduce((total, { cpuMs }) => total + cpuMs, 0);
  const vmstat = readText('/proc/vmstat');
  const [pagesIn, pagesOut] = [numberOf(vmstat, 'pswpin'), numberOf(vmstat, 'pswpout')];
  const pressure = (of: string) => parsePressure(readText(`/proc/pressure/${of}`));
  return {
    atMs: performance.now(),
    wallMs: Date.now(),
    cpu: parseCpuTimes(readText('/proc/stat')),
    targetMs: sum(target),
    harnessMs: sum(harness),
    swappedPages: pagesIn === null || pagesOut === null ? null : pagesIn + pagesOut,
    pressure: { cpu: pressure('cpu'), memory: pressure('memory'), io: pressure('io') },
    cpuLevels: (cpuPlace?.folders ?? []).map(readCpuCounts),
    memoryLevels: (memoryPlace?.folders ?? []).map((folder) =>
      readMemoryCounts(folder, memoryPlace?.version ?? 2),
    ),
  };
}

function factsBetween(before: Counters, after: Counters): EnvironmentFact[] {
  const observedMs = after.atMs - before.atMs;
  const cores = (from: number | null, to: number | null) =>
    from === null || to === null ? null : Math.max(0, to - from) / observedMs;
  // Interrupts are mostly packets between target and harness, and many kernels lay them on no process: they are nobody else's load.
  const tasks = cores(before.cpu?.tasksMs ?? null, after.cpu?.tasksMs ?? null);
  const [target, harness] = [
    cores(before.targetMs, after.targetMs),
    cores(before.harnessMs, after.harnessMs),
  ];
  // The tree of a target that was lost is not there any more: what it used would be laid on others.
  const others = tasks === null || target === null || harness === null ? null : tasks - target - harness;
  const stolen = delta(before.cpu?.stealMs, after.cpu?.stealMs);
  const total = delta(before.cpu?.totalMs, after.cpu?.totalMs);
  const waited = (of: 'cpu' | 'memory' | 'io') => {
    const us = delta(before.pressure[of], after.pressure[of]);
    return us === null ? null : us / 1000 / observedMs;
  };
  const throttled = busiest(before.cpuLevels, after.cpuLevels);
  const memory = (name: 'highHits' | 'limitHits') => most(before.memoryLevels, after.memoryLevels, name);
  const [high, limit] = [memory('highHits'), memory('limitHits')];
  const own = after.memoryLevels[0];
  return [
    fact('observedMs', Math.round(observedMs), 'monotonic clock'),
    fact('swappedPageCount', delta(before.swappedPages, after.swappedPages), '/proc/vmstat pswpin + pswpout'),
    fact('quotaPeriodCount', throttled.periods, throttled.source),
    fact('throttledPeriodCount', throttled.throttledPeriods, throttled.source),
    fact('throttledMs', throttled.throttledMs, throttled.source),
    fact('memoryHighHitCount', high.count, high.source),
    fact('memoryLimitHitCount', limit.count, limit.source),
    fact(
      'oomKillCount',
      delta(before.memoryLevels[0]?.oomKills, own?.oomKills),
      own === undefined ? 'memory cgroup' : own.folder,
    ),
    fact('targetCores', rounded(target), '/proc/<pid>/stat'),
    fact('harnessCores', rounded(harness), '/proc/<pid>/stat'),
    fact('otherCores', others === null ? null : rounded(Math.max(0, others)), '/proc/stat'),
    fact(
      'stealRatio',
      stolen === null || total === null || total <= 0 ? null : rounded(stolen / total),
      '/proc/stat',
    ),
    fact('cpuPressureRatio', rounded(waited('cpu')), '/proc/pressure/cpu'),
    fact('memoryPressureRatio', rounded(waited('memory')), '/proc/pressure/memory'),
    fact('ioPressureRatio', rounded(waited('io')), '/proc/pressure/io'),
    fact(
      'clockStepMs',
      Math.round(after.wallMs - before.wallMs - observedMs),
      'wall clock against monotonic clock',
    ),
  ];
}

function delta(before: number | null | undefined, after: number | null | undefined): number | null {
  return before === null || before === undefined || after === null || after === undefined
    ? null
    : after - before;
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e4) / 1e4;
}

/** The level that was throttled in the largest part of its periods. */
function busiest(before: readonly LevelCounts[], after: readonly LevelCounts[]) {
  const levels = after.map((level, index) => ({
    source: join(level.folder, 'cpu.stat'),
    periods: delta(before[index]?.periods, level.periods),
    throttledPeriods: delta(before[index]?.throttledPeriods, level.throttledPeriods),
    throttledMs: delta(before[index]?.throttledMs, level.throttledMs),
  }));
  const ratio = (level: (typeof levels)[number]) =>
    (level.throttledPeriods ?? -1) / Math.max(1, level.periods ?? 0);
  const [first] = levels.toSorted((a, b) => ratio(b) - ratio(a));
  return first ?? { source: 'cpu cgroup', periods: null, throttledPeriods: null, throttledMs: null };
}

/** The level that was hit most often; one at which the count is not kept says nothing. */
function most(
  before: readonly LevelCounts[],
  after: readonly LevelCounts[],
  name: 'highHits' | 'limitHits',
): { count: number | null; source: string } {
  const levels = after.flatMap((level, index) => {
    const count = delta(before[index]?.[name], level[name]);
    return count === null ? [] : [{ count, source: level.folder }];
  });
  return levels.toSorted((a, b) => b.count - a.count)[0] ?? { count: null, source: 'memory cgroup' };
}
