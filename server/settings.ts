import { freeDescriptors } from './descriptors.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const second = 1000;

export const storeKinds = ['jsonl', 'sqlite'] as const;
export type StoreKind = (typeof storeKinds)[number];

export interface ServerSettings {
  /** Folder that holds `<workflowId>/events.jsonl`, or `events.db`. */
  dir: string;
  /** Where the events are: a file a workflow, or one SQLite database. */
  store: StoreKind;
  /** Streams a workflow. */
  limit: number;
  /** A stream is closed when it is this old; at most 2^31 - 1, the longest that a Node timer waits. */
  maxDurationMs: number;
  /** Events that a new stream starts with. */
  recentEvents: number;
  heartbeatMs: number;
  /** Bytes that may wait in the server for one slow reader; exceeded only by one line longer than `typicalBatchBytes`. */
  maxQueueBytes: number;
  /** Bytes that may wait in the server for all slow readers together. */
  maxQueuesBytes: number;
  /** How long clients wait before they reconnect. */
  retryMs: number;
  /** A reader whose queue is full and whose socket takes no byte for so long is a slow consumer. */
  stallMs: number;
  /** A peer whose socket takes no byte for so long, though some are waiting, has vanished. */
  vanishedMs: number;
  /** After its last event a stream gets so long to take what is queued. */
  lingerMs: number;
  /** On shutdown all streams together get so long; then their sockets are destroyed. */
  shutdownGraceMs: number;
  /** A connection gets so long for the head of a request; then it gets a 408. */
  headTimeoutMs: number;
  /** Of a request that brings events; more gets a 413. */
  maxBodyBytes: number;
  /** Of all bodies that are being read or stored; beyond it a 503. */
  maxHeldBodyBytes: number;
  maxEventsPerRequest: number;
  /** A body gets so long to be here; then the request gets a 408. */
  bodyTimeoutMs: number;
  /** Pages of history that are read or sent at a time; beyond it a 503. */
  maxHistoryReaders: number;
  /** Older events are archived, about every hour; null: never. */
  retainDays: number | null;
  /** Connections without a stream: beyond so many, the one that has waited longest makes room for the next. */
  maxWaiting: number;
  /** Certificate and key, as PEM: connections are encrypted. Null: they are not. */
  tls: { cert: string; key: string } | null;
  /** Descriptors that streams, the files that they follow and `maxWaiting` may take together. Beyond it, streams get a 503. */
  maxDescriptors: number;
}

/** More than browsers and probes keep open at a time; at 10,000 connects a second each still has 100 ms for its request. */
const usualWaiting = 1000;
/** Each may hold 256 KiB, and the disk's readers are 4. */
const usualHistoryReaders = 32;
const maxDescriptors = freeDescriptors();

export const defaultSettings: ServerSettings = {
  dir: 'agents',
  store: 'jsonl',
  limit: 5,
  maxDurationMs: 3600 * second,
  recentEvents: 1000,
  heartbeatMs: 15 * second,
  maxQueueBytes: 1 * MiB,
  // As much as the server takes with a few hundred streams anyway.
  maxQueuesBytes: 64 * MiB,
  retryMs: 3 * second,
  // Longer than a busy tab pauses. Linux takes bytes again only once a third of the socket's send buffer is free, so
  // a reader that needs more than this for that third (up to 1.3 MB) counts as stalled, though it moves.
  stallMs: 5 * second,
  // Two heartbeats. It needs a full send buffer: the few bytes of heartbeats alone fit into it, and a peer that does
  // not acknowledge those is given up by the kernel (on Linux after some 15 minutes, see tcp_retries2).
  vanishedMs: 30 * second,
  lingerMs: 5 * second,
  // Service managers wait longer than this before they kill; the promise is to be gone within 2 s.
  shutdownGraceMs: 1 * second,
  // Heads are a few hundred bytes. A radio that wakes up or a lost packet sent again three times is done by then.
  headTimeoutMs: 10 * second,
  maxBodyBytes: 4 * MiB,
  maxHeldBodyBytes: 32 * MiB,
  maxEventsPerRequest: 1000,
  // 4 MiB in it are 3.4 Mbit/s.
  bodyTimeoutMs: 10 * second,
  maxHistoryReaders: Math.min(usualHistoryReaders, Math.ceil(maxDescriptors / 8)),
  retainDays: null,
  // Where few files may be open, most of them are for streams.
  maxWaiting: Math.min(usualWaiting, Math.ceil(maxDescriptors / 4)),
  tls: null,
  maxDescriptors,
};

/** The longest delay that setTimeout keeps; more than this fires at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** The event log hands over about so much at a time, or a single line that is longer. */
export const typicalBatchBytes = 256 * KiB;
