import { constants } from 'node:os';
import { watchOomKills } from './environment/oom.ts';
import { HydrotestError } from './errors.ts';
import type { ProcessReading } from './model.ts';
import { countPortSockets } from './probes/sockets.ts';
import type { TargetProbe } from './probes/target-probe.ts';
import { findListener } from './targets/listener.ts';
import type { Target } from './targets/target.ts';
import { until } from './waiting.ts';

/** One target while a scenario uses it, with what can be read of it. */
export interface Session {
  target: Target;
  port: number;
  probe: TargetProbe;
}

/** How long the target may take to notice that its clients are gone. */
const DRAIN_MS = 10_000;

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

/**
 * Aborts when the target ends by itself. `dispose` first, before the target is stopped on purpose. `lastRssBytes`: of the latest
 * reading, for a process that was ended for want of memory.
 */
export function watchTarget(
  target: Target,
  lastRssBytes: () => number | null = () => null,
): { signal: AbortSignal; dispose(): void } {
  const lost = new AbortController();
  let watching = true;
  const oom = watchOomKills(target.pid);
  void target.exited.then(({ code, signal }) => {
    if (!watching) return;
    // A shell that waited for the server says 128 and the signal's number (POSIX: "greater than 128").
    const told = signal ?? signalOf(code);
    const exit = `with exit code ${code}${told === null ? '' : ` (${told})`}`;
    // Of a process that somebody else has started only they are told.
    const unknown = signal === null && code === null;
    const how = unknown ? '(how, only whoever started it knows)' : signal === null ? exit : `by ${signal}`;
    const cause = told === 'SIGKILL' ? withReading(oom.explain(), lastRssBytes()) : null;
    const output = target.lastOutput();
    const last = output === '' ? '' : `; its last output:\n${output}`;
    lost.abort(
      new HydrotestError(
        'target-lost',
        `process ${target.pid} ended ${how}${cause === null ? '' : `: ${cause}`}${last}`,
        {
          observed: { code, signal },
        },
      ),
    );
  });
  return {
    signal: lost.signal,
    dispose() {
      watching = false;
    },
  };
}

/** A supervisor needs a moment to start the next process. */
const SUCCESSOR_MS = 2000;

/**
 * Who listens in the place of a server that was attached to and has ended, as the end of a sentence; empty: nobody in 2 s, or it
 * cannot be seen (Linux only). What becomes of the command of a spawned one is `watchServer`'s business. Never rejects.
 */
export async function successorOf({ target, port }: Session, signal: AbortSignal): Promise<string> {
  if (target.kind === 'spawned' || process.platform !== 'linux') return '';
  const isFound = () => findListener(port, target.pid) !== null;
  await until(isFound, SUCCESSOR_MS, signal).catch(() => false);
  const next = findListener(port, target.pid);
  return next === null ? '' : `; process ${next.pid} listens on port ${port} now: it was restarted`;
}

function withReading(cause: string | null, rssBytes: number | null): string | null {
  if (cause === null || rssBytes === null) return cause;
  return `${cause}; the last reading before was ${Math.round(rssBytes / 1e6)} MB of resident memory`;
}

function signalOf(code: number | null): string | null {
  if (code === null || code <= 128) return null;
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] ?? null;
}
