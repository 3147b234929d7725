import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HydrotestError } from '../errors.ts';
import type { GeneratorHealth, JournalEntry } from '../model.ts';
import { helperEnvironment } from '../targets/guard.ts';
import { within } from '../waiting.ts';
import { laterHealth, mergeHealth } from './health.ts';
import type { FromWorker, ToWorker, WorkerCounts, WorkerOrder } from './messages.ts';

export interface CrewOptions {
  /** Alike for all workers but for their share and their seed. */
  order: Omit<WorkerOrder, 'share' | 'beginsAtMs' | 'randomSeed'>;
  workerCount: number;
  randomSeed: number;
  /** Journals what a worker has seen; its `elapsedMs` is the worker's own. */
  onEntry(entry: JournalEntry): void;
  signal: AbortSignal;
}

/** Processes that make a load together. */
export interface Crew {
  /** Wall-clock milliseconds at which the load begins. */
  readonly beginsAtMs: number;
  /** Over all workers, as they last told. */
  counts(): WorkerCounts;
  /** Null until every worker has told since the last call: no reading is taken for two. */
  health(): GeneratorHealth | null;
  setPhase(phase: string): void;
  /** Aborted, with the reason, when a worker ends before its work is done. */
  readonly lost: AbortSignal;
  /** Ends all streams and workers. Resolves when the processes are gone. Idempotent. */
  stop(): Promise<void>;
}

const READY_MS = 30_000;

/** Closing 19,000 sockets takes a worker less than a second. */
const STOP_MS = 20_000;

/** So that all workers begin together. */
const LEAD_MS = 100;
const LAST_OUTPUT_BYTES = 2000;

/**
 * V8's space for new objects, in MB, from the start and for good. Left to itself it starts small, so that what new streams keep is copied
 * again and again, and grows to a size that counts as memory of the streams: 11.0 KiB each at 10,000, and 6.5 with this
 * (`npm run bench -- --only clients`, without and with it).
 */
export const WORKER_FLAGS: readonly string[] = ['--min-semi-space-size=8', '--max-semi-space-size=8'];

interface Worker {
  child: ChildProcess;
  counts: WorkerCounts;
  health: GeneratorHealth | null;
  done: boolean;
  exited: Promise<unknown>;
}

/**
 * Starts the workers, and the load once all of them are there.
 * @throws HydrotestError `worker-lost` when one cannot be started, and the signal's reason.
 */
export async function startCrew(options: CrewOptions): Promise<Crew> {
  const { order, workerCount } = options;
  const lost = new AbortController();
  const signal = AbortSignal.any([options.signal, lost.signal]);
  const workers: Worker[] = [];
  let stopping: Promise<void> | null = null;
  let beginsAtMs = 0;
  const stop = () => {
    stopping ??= Promise.all(workers.map(stopWorker)).then(() => {});
    return stopping;
  };
  try {
    const ready = Array.from({ length: workerCount }, (_, index) => {
      const { worker, isReady } = startWorker(index, {
        onEntry: options.onEntry,
        onLost: (error) => lost.abort(error),
      });
      workers.push(worker);
      return isReady;
    });
    if ((await within(Promise.all(ready), READY_MS, signal)) === null) {
      throw new HydrotestError(
        'worker-lost',
        `of ${workerCount} worker processes not all were ready within ${READY_MS / 1000} s: the machine is overloaded, or ask for fewer with --workers`,
      );
    }
    beginsAtMs = Date.now() + LEAD_MS;
    for (const [index, worker] of workers.entries()) {
      const share = { index, count: workerCount };
      tell(worker, {
        type: 'order',
        order: { ...order, share, beginsAtMs, randomSeed: options.randomSeed + index },
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    beginsAtMs,
    counts: () => sumCounts(workers.map(({ counts }) => counts)),
    health() {
      const all = workers.map(({ health }) => health).filter((health) => health !== null);
      if (all.length < workers.length) return null;
      for (const worker of workers) worker.health = null;
      return mergeHealth(all);
    },
    setPhase(phase) {
      for (const worker of workers) tell(worker, { type: 'phase', phase });
    },
    lost: lost.signal,
    stop,
  };
}

function startWorker(
  index: number,
  on: { onEntry(entry: JournalEntry): void; onLost(error: HydrotestError): void },
): { worker: Worker; isReady: Promise<void> } {
  const entry = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
  const child = fork(entry, [], {
    execArgv: [...WORKER_FLAGS],
    env: helperEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let lastOutput = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    lastOutput = (lastOutput + bytes.toString()).slice(-LAST_OUTPUT_BYTES);
  });
  let setReady = () => {};
  const isReady = new Promise<void>((resolve) => {
    setReady = resolve;
  });
  let setExited = (_: unknown) => {};
  const exited = new Promise<unknown>((resolve) => {
    setExited = resolve;
  });
  const worker: Worker = { child, counts: noCounts, health: null, done: false, exited };
  child.on('message', (message: FromWorker) => {
    if (message.type === 'ready') setReady();
    else if (message.type === 'entry') on.onEntry(message.entry);
    else if (message.type === 'done') worker.done = true;
    else {
      worker.counts = message.counts;
      worker.health = worker.health === null ? message.health : laterHealth(worker.health, message.health);
    }
  });
  const gone = (how: string) => {
    if (!worker.done) {
      const last = lastOutput === '' ? '' : `; its last output:\n${lastOutput.trimEnd()}`;
      on.onLost(
        new HydrotestError(
          'worker-lost',
          `worker process ${index + 1} ${how} in the middle of its work, and with it what it had seen${last}`,
        ),
      );
    }
    setExited(undefined);
  };
  child.once('error', (error) => gone(`failed (${error.message})`));
  child.once('exit', (code, name) => {
    const how = name === null ? `ended with exit code ${code}` : `was ended by ${name}`;
    // What it said last may still be in the channel, whose end comes behind it.
    if (child.connected) child.once('disconnect', () => gone(how));
    else gone(how);
  });
  return { worker, isReady };
}

function tell({ child }: Worker, message: ToWorker): void {
  // A worker that is gone is told of by its exit.
  if (child.connected) child.send(message, () => {});
}

async function stopWorker(worker: Worker): Promise<void> {
  const { child } = worker;
  tell(worker, { type: 'stop' });
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await worker.exited;
  clearTimeout(timer);
}

const noCounts: WorkerCounts = {
  plannedCount: 0,
  startedCount: 0,
  missedCount: 0,
  openCount: 0,
  heldCount: 0,
  eventCount: 0,
  slotCount: 0,
};

function sumCounts(all: WorkerCounts[]): WorkerCounts {
  const names = Object.keys(noCounts) as (keyof WorkerCounts)[];
  const sums = { ...noCounts };
  for (const counts of all) for (const name of names) sums[name] += counts[name];
  return sums;
}
