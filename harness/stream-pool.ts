import { saidBy } from './checks/answers.ts';
import { hearsNothing, SILENT_MS } from './checks/hears-nothing.ts';
import type {
  BehaviourName,
  JournalEntry,
  OpenOptions,
  OpenStream,
  ProtocolPlan,
  StreamObserver,
  StreamRecord,
  StreamRequest,
  TallyEntry,
} from './model.ts';
import { openStream } from './streams/open-stream.ts';
import { Timings } from './timings.ts';

export interface PoolOptions {
  scenario: string;
  protocol: ProtocolPlan;
  headers: Record<string, string>;
  /** The time that an event carries (event-times.ts), or null. */
  eventTime(data: string): number | null;
  elapsedMs(): number;
  write(entry: JournalEntry): void;
}

export interface PoolOpenOptions
  extends OpenOptions,
    Pick<StreamRequest, 'localAddress' | 'localPort' | 'meanLifetimeMs' | 'random'> {
  /** How much later than planned it is opened. Its times count from when it was planned: a wait is a wait. */
  latenessMs?: number;
  /** Is told, synchronously with the pool's own book-keeping, that the stream is over. */
  onEnd?(record: Omit<StreamRecord, 'elapsedMs' | 'key'>): void;
}

/** All streams of a scenario: opened here, journalled when they end, and closed when the scenario is over. */
export interface StreamPool {
  readonly openCount: number;
  /** Of these, the ones that are held: that got in, or by their behaviour never hear whether they did. */
  readonly heldCount: number;
  /** The others: on their way, or still waiting for an answer. */
  readonly connectingCount: number;
  /** Events received by all streams of the pool, ended ones included. */
  readonly eventCount: number;
  open(
    behaviour: BehaviourName,
    url: string,
    key: string,
    phase: string,
    options: PoolOpenOptions,
  ): OpenStream;
  /** Ends all open streams; resolves when their sockets are closed. */
  endAll(): Promise<void>;
  /** Writes what was tallied and timed since the last time, in the phase that is about to end. */
  flush(phase: string): void;
}

/** What a pool keeps of all streams of one behaviour: as much for a million of them as for one. */
class Meter implements StreamObserver {
  timings = new Timings();
  openCount = 0;
  acceptedCount = 0;
  eventCount = 0;
  readonly #eventTime: (data: string) => number | null;

  constructor(eventTime: (data: string) => number | null) {
    this.#eventTime = eventTime;
  }

  accepted(): void {
    this.acceptedCount += 1;
  }

  left(): void {
    this.acceptedCount -= 1;
  }

  sawEvent(data: string, openedMs: number): void {
    this.eventCount += 1;
    const madeAt = this.#eventTime(data);
    // An event from before the stream was opened is history: its age says nothing of the way here.
    if (madeAt === null || madeAt < performance.timeOrigin + openedMs) return;
    this.timings.record('event', Math.max(0, Date.now() - madeAt));
  }

  sawEnd({ firstByteMs, firstEventMs, durationMs }: TimedRecord, latenessMs: number): void {
    if (firstByteMs !== null) this.timings.record('firstByte', firstByteMs + latenessMs);
    if (firstEventMs !== null) this.timings.record('firstEvent', firstEventMs + latenessMs);
    this.timings.record('duration', durationMs);
  }
}

type TimedRecord = Pick<StreamRecord, 'firstByteMs' | 'firstEventMs' | 'durationMs'>;

export function createStreamPool(options: PoolOptions): StreamPool {
  const { scenario, protocol, elapsedMs, write } = options;
  const open = new Set<OpenStream>();
  const tallies = new Map<string, TallyEntry>();
  const meters = new Map<BehaviourName, Meter>();

  const meterOf = (behaviour: BehaviourName): Meter => {
    let meter = meters.get(behaviour);
    if (meter === undefined) {
      meter = new Meter(options.eventTime);
      meters.set(behaviour, meter);
    }
    return meter;
  };
  const sum = (value: (meter: Meter) => number) =>
    [...meters.values()].reduce((all, one) => all + value(one), 0);
  const tallyOf = (phase: string, behaviour: BehaviourName): TallyEntry => {
    const name = `${phase}\n${behaviour}`;
    let entry = tallies.get(name);
    if (entry === undefined) {
      entry = emptyTally(scenario, phase, behaviour);
      tallies.set(name, entry);
    }
    return entry;
  };

  return {
    get openCount() {
      return open.size;
    },
    get heldCount() {
      let count = 0;
      for (const [behaviour, meter] of meters)
        count += hearsNothing.has(behaviour) ? meter.openCount : meter.acceptedCount;
      return count;
    },
    get connectingCount() {
      return open.size - this.heldCount;
    },
    get eventCount() {
      return sum((meter) => meter.eventCount);
    },
    open(behaviour, url, key, phase, { tally = false, latenessMs, onEnd, ...request }) {
      const openedMs = elapsedMs();
      const meter = meterOf(behaviour);
      if (latenessMs !== undefined) meter.timings.record('lateness', latenessMs);
      const stream = openStream(behaviour, {
        ...request,
        protocol,
        key,
        url,
        headers: options.headers,
        observer: meter,
      });
      open.add(stream);
      meter.openCount += 1;
      void stream.ended.then((record) => {
        open.delete(stream);
        meter.openCount -= 1;
        meter.sawEnd(record, latenessMs ?? 0);
        if (tally) addTo(tallyOf(phase, behaviour), record);
        else write({ type: 'stream', scenario, phase, ...record, key, elapsedMs: openedMs });
        onEnd?.(record);
      });
      return stream;
    },
    async endAll() {
      const streams = [...open];
      for (const stream of streams) stream.end();
      await Promise.all(streams.map((stream) => stream.ended));
    },
    flush(phase) {
      for (const entry of tallies.values()) write({ ...entry, elapsedMs: elapsedMs() });
      tallies.clear();
      for (const [behaviour, meter] of meters) {
        const timings = meter.timings.encode();
        if (Object.keys(timings).length === 0) continue;
        meter.timings = new Timings();
        write({ type: 'timings', scenario, phase, behaviour, elapsedMs: elapsedMs(), timings });
      }
    },
  };
}

/** They may have no whole event, however long they are open. */
const readsLittle: ReadonlySet<BehaviourName> = new Set(['stalled-reader', 'half-close', 'drop-mid-event']);

function addTo(entry: TallyEntry, record: Omit<StreamRecord, 'elapsedMs' | 'key'>): void {
  entry.streamCount++;
  entry.endings[record.ending] = (entry.endings[record.ending] ?? 0) + 1;
  const status = saidBy(record);
  entry.statuses[status] = (entry.statuses[status] ?? 0) + 1;
  entry.eventCount += record.eventCount;
  entry.byteCount += record.byteCount;
  entry.reconnectCount += record.reconnectCount;
  entry.gapCount += record.gapCount;
  entry.duplicateCount += record.duplicateCount;
  entry.fedEventCount += record.fedEventCount;
  entry.fedGapCount += record.fedGapCount;
  entry.fedDuplicateCount += record.fedDuplicateCount;
  const isSilent = record.answer === 'accepted' && record.eventCount === 0 && record.durationMs >= SILENT_MS;
  if (isSilent && !readsLittle.has(record.behaviour)) entry.silentCount++;
  entry.lastError = record.error ?? entry.lastError;
}

function emptyTally(scenario: string, phase: string, behaviour: BehaviourName): TallyEntry {
  return {
    type: 'tally',
    scenario,
    elapsedMs: 0,
    phase,
    behaviour,
    streamCount: 0,
    endings: {},
    statuses: {},
    eventCount: 0,
    byteCount: 0,
    gapCount: 0,
    duplicateCount: 0,
    fedEventCount: 0,
    fedGapCount: 0,
    fedDuplicateCount: 0,
    silentCount: 0,
    reconnectCount: 0,
    lastError: null,
  };
}
