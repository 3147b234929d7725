import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { mostStreams } from '../load-options.ts';
import type { LoadPlan } from '../model.ts';
import { openFileLimit } from '../probes/open-files.ts';
import { fill } from '../template.ts';
import { highestTarget } from './schedule.ts';
import { addressesPerWorker, ephemeralPortCount } from './source-addresses.ts';

/** File descriptors that a worker needs beside its streams: pipes, its channel, and what Node opens for itself. */
const OWN_FDS = 100;

/** Kernel and user memory of both ends of a held stream; the target's own part is a guess, and told as such. */
const HARNESS_BYTES_PER_STREAM = 10 * 1024;
const KERNEL_BYTES_PER_STREAM = 8 * 1024;
const TARGET_BYTES_PER_STREAM = 20 * 1024;
const MEMORY_RATIO = 0.9;

/** What one worker is given where nobody says how many there are to be. */
const STREAMS_PER_WORKER = 19_000;

/** A closed connection blocks its source port for this long (TIME_WAIT; fixed in Linux). */
const TIME_WAIT_S = 60;

/** Of what a target may open, this part is asked for where nobody said how many streams it is to hold. */
const FITTED_RATIO = 0.8;

export interface LoadSize {
  /** Streams at once, at the highest. */
  streamCount: number;
  workerCount: number;
  /** Source addresses that each worker needs; 0: the system's choice will do; null: there are too few ports. */
  addressesPerWorker: number | null;
}

/** What the target's processes may have open together (probes/open-files.ts). */
export interface TargetRoom {
  fileCount: number;
  processCount: number;
}

export function sizeOf(plan: LoadPlan, url: string): LoadSize {
  const streamCount = mostStreams(plan);
  const { hostname } = new URL(fill(url, { port: 80, key: 'key' }));
  const workerCount =
    plan.workerCount ?? Math.ceil(streamCount / Math.min(STREAMS_PER_WORKER, streamsPerWorker()));
  return {
    streamCount,
    workerCount,
    addressesPerWorker: addressesPerWorker(hostname, portsOf(plan), workerCount),
  };
}

/** A plan that nobody asked for, made smaller where the target could not hold it; any other one as it is. */
export function fitted(plan: LoadPlan, target: TargetRoom | null): LoadPlan {
  const most = mostStreams(plan);
  const room = target === null ? most : Math.floor(target.fileCount * FITTED_RATIO);
  if (plan.asked || most <= room) return plan;
  const stages = plan.stages.map((stage) => ({ ...stage, target: Math.floor((stage.target * room) / most) }));
  return { ...plan, stages };
}

/** Streams that one worker has room for. */
export function streamsPerWorker(): number {
  return Math.max(1, (openFileLimit('self') ?? Number.POSITIVE_INFINITY) - OWN_FDS);
}

/** What this machine has to give; for tests it can be said. */
export interface MachineRoom {
  streamsPerWorker: number;
  memoryBytes: number;
  portCount: number;
}

export function machineRoom(): MachineRoom {
  return {
    streamsPerWorker: streamsPerWorker(),
    memoryBytes: availableMemoryBytes(),
    portCount: ephemeralPortCount(),
  };
}

/**
 * Why a load does not fit, which limit that is, and what to do; null: it does. `target`: null while there is none yet, or where the
 * system does not tell.
 */
export function lackOfRoom(
  { streamCount, workerCount, addressesPerWorker }: LoadSize,
  target: TargetRoom | null,
  machine: MachineRoom = machineRoom(),
): string | null {
  const streams = `${words(streamCount)} streams`;
  if (streamCount > workerCount * machine.streamsPerWorker) {
    const needed = Math.ceil(streamCount / machine.streamsPerWorker);
    return `${streams} need more file descriptors than ${workerCount} worker ${workerCount === 1 ? 'process' : 'processes'} may open (${words(machine.streamsPerWorker)} each): use --workers ${needed}, or raise the limit with ulimit -n`;
  }
  if (addressesPerWorker === null) {
    return `${streams} need more source ports than there are (${words(machine.portCount)}, /proc/sys/net/ipv4/ip_local_port_range): give a --url with an address in 127.0.0.0/8, over which hydrotest can spread them, or widen the range`;
  }
  if (target !== null && streamCount > target.fileCount) {
    const processes = target.processCount === 1 ? 'its process' : `its ${target.processCount} processes`;
    return `${streams} are more than the target can hold: ${processes} may open ${words(target.fileCount)} files (ulimit -n): raise that before it starts, let it run as more processes, or ask for fewer --streams`;
  }
  const bytes = streamCount * (HARNESS_BYTES_PER_STREAM + KERNEL_BYTES_PER_STREAM + TARGET_BYTES_PER_STREAM);
  if (bytes > machine.memoryBytes * MEMORY_RATIO) {
    const parts = `${HARNESS_BYTES_PER_STREAM / 1024} KiB each here, ${KERNEL_BYTES_PER_STREAM / 1024} KiB in the kernel, and a guess of ${TARGET_BYTES_PER_STREAM / 1024} KiB in the target`;
    return `${streams} need about ${megabytes(bytes)} (${parts}), and ${megabytes(machine.memoryBytes)} are available: ask for fewer --streams`;
  }
  return null;
}

/** Source ports that are needed at a time: open ones, and closed ones that are still in TIME_WAIT. */
function portsOf(plan: LoadPlan): number {
  const most = mostStreams(plan);
  const { model, meanLifetimeMs, stages } = plan;
  const held = meanLifetimeMs === null ? 0 : most / (meanLifetimeMs / 1000);
  return most + (model === 'open' ? highestTarget(stages) : held) * TIME_WAIT_S;
}

function availableMemoryBytes(): number {
  try {
    const match = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    if (match !== null) return Number(match[1]) * 1024;
  } catch {}
  return freemem();
}

function words(count: number): string {
  return count.toLocaleString('en-US');
}

function megabytes(bytes: number): string {
  return `${words(Math.round(bytes / 1e6))} MB`;
}
