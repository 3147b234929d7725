import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

/** File descriptors that a worker needs beside its streams: pipes, its channel, and what Node opens for itself. */
const OWN_FDS = 100;

/** Kernel and user memory of both ends of a held stream; the target's own part is a guess, and told as such. */
const HARNESS_BYTES_PER_STREAM = 10 * 1024;
const KERNEL_BYTES_PER_STREAM = 8 * 1024;
const TARGET_BYTES_PER_STREAM = 20 * 1024;
const MEMORY_RATIO = 0.9;

/** The most open files of a process, from its `limits` in /proc; null: not told. */
export function openFileLimit(pid: number | 'self'): number | null {
  try {
    const match = /^Max open files\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'));
    if (match === null) return null;
    return match[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(match[1]);
  } catch {
    return null;
  }
}

/** Streams that one worker has room for. */
export function streamsPerWorker(): number {
  return Math.max(1, (openFileLimit('self') ?? Number.POSITIVE_INFINITY) - OWN_FDS);
}

export function availableMemoryBytes(): number {
  try {
    const match = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    if (match !== null) return Number(match[1]) * 1024;
  } catch {}
  return freemem();
}

export interface RoomNeed {
  /** Streams at once, at the highest. */
  streamCount: number;
  workerCount: number;
  /** Open files that the target's processes may have together; null: not known. */
  targetFileLimit: number | null;
  targetProcessCount: number;
  /** False: there are not enough source ports, and no more addresses. */
  hasPorts: boolean;
  portCount: number;
}

/** Why so many streams do not fit on this machine, which limit that is, and what to do; null: they do. */
export function lackOfRoom(
  need: RoomNeed,
  limits = { perWorker: streamsPerWorker(), memoryBytes: availableMemoryBytes() },
): string | null {
  const { streamCount, workerCount, targetFileLimit, targetProcessCount } = need;
  const words = (count: number) => count.toLocaleString('en-US');
  if (streamCount > workerCount * limits.perWorker) {
    const needed = Math.ceil(streamCount / limits.perWorker);
    return `${words(streamCount)} streams need more file descriptors than ${workerCount} worker ${workerCount === 1 ? 'process' : 'processes'} may open (${words(limits.perWorker)} each): use --workers ${needed}, or raise the limit with ulimit -n`;
  }
  if (!need.hasPorts) {
    return `${words(streamCount)} streams need more source ports than there are (${words(need.portCount)}, /proc/sys/net/ipv4/ip_local_port_range): give the URL with an address in 127.0.0.0/8, over which hydrotest can spread them, or widen the range`;
  }
  if (targetFileLimit !== null && streamCount > targetFileLimit) {
    return `${words(streamCount)} streams are more than the target can hold: its ${targetProcessCount === 1 ? 'process' : `${targetProcessCount} processes`} may open ${words(targetFileLimit)} files (ulimit -n): raise that before it starts, let it run as more processes, or ask for fewer --streams`;
  }
  const bytes = streamCount * (HARNESS_BYTES_PER_STREAM + KERNEL_BYTES_PER_STREAM + TARGET_BYTES_PER_STREAM);
  if (bytes > limits.memoryBytes * MEMORY_RATIO) {
    return `${words(streamCount)} streams need about ${words(Math.round(bytes / 1e6))} MB (${HARNESS_BYTES_PER_STREAM / 1024} KiB each here, ${KERNEL_BYTES_PER_STREAM / 1024} KiB in the kernel, and a guess of ${TARGET_BYTES_PER_STREAM / 1024} KiB in the target), and ${words(Math.round(limits.memoryBytes / 1e6))} MB are available: ask for fewer --streams`;
  }
  return null;
}
