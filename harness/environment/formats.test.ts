/** The kernel's formats, as texts: what they look like on machines that are not this one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  containerOf,
  parseCgroupMounts,
  parseCpuMax,
  parseLimit,
  parseMemberships,
  placeOf,
  readCpuQuota,
  readMemoryLimits,
} from './cgroup.ts';
import { parseCpuStat, parseCpuTimes, parsePressure } from './counters.ts';
import { countCpus, parseChoice } from './machine.ts';

const V1_MOUNTS = [
  '12 33 31:0 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct',
  '15 36 32:0 / /sys/fs/cgroup/memory rw,relatime shared:9 master:1 - cgroup cgroup rw,memory',
  '20 41 38:0 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate',
  '21 41 8:1 / /home/some\\040body rw - ext4 /dev/sda1 rw',
].join('\n');
const V2_MOUNT =
  '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot';

describe('where a process stands', () => {
  test('version 1: from its own folder up to the root, by controller', () => {
    const memberships = parseMemberships(
      '9:memory:/a/b:c\n4:cpu,cpuacct:/\n1:name=systemd:/x\n0::/user.slice\n',
    );
    const mounts = parseCgroupMounts(V1_MOUNTS);
    expect(placeOf('memory', memberships, mounts)).toEqual({
      version: 1,
      folders: ['/sys/fs/cgroup/memory/a/b:c', '/sys/fs/cgroup/memory/a', '/sys/fs/cgroup/memory'],
    });
    expect(placeOf('cpu', memberships, mounts)).toEqual({
      version: 1,
      folders: ['/sys/fs/cgroup/cpu,cpuacct'],
    });
  });

  test('version 2: one tree for all controllers', () => {
    const memberships = parseMemberships('0::/system.slice/app.service\n');
    for (const controller of ['memory', 'cpu'] as const) {
      expect(placeOf(controller, memberships, parseCgroupMounts(V2_MOUNT))).toEqual({
        version: 2,
        folders: ['/sys/fs/cgroup/system.slice/app.service', '/sys/fs/cgroup/system.slice', '/sys/fs/cgroup'],
      });
    }
  });

  test('both: a controller that version 1 has is not looked for in version 2', () => {
    const mounts = parseCgroupMounts(V1_MOUNTS);
    expect(placeOf('memory', parseMemberships('9:memory:/a\n0::/b\n'), mounts)?.version).toBe(1);
    expect(placeOf('memory', parseMemberships('4:cpu,cpuacct:/\n0::/b\n'), mounts)).toEqual({
      version: 2,
      folders: ['/sys/fs/cgroup/unified/b', '/sys/fs/cgroup/unified'],
    });
  });

  test('in a container that sees its own part of the tree alone', () => {
    const mounts = parseCgroupMounts(
      '15 36 32:0 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n',
    );
    const at = (path: string) =>
      placeOf('memory', parseMemberships(`9:memory:${path}\n`), mounts)?.folders ?? null;
    expect(at('/docker/abc/inner')).toEqual(['/sys/fs/cgroup/memory/inner', '/sys/fs/cgroup/memory']);
    expect(at('/docker/abc')).toEqual(['/sys/fs/cgroup/memory']);
    expect(at('/')).toEqual(['/sys/fs/cgroup/memory']);
    // Outside of what is mounted: not readable, not "no limit".
    expect(at('/docker/abcd')).toBe(null);
    expect(placeOf('memory', parseMemberships('0::/../elsewhere\n'), parseCgroupMounts(V2_MOUNT))).toBe(null);
    expect(placeOf('memory', parseMemberships('0::/\n'), [])).toBe(null);
  });

  test.each([
    ['0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0a.scope', 'kubernetes'],
    ['9:memory:/docker/0123456789abcdef', 'docker'],
    ['0::/system.slice/docker-0123456789abcdef.scope', 'docker'],
    ['0::/machine.slice/libpod-0123.scope', 'podman'],
    ['9:memory:/lxc/box', 'lxc'],
    ['0::/user.slice/docker.service', 'none'],
  ])('%s is in %s', (line, container) => {
    expect(containerOf(parseMemberships(line))).toBe(container);
  });
});

test('limits, and what stands for none', () => {
  expect(parseLimit('536870912\n')).toBe(536_870_912);
  expect(parseLimit('0\n')).toBe(0);
  // Version 2; version 1 with pages of 4 KiB and of 64 KiB; nothing; something else.
  for (const none of ['max\n', '9223372036854771712\n', '9223372036854710272\n', '', 'x', null])
    expect(parseLimit(none)).toBe(null);
  expect(parseCpuMax('50000 100000\n')).toBe(0.5);
  expect(parseCpuMax('max 100000\n')).toBe(null);
  expect(parseCpuMax(null)).toBe(null);
});

describe('limits of a tree', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hydrotest-cgroup-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const write = (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
  };
  const folders = () => [join(root, 'a/b'), join(root, 'a'), root];

  test('version 2: the tightest counts, and the room is what is left at the fullest level', () => {
    write({
      'a/b/memory.max': 'max\n',
      'a/b/memory.high': '700000000\n',
      'a/memory.max': '800000000\n',
      'a/memory.current': '500000000\n',
      'a/memory.stat': 'anon 1\nfile 2\ninactive_file 100000000\n',
      'memory.max': '900000000\n',
      'memory.current': '890000000\n',
      'a/b/cpu.max': 'max 100000\n',
      'a/cpu.max': '150000 100000\n',
    });
    const place = { version: 2 as const, folders: folders() };
    expect(readMemoryLimits(place)).toEqual({
      limit: { value: 800e6, source: join(root, 'a/memory.max') },
      room: { value: 10e6, source: join(root, 'memory.max') },
      high: { value: 700e6, source: join(root, 'a/b/memory.high') },
    });
    expect(readCpuQuota(place)).toEqual({ value: 1.5, source: join(root, 'a/cpu.max') });
  });

  test('version 1, without any limit', () => {
    write({
      'a/b/memory.limit_in_bytes': '9223372036854771712\n',
      'a/b/memory.usage_in_bytes': '1000\n',
      'a/b/cpu.cfs_quota_us': '-1\n',
      'a/b/cpu.cfs_period_us': '100000\n',
    });
    const place = { version: 1 as const, folders: folders() };
    expect(readMemoryLimits(place)).toEqual({ limit: null, room: null, high: null });
    expect(readCpuQuota(place)).toBe(null);
    write({
      'a/memory.limit_in_bytes': '536870912\n',
      'a/memory.usage_in_bytes': '400000000\n',
      'a/memory.stat': 'inactive_file 5\ntotal_inactive_file 63129088\n',
      'a/cpu.cfs_quota_us': '25000\n',
      'a/cpu.cfs_period_us': '50000\n',
    });
    expect(readMemoryLimits(place)).toMatchObject({ limit: { value: 536_870_912 }, room: { value: 200e6 } });
    expect(readCpuQuota(place)?.value).toBe(0.5);
  });
});

test('counters of throttling: version 1 in nanoseconds, version 2 in microseconds', () => {
  expect(parseCpuStat('nr_periods 10\nnr_throttled 4\nthrottled_time 2500000000\n')).toEqual({
    periods: 10,
    throttledPeriods: 4,
    throttledMs: 2500,
  });
  expect(
    parseCpuStat(
      'usage_usec 1\nuser_usec 1\nsystem_usec 0\nnr_periods 10\nnr_throttled 4\nthrottled_usec 2500000\n',
    ),
  ).toEqual({ periods: 10, throttledPeriods: 4, throttledMs: 2500 });
  // Without the controller, version 2 tells the usage alone.
  expect(parseCpuStat('usage_usec 1\n')).toEqual({
    periods: null,
    throttledPeriods: null,
    throttledMs: null,
  });
});

test('times of all CPUs together: guests are part of users, waiting for a disk is idle, interrupts are no task', () => {
  const text = 'cpu  100 10 50 800 20 5 15 30 90 9\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 5\n';
  expect(parseCpuTimes(text)).toEqual({ tasksMs: 1600, stealMs: 300, totalMs: 10_300 });
  expect(parseCpuTimes('intr 5\n')).toBe(null);
});

test('pressure, switches and lists of CPUs', () => {
  const pressure =
    'some avg10=8.00 avg60=2.81 avg300=11.20 total=14964172954\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n';
  expect(parsePressure(pressure)).toBe(14_964_172_954);
  expect(parsePressure(null)).toBe(null);
  expect(parseChoice('always [madvise] never\n')).toBe('madvise');
  expect(parseChoice('always\n')).toBe(null);
  expect(['0\n', '0-1\n', '0-3,8,10-11\n', '\n', 'x'].map(countCpus)).toEqual([1, 2, 7, null, null]);
});
