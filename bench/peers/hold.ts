import { setTimeout as wait } from 'node:timers/promises';
import { createLinuxProbe } from '../../harness/probes/linux-probe.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { type Child, startChild } from './child.ts';
import type { InstalledContender } from './contender.ts';

/** What one contender did in one round. Counts and rates are the server's, memory and CPU are the kernel's. */
export interface Holding {
  askedCount: number;
  /** Open at the end of the window. */
  heldCount: number;
  opensPerSecond: number;
  /** Of the contender's whole process tree, once the streams were open and it had settled. */
  pssBytes: number;
  /** Over the window. */
  window: { eventsPerSecond: number; cpuCores: number; cpuMicrosPerEvent: number };
  /** Events that the contender says it received, of those written until it was told to end; null: it does not say. */
  receivedShare: number | null;
}

export interface HoldTimes {
  /** Between the last stream opened and the first look at the process. */
  settleMs: number;
  /** Whole seconds: the server writes one event a second. */
  windowMs: number;
}

const lookEveryMs = 100;
/** A JVM needs three seconds to its first stream on two busy cores. */
const firstStreamWithinMs = 30_000;
/** The kernel tries a lost SYN again after 1 s, 2 s and 4 s: who opens nothing for longer has stopped opening. */
const nextStreamWithinMs = 8_000;
const endWithinMs = 30_000;
const tickLookEveryMs = 20;
const halfTickMs = 500;
/** For a tool that can't be stopped, beside the time that it holds: its start, and its opening. */
const startSeconds = 5;
/** Gatling opened 19,000 streams at 725 a second, on two cores that others used too, and 10,000 at 2,500. */
const streamsPerSecond = 700;
/** Few enough to cost next to nothing, and enough for every part of the tool to be loaded. */
export const baseStreamCount = 10;

/**
 * Starts the contender against a server of its own, waits until it has opened what it can, and looks at it while it
 * holds the streams.
 *
 * @throws Error when it opened no stream, or did not report as it does.
 */
export function hold(
  contender: InstalledContender,
  streamCount: number,
  { settleMs, windowMs }: HoldTimes,
): Promise<Holding> {
  const holdSeconds =
    startSeconds + Math.ceil((settleMs + windowMs) / 1000) + Math.ceil(streamCount / streamsPerSecond);
  return withStreams(contender, { streamCount, holdSeconds }, async (server, child) => {
    await wait(settleMs);
    await untilBetweenEvents(server);
    const before = await look(server, child);
    await wait(windowMs);
    const after = await look(server, child);
    const untilSignal = await server.stats();
    const output = await child.stop(contender.stopSignal, holdSeconds * 1000 + endWithinMs);
    const received = contender.read(output).eventCount;
    // While a tool comes to its end more is written, which it may count or not.
    const { writtenEventCount } = contender.stopSignal === null ? await server.stats() : untilSignal;
    const { peakOpenCount, openingMs } = untilSignal;
    const seconds = (after.atMs - before.atMs) / 1000;
    const eventCount = after.stats.writtenEventCount - before.stats.writtenEventCount;
    const cpuMs = after.cpuMs - before.cpuMs;
    return {
      askedCount: streamCount,
      heldCount: after.stats.openCount,
      opensPerSecond: (peakOpenCount / openingMs) * 1000,
      pssBytes: before.pssBytes,
      window: {
        eventsPerSecond: eventCount / seconds,
        cpuCores: cpuMs / 1000 / seconds,
        cpuMicrosPerEvent: (cpuMs * 1000) / eventCount,
      },
      receivedShare: received === null ? null : Math.min(1, received / writtenEventCount),
    };
  });
}

/** Memory of the contender's process tree with `baseStreamCount` streams. @throws Error as `hold` does. */
export function baseline(contender: InstalledContender, { settleMs }: HoldTimes): Promise<number> {
  const holdSeconds = startSeconds + Math.ceil(settleMs / 1000);
  return withStreams(contender, { streamCount: baseStreamCount, holdSeconds }, async (server, child) => {
    await wait(settleMs);
    return (await look(server, child)).pssBytes;
  });
}

/** Streams opened a second, by a contender whose process ends with that. @throws Error as `hold` does. */
export function openingRate(contender: InstalledContender, streamCount: number): Promise<number> {
  return withStreams(contender, { streamCount, holdSeconds: startSeconds }, async (server) => {
    const { peakOpenCount, openingMs } = await server.stats();
    return (peakOpenCount / openingMs) * 1000;
  });
}

/** Runs `during` once the contender has opened its streams; then both processes are gone. */
async function withStreams<Result>(
  contender: InstalledContender,
  { streamCount, holdSeconds }: { streamCount: number; holdSeconds: number },
  during: (server: BenchServer, child: Child) => Promise<Result>,
): Promise<Result> {
  const server = await startBenchServer();
  let child: Child | null = null;
  try {
    const job = { url: `${server.url}/hold`, streamCount, holdSeconds };
    child = await startChild(await contender.command(job));
    await untilOpened(server, child, streamCount);
    return await during(server, child);
  } finally {
    await child?.stop('SIGKILL', 0);
    await server.close();
  }
}

async function untilOpened(server: BenchServer, child: Child, streamCount: number): Promise<void> {
  let [openCount, deadlineMs] = [0, performance.now() + firstStreamWithinMs];
  while (openCount < streamCount && performance.now() < deadlineMs) {
    if (child.hasEnded()) {
      const { code, stderr, stdout } = await child.output;
      throw new Error(`ended with exit code ${code}: ${`${stdout}${stderr}`.trim().split('\n').at(-1)}`);
    }
    await wait(lookEveryMs);
    const { peakOpenCount } = await server.stats();
    if (peakOpenCount === openCount) continue;
    openCount = peakOpenCount;
    deadlineMs = performance.now() + nextStreamWithinMs;
  }
  if (openCount === 0) throw new Error(`opened no stream in ${firstStreamWithinMs / 1000} s`);
}

/** Half way between two events, so that a window of whole seconds holds as many events, and all the work on them. */
async function untilBetweenEvents(server: BenchServer): Promise<void> {
  const { writtenEventCount } = await server.stats();
  while ((await server.stats()).writtenEventCount === writtenEventCount) await wait(tickLookEveryMs);
  await wait(halfTickMs);
}

async function look(server: BenchServer, child: Child) {
  const stats = await server.stats();
  const atMs = performance.now();
  const found = await createLinuxProbe(child.pid, { includeGroup: true }).look();
  const { pssBytes, cpuMs } = await found.readMemory(true);
  if (pssBytes === null || cpuMs === null) throw new Error('its memory can not be read');
  return { stats, atMs, pssBytes, cpuMs };
}
