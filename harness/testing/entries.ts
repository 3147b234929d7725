/** Single journal entries of a good run, made up. */
import type {
  BehaviourName,
  CycleEntry,
  DoseUnit,
  DrainEntry,
  FeedEntry,
  HeldEntry,
  LoadEntry,
  ProcessReading,
  QuietReading,
  RequestsEntry,
  SampleEntry,
  ScenarioRecord,
  StreamRecord,
  TallyEntry,
  TimingsEntry,
} from '../model.ts';
import { createRandom } from '../random.ts';
import { Timings } from '../timings.ts';
import { MIN_CYCLES } from '../verdict/estimate-leak.ts';

/** Each scenario takes so long. */
export const SCENARIO_MS = 10_000;

export function readingOf(over: Partial<ProcessReading> = {}): ProcessReading {
  return {
    processCount: 1,
    rssBytes: 100e6,
    swapBytes: 0,
    peakRssBytes: 110e6,
    cpuMs: 200,
    threadCount: 11,
    fdCount: 34,
    sockets: { listen: 1 },
    ...over,
  };
}

/** A careful reading of a server whose heap has grown by so much. */
export function quietReadingOf(grownBytes = 0): QuietReading {
  const { sockets: _, ...reading } = readingOf();
  return {
    ...reading,
    pssBytes: 90e6 + grownBytes,
    anonymousBytes: 60e6 + grownBytes,
    heap: { usedBytes: 7e6 + grownBytes, arrayBufferBytes: 1e6, externalBytes: 2e6, processCount: 1 },
    settled: true,
  };
}

type JournalledStream = ScenarioRecord['streams'][number];

/** A stream that was let in, got an event, and was closed by its client. */
export function streamOf(phase: string, over: Partial<StreamRecord> = {}): JournalledStream {
  const { status = 200 } = over;
  const answers: Record<string, StreamRecord['answer']> = { 200: 'accepted', 429: 'limited' };
  return {
    phase,
    behaviour: 'graceful-close',
    elapsedMs: 1000,
    key: 'key-1',
    status,
    answer: status === null ? null : (answers[status] ?? 'other'),
    firstByteMs: 3,
    firstEventMs: 4,
    durationMs: 500,
    eventCount: 1,
    byteCount: 400,
    gapCount: 0,
    duplicateCount: 0,
    fedEventCount: 0,
    fedGapCount: 0,
    fedDuplicateCount: 0,
    reconnectCount: 0,
    idScheme: 'offset',
    ending: 'client',
    closeReason: null,
    closeEventMs: null,
    retryAfter: null,
    error: null,
    ...over,
  };
}

export const REFUSED = {
  status: 429,
  answer: 'limited',
  ending: 'refused',
  firstEventMs: null,
  eventCount: 0,
  retryAfter: '5',
} satisfies Partial<StreamRecord>;

/** The cycles again as a fresh process would show them, which confirms what they say. */
export function confirmationOf(cycles: readonly CycleEntry[]): CycleEntry[] {
  return cycles.map((cycle) => ({ ...cycle, attempt: 1, elapsedMs: cycle.elapsedMs + 5000 }));
}

/** A wait of 75 s behind these cycles, at whose end so much of their growth was still there. */
export function drainsOf(cycles: readonly CycleEntry[], keptRatio = 1): DrainEntry[] {
  const counted = cycles.filter(({ warmup }) => !warmup);
  const [first, last] = [counted[0], counted.at(-1)];
  if (first?.reading.heap == null || last?.reading.heap == null) return [];
  const grownBytes = last.reading.heap.usedBytes - first.reading.heap.usedBytes;
  const { reading, scenario, attempt, path } = last;
  const { heap } = last.reading;
  return [0, 75_000].map((waitedMs) => ({
    type: 'drain',
    scenario,
    elapsedMs: last.elapsedMs + waitedMs,
    attempt,
    moment: 'after',
    paths: [path],
    waitedMs,
    reading: {
      ...reading,
      heap: { ...heap, usedBytes: heap.usedBytes - (waitedMs === 0 ? 0 : grownBytes * (1 - keptRatio)) },
    },
  }));
}

/** An idle server is quieter than one that works: its rate a second is decided at the first look. */
const NOISE_BYTES = { work: 16_000, idle: 4000 };

/** Cycles of one path: the level is `levelBytes(cumulative dose)` with a noise of up to 8 KB, and 2 KB when idle. */
export function cyclesOf(
  scenario: string,
  path: string,
  unit: DoseUnit = 'connection',
  levelBytes: (dose: number) => number = () => 0,
  plantedPerUnitBytes = 0,
): CycleEntry[] {
  const random = createRandom(7);
  const noiseBytes = unit === 'second' ? NOISE_BYTES.idle : NOISE_BYTES.work;
  let total = 0;
  return Array.from({ length: 6 + MIN_CYCLES }, (_, index): CycleEntry => {
    // Seconds of an idle path come in fractions, work by the hundred.
    const dose = (random() < 0.5 ? 300 : 600) / (unit === 'second' ? 750 : 1);
    const doses = {
      connection: 0,
      event: 0,
      rejection: 0,
      second: unit === 'second' ? dose : 0.1 + 0.4 * random(),
    };
    total += dose;
    return {
      type: 'cycle',
      scenario,
      elapsedMs: 2000 + index * 100,
      path,
      unit,
      attempt: 0,
      warmup: index < 6,
      look: 1,
      plannedDose: dose,
      landedDose: dose,
      doses: { ...doses, [unit]: dose },
      plantedBytes: plantedPerUnitBytes * dose,
      quiet: true,
      sameProcesses: true,
      reading: {
        ...readingOf({ cpuMs: 200 + 50 * index }),
        pssBytes: 90e6,
        anonymousBytes: 60e6,
        heap: {
          usedBytes: 7e6 + levelBytes(total) + plantedPerUnitBytes * total + (random() - 0.5) * noiseBytes,
          arrayBufferBytes: 1e6,
          externalBytes: 2e6,
          processCount: 1,
        },
        settled: true,
      },
    };
  });
}

/** One at the beginning of each phase, one at its end, and one a second in between. */
export function samplesOf(
  scenario: string,
  phases: ScenarioRecord['phases'],
  startMs: number,
): SampleEntry[] {
  return phases.flatMap(({ phase, elapsedMs: from }, index) => {
    const to = phases[index + 1]?.elapsedMs ?? startMs + SCENARIO_MS;
    const times = [from, to - 1];
    for (let at = from + 1000; at < to - 1; at += 1000) times.splice(-1, 0, at);
    return times.map((elapsedMs) => ({
      type: 'sample' as const,
      scenario,
      elapsedMs,
      phase,
      openStreamCount: 1,
      eventCount: 1,
      readingCount: 1,
      highestRssBytes: readingOf().rssBytes,
      ...readingOf(),
    }));
  });
}

export function tallyOf(
  scenario: string,
  phase: string,
  count: number,
  behaviour?: BehaviourName,
): TallyEntry {
  return {
    type: 'tally',
    scenario,
    elapsedMs: 900,
    phase,
    behaviour: behaviour ?? 'graceful-close',
    streamCount: count,
    endings: { client: count },
    statuses: { 200: count },
    eventCount: count,
    byteCount: 100 * count,
    gapCount: 0,
    duplicateCount: 0,
    fedEventCount: count,
    fedGapCount: 0,
    fedDuplicateCount: 0,
    silentCount: 0,
    reconnectCount: 0,
    lastError: null,
  };
}

export function feedOf(
  scenario: string,
  phase: string,
  key: string,
  eventCount: number,
  byteCount: number,
): FeedEntry {
  return { type: 'feed', scenario, elapsedMs: 1000, phase, key, eventCount, byteCount };
}

export function requestsOf(
  scenario: string,
  phase: string,
  label: 'flood' | 'page',
  status: number,
  count: number,
): RequestsEntry {
  return {
    type: 'requests',
    scenario,
    elapsedMs: 3000,
    phase,
    label,
    plannedCount: count,
    statuses: { [status]: count },
    errorCount: 0,
    timeoutCount: 0,
    latencyMs: { p50: 2, p99: 9, max: 12 },
  };
}

/** How a load goes that two workers make without effort. `heldCount` streams are planned, and there. */
export function loadOf(
  scenario: string,
  phase: string,
  elapsedMs: number,
  heldCount: number,
  over: Partial<LoadEntry> = {},
): LoadEntry {
  return {
    type: 'load',
    scenario,
    elapsedMs,
    phase,
    model: 'closed',
    plannedCount: heldCount,
    heldCount,
    startedCount: 2 * heldCount,
    missedCount: 0,
    fedEventCount: 100,
    keyCount: 20,
    health: {
      workerCount: 2,
      loopDelayP99Ms: 1.2,
      loopDelayMaxMs: 12,
      busiestCores: 0.2,
      cores: 0.3,
      rssBytes: 160e6,
      emptyRssBytes: 120e6,
      heapUsedBytes: 20e6,
    },
    ...over,
  };
}

/** Nothing held, or so many streams, of which each has cost the target `bytesPerStream`. */
export function heldOf(
  scenario: string,
  elapsedMs: number,
  heldCount: number,
  bytesPerStream: number,
): HeldEntry {
  return {
    type: 'held',
    scenario,
    elapsedMs,
    moment: heldCount === 0 ? 'empty' : 'held',
    heldCountBefore: heldCount,
    heldCountAfter: heldCount,
    reading: quietReadingOf(heldCount * bytesPerStream),
  };
}

export function timingsOf(
  scenario: string,
  phase: string,
  elapsedMs: number,
  behaviour: BehaviourName,
): TimingsEntry {
  const timings = new Timings();
  for (const ms of [2, 3, 4, 9]) {
    timings.record('firstByte', ms);
    timings.record('firstEvent', ms + 1);
    timings.record('event', ms / 2);
    timings.record('duration', 1000 * ms);
  }
  return { type: 'timings', scenario, elapsedMs, phase, behaviour, timings: timings.encode() };
}
