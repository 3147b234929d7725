import { HydrotestError } from '../errors.ts';
import type { HeldEntry, JournalEntry, LoadEntry, LoadPlan, RunConfig } from '../model.ts';
import { openFileLimits } from '../probes/open-files.ts';
import type { Session } from '../session.ts';
import { takeSeat } from '../streams/pace.ts';
import { fill } from '../template.ts';
import { sleep } from '../waiting.ts';
import { type Crew, startCrew } from './crew.ts';
import { READ_PHASE } from './phases.ts';
import { fitted, lackOfRoom, sizeOf, streamsPerWorker } from './room.ts';
import { describeStage, highestTarget } from './schedule.ts';
import { firstAddressOf } from './source-addresses.ts';

export interface RunLoadOptions {
  scenario: string;
  config: RunConfig;
  session: Session;
  signal: AbortSignal;
  firstKeyNumber: number;
  randomSeed: number;
  elapsedMs(): number;
  write(entry: JournalEntry): void;
  beginPhase(name: string): Promise<void>;
  /** Called about once a second with the number of keys in use; returns how many events were fed. */
  meanwhile(keyCount: number): Promise<number>;
  onProgress(text: string): void;
}

/** What a load shows while it goes on. */
export interface RunningLoad {
  openCount(): number;
  eventCount(): number;
  /** Null until every worker has told since the last call. */
  entry(phase: string): LoadEntry | null;
}

const MEANWHILE_MS = 1000;

/** Streams on a key where the target promises no limit. */
const SLOTS_PER_KEY = 10;

/** Of the limit, this part is used: a slot that is given back a moment late is not to be met by the next client. */
const LIMIT_RATIO = 0.8;

/** A careful reading takes some 4 s at most; in a shorter stage there is none, unless it is the last. */
const READING_MS = 5000;

/**
 * Runs the plan with worker processes and ends all of its streams. `running` is told what there is to see while it lasts.
 *
 * @throws HydrotestError `usage` where there is no room for so many streams, `worker-lost`, and the signal's reason.
 */
export async function runLoad(options: RunLoadOptions, running: (load: RunningLoad) => void): Promise<void> {
  try {
    await loadWithWorkers(options, running);
  } finally {
    takeSeat('alone');
  }
}

async function loadWithWorkers(options: RunLoadOptions, running: (load: RunningLoad) => void): Promise<void> {
  const { config, session, scenario, elapsedMs, write } = options;
  const files = await openFileLimits(session.target.pid, {
    port: session.port,
    includeGroup: session.target.kind === 'spawned',
  });
  const plan = fitted(config.load, files);
  const url = fill(config.url, { port: session.port });
  const size = sizeOf(plan, url);
  const lack = lackOfRoom(size, files);
  if (lack !== null) throw new HydrotestError('usage', `there is no room for this load: ${lack}.`);
  const { streamCount, workerCount } = size;

  const readHeld = async (moment: HeldEntry['moment'], count: () => number) => {
    const heldCountBefore = count();
    const reading = await session.probe.readQuiet({ signal: options.signal });
    write({
      type: 'held',
      scenario,
      elapsedMs: elapsedMs(),
      moment,
      heldCountBefore,
      heldCountAfter: count(),
      reading,
    });
  };
  await options.beginPhase('empty');
  await readHeld('empty', () => 0);

  const slotsPerKey = slotsOf(config.limit, plan);
  // Before they are there.
  takeSeat('beside workers');
  const crew = await startCrew({
    workerCount,
    randomSeed: options.randomSeed,
    signal: options.signal,
    onEntry: (entry) => write('elapsedMs' in entry ? { ...entry, elapsedMs: elapsedMs() } : entry),
    order: {
      plan,
      scenario,
      phase: describeStage(plan, 0),
      url,
      keyTemplate: config.key,
      keySeed: config.seed,
      firstKeyNumber: options.firstKeyNumber + 1,
      slotsPerKey,
      headers: config.headers,
      protocol: config.protocol,
      eventTime: config.eventTime,
      remote: config.remote,
      addressCount: size.addressesPerWorker ?? 0,
      firstAddress: firstAddressOf(process.pid),
      roomCount: streamsPerWorker(),
    },
  });
  const hasKeys = config.url.includes('{key}');
  const keyCount = () =>
    hasKeys ? Math.ceil(Math.max(streamCount, crew.counts().slotCount) / slotsPerKey) : 1;
  let fedEventCount = 0;
  /** What its workers tell while they end it says nothing of the load. */
  let isEnding = false;
  const load: RunningLoad = {
    openCount: () => crew.counts().openCount,
    eventCount: () => crew.counts().eventCount,
    entry(phase) {
      const health = isEnding ? null : crew.health();
      if (health === null) return null;
      const { plannedCount, heldCount, startedCount, missedCount } = crew.counts();
      return {
        type: 'load',
        scenario,
        elapsedMs: elapsedMs(),
        phase,
        model: plan.model,
        plannedCount,
        heldCount,
        startedCount,
        missedCount,
        fedEventCount,
        keyCount: keyCount(),
        health,
      };
    },
  };
  running(load);
  try {
    const ending = new AbortController();
    const signal = AbortSignal.any([options.signal, crew.lost, ending.signal]);
    const fed = meanwhileLoop(signal, async () => {
      fedEventCount += await options.meanwhile(keyCount());
    });
    // What cannot be fed ends the load at once, and not when its time is up.
    fed.catch((error: unknown) => ending.abort(error));
    try {
      await runStages(options, plan, crew, signal, () => readHeld('held', () => crew.counts().heldCount));
    } finally {
      ending.abort();
      await fed;
    }
  } finally {
    isEnding = true;
    await crew.stop();
    isEnding = false;
  }
  if (crew.lost.aborted) throw crew.lost.reason;
  // A number held was told while it was; arrivals are only known when the last one is.
  const last = plan.model === 'open' ? load.entry(describeStage(plan, plan.stages.length - 1)) : null;
  if (last !== null) write(last);
}

/** Clients at a time on one key. One that pipelines has two streams to the server. */
function slotsOf(limit: number | null, { mix }: LoadPlan): number {
  const streams = limit === null ? SLOTS_PER_KEY : limit * LIMIT_RATIO;
  return Math.max(1, Math.floor(mix.pipelined === undefined ? streams : streams / 2));
}

/** One stage after the other, by the clock: what the target does has no part in it. */
async function runStages(
  { beginPhase, onProgress }: RunLoadOptions,
  plan: LoadPlan,
  crew: Crew,
  signal: AbortSignal,
  readHeld: () => Promise<void>,
): Promise<void> {
  const { stages } = plan;
  const most = highestTarget(stages);
  let endMs = performance.now() + (crew.beginsAtMs - Date.now());
  const enter = async (name: string) => {
    await beginPhase(name);
    crew.setPhase(name);
  };
  // Apart from the stage around it: a collection stops the target, and its clients' events wait.
  const read = async (index: number) => {
    await enter(READ_PHASE);
    await readHeld();
    if (index < stages.length - 1) await enter(describeStage(plan, index));
  };
  for (const [index, { durationMs, target }] of stages.entries()) {
    const name = describeStage(plan, index);
    const isLast = index === stages.length - 1;
    endMs += durationMs;
    if (durationMs === 0 && !isLast) continue;
    await enter(name);
    const isHighest = target === most && (stages[index - 1]?.target === most || durationMs === 0 || isLast);
    const readAtMs = isLast ? endMs : endMs - READING_MS;
    for (let left = endMs - performance.now(); left > 0; left = endMs - performance.now()) {
      const { heldCount } = crew.counts();
      onProgress(`${heldCount} held, ${Math.ceil(left / 1000)} s left`);
      const untilReading = readAtMs - performance.now();
      await sleep(Math.max(1, Math.min(1000, left, untilReading > 0 ? untilReading : left)), signal);
      if (isHighest && !isLast && untilReading > 0 && performance.now() >= readAtMs) await read(index);
    }
    if (isHighest && isLast) await read(index);
  }
}

async function meanwhileLoop(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    for (;;) {
      const began = performance.now();
      await work();
      await sleep(Math.max(1, MEANWHILE_MS - (performance.now() - began)), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
