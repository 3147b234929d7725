import { connect } from 'node:net';
import { behaviours } from '../../harness/streams/behaviours.ts';
import { median } from '../../harness/verdict/theil-sen.ts';
import { startBenchServer } from './bench-server.ts';

export interface ChurnOptions {
  rounds: number;
  /** Per round and side. */
  cycleCount: number;
  /** Cycles under way at a time. */
  concurrency: number;
}

/** One round: cycles a second of wall-clock time, and CPU microseconds of this process a cycle. */
export interface ChurnRound {
  ours: ChurnSide;
  bare: ChurnSide;
}

interface ChurnSide {
  perSecond: number;
  cpuMicros: number;
}

export interface Churn {
  rounds: ChurnRound[];
  /** Median over the rounds of ours : bare. */
  ratio: number;
}

type Cycle = () => Promise<void>;
const warmUpCycleCount = 1_000;

/**
 * Connect → first event → abort, as fast as one process can: our raw stream client beside a loop over bare sockets that
 * looks at nothing. Both take turns in this process against the same server, so the ratio stands also on a machine
 * whose speed varies.
 */
export async function measureChurn({ rounds, cycleCount, concurrency }: ChurnOptions): Promise<Churn> {
  const server = await startBenchServer();
  try {
    const url = `${server.url}/first`;
    const cycles = { ours: ourCycle(url), bare: bareCycle(url) };
    for (const cycle of Object.values(cycles)) await repeat(cycle, warmUpCycleCount, concurrency);
    const measured: ChurnRound[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const bare = await repeat(cycles.bare, cycleCount, concurrency);
      const ours = await repeat(cycles.ours, cycleCount, concurrency);
      measured.push({ ours, bare });
    }
    return {
      rounds: measured,
      ratio: median(measured.map(({ ours, bare }) => ours.perSecond / bare.perSecond)),
    };
  } finally {
    await server.close();
  }
}

function ourCycle(url: string): Cycle {
  const request = { url, headers: {} };
  return async () => {
    const stream = behaviours['abrupt-drop'].open(request);
    if (!(await stream.firstEvent)) throw new Error('a stream ended before its first event');
    stream.end();
    await stream.ended;
  };
}

function bareCycle(url: string): Cycle {
  const { hostname, port, pathname } = new URL(url);
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept: text/event-stream\r\n\r\n`;
  return () =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.on('error', reject);
      socket.once('data', () => socket.resetAndDestroy());
      socket.on('close', () => resolve());
      socket.write(request);
    });
}

async function repeat(cycle: Cycle, cycleCount: number, concurrency: number): Promise<ChurnSide> {
  let left = cycleCount;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await cycle();
  };
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const elapsedMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: (cycleCount / elapsedMs) * 1000, cpuMicros: (user + system) / cycleCount };
}
