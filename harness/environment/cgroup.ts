import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { numberOf, readText } from './facts.ts';

export type Controller = 'memory' | 'cpu';

/** Where a process stands in the tree of one controller: its own folder first, then each above it. */
export interface CgroupPlace {
  version: 1 | 2;
  folders: string[];
}

/** A line of `/proc/<pid>/cgroup`: of version 2 it has no controllers. */
export interface Membership {
  controllers: string[];
  path: string;
}

/** A line of `/proc/self/mountinfo` that mounts a tree of cgroups. `root`: which part of the tree is mounted. */
export interface CgroupMount {
  version: 1 | 2;
  controllers: string[];
  root: string;
  mountPoint: string;
}

/** What a limit says that has no end: version 1 has the largest multiple of a page below 2^63, which no machine has. */
const NO_LIMIT_BYTES = 2 ** 60;

/** `hierarchy:controllers:path` (cgroups(7)); the path may hold colons. */
export function parseMemberships(text: string): Membership[] {
  return text.split('\n').flatMap((line) => {
    const parts = /^\d+:([^:]*):(.*)$/.exec(line);
    return parts === null
      ? []
      : [{ controllers: (parts[1] ?? '').split(',').filter(Boolean), path: parts[2] ?? '' }];
  });
}

/** proc_pid_mountinfo(5): `id parent major:minor root mountpoint options optional… - type source superoptions`. */
export function parseCgroupMounts(text: string): CgroupMount[] {
  return text.split('\n').flatMap((line): CgroupMount[] => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root, mountPoint] = left.split(' ');
    const [type, , superOptions = ''] = right.split(' ');
    if (root === undefined || mountPoint === undefined) return [];
    const at = { root: withBlanks(root), mountPoint: withBlanks(mountPoint) };
    if (type === 'cgroup2') return [{ version: 2, controllers: [], ...at }];
    return type === 'cgroup' ? [{ version: 1, controllers: superOptions.split(','), ...at }] : [];
  });
}

/** Blanks in names are written in octal. */
function withBlanks(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * The folders of a controller, from the process's own up to where the tree is mounted. A controller that version 1 has is not in version 2
 * (both may be mounted). Null: it is mounted nowhere, or the process stands outside of what is mounted here (another namespace).
 */
export function placeOf(
  controller: Controller,
  memberships: readonly Membership[],
  mounts: readonly CgroupMount[],
): CgroupPlace | null {
  const first = memberships.find(({ controllers }) => controllers.includes(controller));
  const membership = first ?? memberships.find(({ controllers }) => controllers.length === 0);
  const mount = mounts.find(({ version, controllers }) =>
    first === undefined ? version === 2 : controllers.includes(controller),
  );
  if (membership === undefined || mount === undefined) return null;
  const below = pathBelow(mount.root, membership.path);
  if (below === null) return null;
  const names = below.split('/').filter(Boolean);
  // From another namespace a path climbs out of what can be seen.
  if (names.includes('..')) return null;
  const folders = names.map((_, index) => join(mount.mountPoint, ...names.slice(0, names.length - index)));
  return { version: mount.version, folders: [...folders, mount.mountPoint] };
}

function pathBelow(root: string, path: string): string | null {
  if (root === '/') return path;
  if (path === root || path.startsWith(`${root}/`)) return path.slice(root.length);
  // A container's own namespace calls its root `/`, whatever is mounted there.
  return path === '/' ? path : null;
}

/** @param pid 'self' or of another process */
export function readPlace(controller: Controller, pid: number | 'self'): CgroupPlace | null {
  const [own, mounts] = [readText(`/proc/${pid}/cgroup`), readText('/proc/self/mountinfo')];
  if (own === null || mounts === null) return null;
  const place = placeOf(controller, parseMemberships(own), parseCgroupMounts(mounts));
  return place !== null && existsSync(place.folders[0] ?? '') ? place : null;
}

/** A number of bytes; null: no limit (`max`, or what version 1 has in its place), or no number. */
export function parseLimit(text: string | null): number | null {
  const value = Number(text?.trim() || Number.NaN);
  return Number.isFinite(value) && value >= 0 && value < NO_LIMIT_BYTES ? value : null;
}

/** Version 2, `quota period` or `max period` in µs; cores, or null without a quota. */
export function parseCpuMax(text: string | null): number | null {
  const [quota, period] = (text ?? '').trim().split(' ').map(Number);
  return coresOf(quota, period);
}

/** Version 1 has -1 for no quota. */
export function coresOf(quotaUs = Number.NaN, periodUs = Number.NaN): number | null {
  return quotaUs > 0 && periodUs > 0 ? quotaUs / periodUs : null;
}

/** A limit, and the file that sets it. */
export interface Limit {
  value: number;
  source: string;
}

export interface MemoryLimits {
  /** Null: none is set. */
  limit: Limit | null;
  /** Bytes that are left below a limit, at the level where it is least; null: there is no limit, or its use is not told. */
  room: Limit | null;
  high: Limit | null;
}

/** Limits of each level count: the tightest is the one that acts. */
export function readMemoryLimits({ version, folders }: CgroupPlace): MemoryLimits {
  const [limitName, usageName, inactiveName] =
    version === 2
      ? ['memory.max', 'memory.current', 'inactive_file']
      : ['memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file'];
  const limits: Limit[] = [];
  const rooms: Limit[] = [];
  const highs: Limit[] = [];
  for (const folder of folders) {
    const source = join(folder, limitName);
    const value = parseLimit(readText(source));
    const usage = parseLimit(readText(join(folder, usageName)));
    if (value !== null) {
      limits.push({ value, source });
      // Pages of files that nobody has touched for long are taken back before anything is killed.
      const inactive = numberOf(readText(join(folder, 'memory.stat')), inactiveName) ?? 0;
      if (usage !== null) rooms.push({ value: Math.max(0, value - Math.max(0, usage - inactive)), source });
    }
    const highSource = join(folder, 'memory.high');
    const high = version === 2 ? parseLimit(readText(highSource)) : null;
    if (high !== null) highs.push({ value: high, source: highSource });
  }
  return { limit: least(limits), room: least(rooms), high: least(highs) };
}

/** Null: no level has a quota. */
export function readCpuQuota({ version, folders }: CgroupPlace): Limit | null {
  return least(
    folders.flatMap((folder) => {
      const source = join(folder, version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us');
      const text = readText(source);
      const period = version === 2 ? null : readText(join(folder, 'cpu.cfs_period_us'));
      const value = version === 2 ? parseCpuMax(text) : coresOf(Number(text ?? -1), Number(period ?? 0));
      return value === null ? [] : [{ value, source }];
    }),
  );
}

function least(limits: readonly Limit[]): Limit | null {
  return limits.toSorted((a, b) => a.value - b.value)[0] ?? null;
}

/** `docker`, `kubernetes`, `podman`, `lxc`, by the names that these give to cgroups; `none`: none of them. */
export function containerOf(memberships: readonly Membership[]): string {
  const paths = memberships.map(({ path }) => path).join('\n');
  if (/kubepods/.test(paths)) return 'kubernetes';
  if (/libpod/.test(paths)) return 'podman';
  if (/\/docker[/-]|docker-[0-9a-f]{12}|cri-containerd|\/containerd/.test(paths)) return 'docker';
  return /\/lxc[./]/.test(paths) ? 'lxc' : 'none';
}
