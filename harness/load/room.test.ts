import { describe, expect, it } from 'vitest';
import { type LoadOptions, loadPlanOf, mostStreams } from '../load-options.ts';
import {
  fitted,
  type LoadSize,
  lackOfRoom,
  type MachineRoom,
  machineRoom,
  sizeOf,
  streamsPerWorker,
  type TargetRoom,
} from './room.ts';
import { ephemeralPortCount } from './source-addresses.ts';

const MACHINE: MachineRoom = { streamsPerWorker: 1000, memoryBytes: 8e9, portCount: 28_232 };
const TARGET: TargetRoom = { fileCount: 20_000, processCount: 1 };
const SIZE: LoadSize = { streamCount: 2000, workerCount: 2, addressesPerWorker: 0 };
const URL = 'http://127.0.0.1:{port}/api/{key}/stream';

const planOf = (said: LoadOptions) => loadPlanOf(said, 10_000);

describe('a load that fits', () => {
  it.each<[what: string, size: LoadSize, target: TargetRoom | null, machine: MachineRoom]>([
    ['with room to spare', { ...SIZE, streamCount: 10 }, TARGET, MACHINE],
    ['exactly the descriptors of the workers', SIZE, TARGET, MACHINE],
    ['exactly the files of the target', SIZE, { fileCount: 2000, processCount: 1 }, MACHINE],
    ['a target of which nothing is known', SIZE, null, MACHINE],
    ['a target without a limit', SIZE, { fileCount: Number.POSITIVE_INFINITY, processCount: 1 }, MACHINE],
    ['spread over source addresses', { ...SIZE, addressesPerWorker: 2 }, TARGET, MACHINE],
    // 38 KiB a stream, of nine tenths of what there is.
    ['exactly the memory', SIZE, TARGET, { ...MACHINE, memoryBytes: (2000 * 38 * 1024) / 0.9 }],
  ])('%s', (_, size, target, machine) => {
    expect(lackOfRoom(size, target, machine)).toBe(null);
  });

  it('is a small one on this machine', () => {
    expect(lackOfRoom({ ...SIZE, streamCount: 10 }, TARGET)).toBe(null);
    const { memoryBytes, portCount, streamsPerWorker: perWorker } = machineRoom();
    expect(memoryBytes).toBeGreaterThan(1e6);
    expect(portCount).toBe(ephemeralPortCount());
    expect(perWorker).toBe(streamsPerWorker());
    expect(perWorker).toBeGreaterThan(0);
  });
});

describe('a load that does not fit says which limit that is, and what to do', () => {
  it.each<[what: string, size: LoadSize, target: TargetRoom | null, machine: MachineRoom, says: string]>([
    [
      'file descriptors of the workers',
      { ...SIZE, streamCount: 2001 },
      TARGET,
      MACHINE,
      '2,001 streams need more file descriptors than 2 worker processes may open (1,000 each): use --workers 3, or raise the limit with ulimit -n',
    ],
    [
      'file descriptors of one worker',
      { ...SIZE, streamCount: 1001, workerCount: 1 },
      TARGET,
      MACHINE,
      '1,001 streams need more file descriptors than 1 worker process may open (1,000 each): use --workers 2',
    ],
    [
      'source ports',
      { ...SIZE, addressesPerWorker: null },
      TARGET,
      MACHINE,
      '2,000 streams need more source ports than there are (28,232, /proc/sys/net/ipv4/ip_local_port_range): give a --url with an address in 127.0.0.0/8, over which hydrotest can spread them, or widen the range',
    ],
    [
      'files of the target',
      SIZE,
      { fileCount: 1999, processCount: 1 },
      MACHINE,
      '2,000 streams are more than the target can hold: its process may open 1,999 files (ulimit -n): raise that before it starts, let it run as more processes, or ask for fewer --streams',
    ],
    [
      'files of a target of several processes',
      SIZE,
      { fileCount: 1500, processCount: 3 },
      MACHINE,
      '2,000 streams are more than the target can hold: its 3 processes may open 1,500 files',
    ],
    [
      'memory',
      SIZE,
      TARGET,
      { ...MACHINE, memoryBytes: 80e6 },
      '2,000 streams need about 78 MB (10 KiB each here, 8 KiB in the kernel, and a guess of 20 KiB in the target), and 80 MB are available: ask for fewer --streams',
    ],
  ])('%s', (_, size, target, machine, says) => {
    expect(lackOfRoom(size, target, machine)).toContain(says);
  });
});

describe('the size of a load', () => {
  it('has the workers that were asked for, or as many as it takes', () => {
    expect(sizeOf(planOf({ streams: 60 }), URL)).toEqual({
      streamCount: 60,
      workerCount: 1,
      addressesPerWorker: 0,
    });
    expect(sizeOf(planOf({ streams: 60, workers: 3 }), URL).workerCount).toBe(3);
    const many = sizeOf(planOf({ streams: 1_000_000 }), URL);
    expect(many.workerCount).toBe(Math.ceil(1_000_000 / Math.min(19_000, streamsPerWorker())));
  });

  it('counts the ports that closed connections block for a minute', () => {
    // Few at a time, but each of them is new: a thousand a second for 60 s are more than the ports of one address.
    const ports = ephemeralPortCount();
    const rate = Math.ceil(ports / 60);
    expect(sizeOf(planOf({ rate: `${rate}/s`, lifetime: '10ms' }), URL).addressesPerWorker).toBeGreaterThan(
      0,
    );
    const churning = { streams: Math.ceil(ports / 60), lifetime: '1s' };
    expect(sizeOf(planOf(churning), URL).addressesPerWorker).toBeGreaterThan(0);
    expect(sizeOf(planOf({ ...churning, lifetime: 'none' }), URL).addressesPerWorker).toBe(0);
  });

  it('has no addresses to spread over for another host', () => {
    const size = sizeOf(planOf({ streams: 1_000_000 }), 'http://192.0.2.1/events');
    expect(size.addressesPerWorker).toBe(null);
    expect(lackOfRoom({ ...size, workerCount: 1000 }, null, { ...MACHINE, memoryBytes: 1e15 })).toContain(
      'source ports',
    );
  });
});

describe('a load that nobody asked for', () => {
  it('is made smaller where the target could not hold it', () => {
    const plan = planOf({});
    const smaller = fitted(plan, { fileCount: 500, processCount: 1 });
    expect(mostStreams(smaller)).toBe(400);
    expect(smaller.stages.map(({ durationMs }) => durationMs)).toEqual(
      plan.stages.map(({ durationMs }) => durationMs),
    );
    expect(plan).toEqual(planOf({}));
  });

  it('stays where the target can, or nobody knows', () => {
    const plan = planOf({});
    for (const target of [TARGET, null, { fileCount: Number.POSITIVE_INFINITY, processCount: 1 }])
      expect(fitted(plan, target)).toEqual(plan);
  });

  it('is not what was asked for: that stays, and is refused', () => {
    const plan = planOf({ streams: 1000 });
    const target = { fileCount: 500, processCount: 1 };
    expect(fitted(plan, target)).toEqual(plan);
    expect(lackOfRoom(sizeOf(plan, URL), target, MACHINE)).toContain('more than the target can hold');
  });
});
