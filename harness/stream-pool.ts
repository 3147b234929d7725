import type {
  Behaviour,
  BehaviourName,
  JournalEntry,
  OpenOptions,
  OpenStream,
  StreamRecord,
  TallyEntry,
} from './model.ts';

export interface PoolOptions {
  scenario: string;
  behaviours: Record<BehaviourName, Behaviour>;
  headers: Record<string, string>;
  elapsedMs(): number;
  write(entry: JournalEntry): void;
}

/** All streams of a scenario: opened here, journalled when they end, and closed when the scenario is over. */
export interface StreamPool {
  readonly openCount: number;
  /** Events received by all streams of the pool, ended ones included. */
  readonly eventCount: number;
  open(behaviour: BehaviourName, url: string, key: string, phase: string, options: OpenOptions): OpenStream;
  /** Ends all open streams; resolves when their sockets are closed. */
  endAll(): Promise<void>;
  /** Writes what was tallied since the last time. */
  flushTallies(): void;
}

export function createStreamPool(options: PoolOptions): StreamPool {
  const { scenario, behaviours, elapsedMs, write } = options;
  const open = new Set<OpenStream>();
  const tallies = new Map<string, TallyEntry>();
  let endedEventCount = 0;

  const tally = (phase: string, record: Omit<StreamRecord, 'elapsedMs' | 'key'>) => {
    const name = `${phase}\n${record.behaviour}`;
    let entry = tallies.get(name);
    if (entry === undefined) {
      entry = emptyTally(scenario, phase, record.behaviour);
      tallies.set(name, entry);
    }
    entry.streamCount++;
    entry.endings[record.ending] = (entry.endings[record.ending] ?? 0) + 1;
    const status = record.status === null ? 'none' : String(record.status);
    entry.statuses[status] = (entry.statuses[status] ?? 0) + 1;
    entry.eventCount += record.eventCount;
    entry.byteCount += record.byteCount;
  };

  return {
    get openCount() {
      return open.size;
    },
    get eventCount() {
      let count = endedEventCount;
      for (const stream of open) count += stream.eventCount;
      return count;
    },
    open(behaviour, url, key, phase, { dropAfterMs, headers, tally: tallied = false }) {
      const openedMs = elapsedMs();
      const stream = behaviours[behaviour].open({
        url,
        headers: { ...options.headers, ...headers },
        ...(dropAfterMs === undefined ? {} : { dropAfterMs }),
      });
      open.add(stream);
      void stream.ended.then((record) => {
        open.delete(stream);
        endedEventCount += record.eventCount;
        if (tallied) tally(phase, record);
        else write({ type: 'stream', scenario, phase, ...record, key, elapsedMs: openedMs });
      });
      return stream;
    },
    async endAll() {
      const streams = [...open];
      for (const stream of streams) stream.end();
      await Promise.all(streams.map((stream) => stream.ended));
    },
    flushTallies() {
      for (const entry of tallies.values()) write({ ...entry, elapsedMs: elapsedMs() });
      tallies.clear();
    },
  };
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
  };
}
