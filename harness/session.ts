import { HydrotestError } from './errors.ts';
import type { LeakEvidence, ProcessReading, QuietReading } from './model.ts';
import type { ProcessProbe } from './probes/process-probe.ts';
import { countPortSockets } from './probes/sockets.ts';
import type { HeapProbe } from './probes/v8-heap.ts';
import type { Target } from './targets/target.ts';
import { sleep, until } from './waiting.ts';

/** One target while a scenario uses it, with what can be read of it. */
export interface Session {
  target: Target;
  port: number;
  probe: ProcessProbe;
  /** Null: no heap can be read, so anonymous memory decides on leaks. */
  heap: HeapProbe | null;
  leakProbe: LeakEvidence['probe'];
}

/** How long the target may take to notice that its clients are gone. */
const DRAIN_MS = 10_000;

/** Readings of memory without forced collection, `READING_PAUSE_MS` apart. */
const MAX_READINGS = 8;
const READING_PAUSE_MS = 60;

const HEAP_PAUSES_MS = [200, 400, 800, 1600];

/** Two readings that differ by at most this count as settled. */
const SETTLED_RATIO = 0.01;

/** Waits until the target holds at most `held` connections on its port; false when it still holds more in the end. */
export function drain(session: Session, held: number, signal: AbortSignal): Promise<boolean> {
  return until(
    async () => {
      const states = await countPortSockets(session.port, { pid: session.target.pid });
      if (states === null) return true; // no /proc: nothing to look at, settling has to do
      const { established = 0, close_wait: closeWait = 0 } = states;
      return established + closeWait <= held;
    },
    DRAIN_MS,
    signal,
  );
}

/** A careful reading of a quiet target: drained to `held` connections, collected where possible, and settled. */
export async function readQuiet(session: Session, held: number, signal: AbortSignal): Promise<QuietReading> {
  const drained = await drain(session, held, signal);
  if (session.heap !== null) {
    const { heapBytes, settled } = await readSettledHeap(session.heap, signal);
    return { ...(await session.probe.readCareful()), heapBytes, settled: drained && settled };
  }
  let reading = await session.probe.readCareful();
  for (let attempt = 1; attempt < MAX_READINGS; attempt++) {
    await sleep(READING_PAUSE_MS, signal);
    const next = await session.probe.readCareful();
    const [before, now] = [reading.anonymousBytes ?? reading.rssBytes, next.anonymousBytes ?? next.rssBytes];
    reading = next;
    if (Math.abs(now - before) <= before * SETTLED_RATIO && now >= before) {
      return { ...reading, heapBytes: null, settled: drained };
    }
  }
  return { ...reading, heapBytes: null, settled: false };
}

/**
 * A handler that sleeps between two events holds its stream until it wakes up and sees that the client is gone. So a heap
 * that is still falling is given more and more time, some 3 s in all; one that has settled costs no wait.
 */
async function readSettledHeap(heap: HeapProbe, signal: AbortSignal) {
  let reading = await heap.readSettled({ signal });
  for (const pauseMs of HEAP_PAUSES_MS) {
    if (reading.settled) break;
    await sleep(pauseMs, signal);
    reading = await heap.readSettled({ signal });
  }
  return reading;
}

/** A server that has just begun to listen may still open what it needs; after this long without a change it has. */
const STEADY_MS = 1000;
const STEADY_LIMIT_MS = 8000;

/** Reads the exact counters until they have not changed for a while, and returns the last reading. */
export async function readSteadyLevels(session: Session, signal: AbortSignal): Promise<ProcessReading> {
  let reading = await session.probe.read();
  let since = performance.now();
  await until(
    async () => {
      const before = reading;
      reading = await session.probe.read();
      if (isAbove(reading, before) || isAbove(before, reading)) since = performance.now();
      return performance.now() - since >= STEADY_MS;
    },
    STEADY_LIMIT_MS,
    signal,
  );
  return reading;
}

/** Whether any exact counter of `now` stands above `before`. */
export function isAbove(now: ProcessReading, before: ProcessReading): boolean {
  return (
    (now.fdCount ?? 0) > (before.fdCount ?? 0) ||
    totalSockets(now) > totalSockets(before) ||
    now.processCount > before.processCount
  );
}

function totalSockets(reading: ProcessReading): number {
  return Object.values(reading.sockets ?? {}).reduce((sum, count) => sum + count, 0);
}

/** Aborts when the target ends by itself. `dispose` first, before the target is stopped on purpose. */
export function watchTarget(target: Target): { signal: AbortSignal; dispose(): void } {
  const lost = new AbortController();
  let watching = true;
  void target.exited.then(({ code, signal }) => {
    if (!watching) return;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const output = target.lastOutput();
    const last = output === '' ? '' : `; its last output:\n${output}`;
    lost.abort(
      new HydrotestError('target-lost', `process ${target.pid} ended ${how}${last}`, {
        observed: { code, signal },
      }),
    );
  });
  return {
    signal: lost.signal,
    dispose() {
      watching = false;
    },
  };
}
