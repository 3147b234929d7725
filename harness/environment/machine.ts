import type { EnvironmentFact } from '../model.ts';
import { fact, numberOf, readText } from './facts.ts';

const OVERCOMMIT: Record<string, string> = { 0: 'heuristic', 1: 'always', 2: 'strict' };

/** The machine as the run begins. Elsewhere than on Linux all of it is null: not readable. */
export function readMachine(): EnvironmentFact[] {
  const meminfo = readText('/proc/meminfo');
  const total = kibibytes(meminfo, 'SwapTotal');
  const free = kibibytes(meminfo, 'SwapFree');
  const zswap = readText('/sys/module/zswap/parameters/enabled')?.trim();
  const load = readText('/proc/loadavg');
  const online = readText('/sys/devices/system/cpu/online');
  return [
    fact('swapTotalBytes', total, '/proc/meminfo SwapTotal'),
    fact(
      'swapUsedBytes',
      total === null || free === null ? null : total - free,
      '/proc/meminfo SwapTotal − SwapFree',
    ),
    fact('zswap', zswap === undefined ? null : zswap === 'Y', '/sys/module/zswap/parameters/enabled'),
    fact(
      'hugePages',
      parseChoice(readText('/sys/kernel/mm/transparent_hugepage/enabled')),
      '/sys/kernel/mm/transparent_hugepage/enabled',
    ),
    fact(
      'overcommit',
      OVERCOMMIT[readText('/proc/sys/vm/overcommit_memory')?.trim() ?? ''] ?? null,
      '/proc/sys/vm/overcommit_memory',
    ),
    fact('onlineCpuCount', online === null ? null : countCpus(online), '/sys/devices/system/cpu/online'),
    fact('loadAverage', load === null ? null : Number.parseFloat(load), '/proc/loadavg'),
  ];
}

function kibibytes(text: string | null, name: string): number | null {
  const value = numberOf(text, name);
  return value === null ? null : value * 1024;
}

/** `always [madvise] never` → `madvise`. */
export function parseChoice(text: string | null): string | null {
  return /\[(\w+)\]/.exec(text ?? '')?.[1] ?? null;
}

/** `0-3,8` → 5, as the kernel lists CPUs; null: no such list. */
export function countCpus(list: string): number | null {
  let count = 0;
  for (const part of list.trim().split(',')) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (range === null) return null;
    count += Number(range[2] ?? range[1]) - Number(range[1]) + 1;
  }
  return count;
}
