import type { EnvironmentFact } from '../model.ts';
import { openFileLimit } from '../probes/open-files.ts';
import { type ProcessEntry, scanProcesses, selectTree } from '../probes/process-tree.ts';
import {
  containerOf,
  type Limit,
  parseMemberships,
  readCpuQuota,
  readMemoryLimits,
  readPlace,
} from './cgroup.ts';
import type { Watched } from './counters.ts';
import { attemptOf, fact, numberOf, readText } from './facts.ts';
import { countCpus } from './machine.ts';
import { allocatorIn, allocatorSettings, heapLimitOf, nodeEnvOf, runtimeFlags } from './settings.ts';

/** As many processes of a tree are looked at: a cluster's workers are all started in the same way. */
const MOST_PROCESSES = 16;

/**
 * What a target was started with and in. Facts of its processes are put together: an option that one of them has counts. What is
 * closed to us is null. Reads `maps`, which holds the process's mmap lock for some ms where it is large: for quiet moments.
 */
export async function readTarget(watched: Watched): Promise<EnvironmentFact[]> {
  const { pid } = watched;
  const place = readPlace('memory', pid);
  const limits = place === null ? null : readMemoryLimits(place);
  const cpuPlace = readPlace('cpu', pid);
  const cgroups = readText(`/proc/${pid}/cgroup`);
  const quota = cpuPlace === null ? null : readCpuQuota(cpuPlace);
  const limitFact = (limit: Limit | null) => (place === null ? null : (limit?.value ?? 'none'));
  const allowed = /^Cpus_allowed_list:\s+(\S+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
  const files = attemptOf(() => openFileLimit(pid));
  return [
    fact(
      'container',
      cgroups === null ? null : containerOf(parseMemberships(cgroups)),
      `/proc/${pid}/cgroup`,
    ),
    fact('cgroupVersion', place === null ? null : String(place.version), `/proc/${pid}/cgroup`),
    fact('memoryLimitBytes', limitFact(limits?.limit ?? null), limits?.limit?.source ?? 'memory cgroup'),
    fact(
      'memoryRoomBytes',
      limits !== null && limits.limit !== null && limits.room === null
        ? null
        : limitFact(limits?.room ?? null),
      limits?.room?.source ?? 'memory cgroup',
    ),
    fact('memoryHighBytes', limitFact(limits?.high ?? null), limits?.high?.source ?? 'memory cgroup'),
    fact('cpuQuotaCores', cpuPlace === null ? null : (quota?.value ?? 'none'), quota?.source ?? 'cpu cgroup'),
    fact('allowedCpuCount', allowed === undefined ? null : countCpus(allowed), `/proc/${pid}/status`),
    fact(
      'openFileLimitCount',
      files === Number.POSITIVE_INFINITY ? 'none' : files,
      `/proc/${pid}/limits Max open files`,
    ),
    ...settingsFacts(await processesOf(watched)),
  ];
}

function settingsFacts(processes: readonly ProcessEntry[]): EnvironmentFact[] {
  const all = processes.flatMap(({ pid }) => {
    const [environ, cmdline, maps] = ['environ', 'cmdline', 'maps'].map((name) =>
      readText(`/proc/${pid}/${name}`),
    );
    return typeof environ === 'string' && typeof cmdline === 'string' ? [{ environ, cmdline, maps }] : [];
  });
  if (all.length === 0) {
    return (['allocator', 'allocatorSettings', 'runtimeFlags', 'heapLimitBytes', 'nodeEnv'] as const).map(
      (name) => fact(name, null, '/proc/<pid>/environ'),
    );
  }
  const joined = (words: string[]) => [...new Set(words)].join(' ') || 'none';
  const flags = all.flatMap(({ cmdline, environ }) => runtimeFlags(cmdline, environ));
  const allocators = all.flatMap(({ maps }) => (typeof maps === 'string' ? [allocatorIn(maps)] : []));
  // A shell above the server has the libc alone: what takes its place is what counts.
  const special = allocators.find((name) => name !== null && name !== 'glibc' && name !== 'musl');
  const nodeEnvs = new Set(all.map(({ environ }) => nodeEnvOf(environ)));
  return [
    fact(
      'allocator',
      special ??
        allocators.find((name) => name === 'musl') ??
        allocators.find((name) => name !== null) ??
        null,
      '/proc/<pid>/maps',
    ),
    fact(
      'allocatorSettings',
      joined(all.flatMap(({ environ }) => allocatorSettings(environ))),
      '/proc/<pid>/environ',
    ),
    fact('runtimeFlags', joined(flags), '/proc/<pid>/cmdline and NODE_OPTIONS'),
    fact('heapLimitBytes', heapLimitOf(flags) ?? 'none', '/proc/<pid>/cmdline and NODE_OPTIONS'),
    fact('nodeEnv', [...nodeEnvs].join(' '), '/proc/<pid>/environ NODE_ENV'),
  ];
}

/** Memory of the whole tree in huge pages; null where a part of it is closed to us. */
export async function readHugePages(watched: Watched): Promise<EnvironmentFact> {
  let total: number | null = null;
  for (const { pid } of await processesOf(watched)) {
    const kibibytes = numberOf(readText(`/proc/${pid}/smaps_rollup`), 'AnonHugePages');
    if (kibibytes === null) return fact('hugePageBytes', null, '/proc/<pid>/smaps_rollup AnonHugePages');
    total = (total ?? 0) + kibibytes * 1024;
  }
  return fact('hugePageBytes', total, '/proc/<pid>/smaps_rollup AnonHugePages');
}

async function processesOf({ pid, includeGroup }: Watched): Promise<ProcessEntry[]> {
  const tree = selectTree(await scanProcesses(), pid, { includeGroup });
  return tree.filter(({ zombie }) => !zombie).slice(0, MOST_PROCESSES);
}
