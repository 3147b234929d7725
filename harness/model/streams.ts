import type { ProtocolPlan, StreamAnswer } from './protocol.ts';

export type BehaviourName =
  | 'tab'
  | 'graceful-close'
  | 'abrupt-drop'
  | 'drop-before-first-byte'
  | 'drop-mid-event'
  | 'slow-reader'
  | 'stalled-reader'
  | 'request-then-silence'
  | 'half-close'
  | 'half-open'
  | 'reconnect'
  | 'reconnect-storm'
  | 'pipelined'
  | 'http-1.0'
  | 'keeping-proxy'
  | 'random-lifetime';

export interface StreamRequest {
  url: string;
  headers: Record<string, string>;
  /** How it is asked for and read; default: as an event stream over GET. */
  protocol?: ProtocolPlan;
  /** What `{key}` stands for in the body and in messages of the client. */
  key?: string;
  /** The event that it resumes behind; in the URL where that has `{lastEventId}`, otherwise in the header of event streams. */
  lastEventId?: string;
  /**
   * When the client leaves by itself.
   * - `drop-before-first-byte`: milliseconds behind the request; default 0.
   * - `drop-mid-event`: milliseconds behind the request from which on the middle of an event will do; default 0.
   * - `reconnect`: milliseconds from each connect to the RST; without it the client itself drops nothing.
   * - `reconnect-storm`: the period whose multiples, on the machine's monotonic clock, all members drop at;
   *   default 5,000.
   */
  dropAfterMs?: number;
  /** Mean of the lifetimes of `random-lifetime`; default 10,000. */
  meanLifetimeMs?: number;
  /** What `slow-reader` takes; default 256 KiB. */
  bytesPerSecond?: number;
  /** How long the proxy of `keeping-proxy` keeps the connection to the server behind its client; default 2,000. */
  keepMs?: number;
  /**
   * Source address of the connections. `half-open` has one of its own for each stream and does not read it; with
   * `keeping-proxy` it is the proxy's.
   */
  localAddress?: string;
  /** Its port, for clients with a single connection; `tab`, `reconnect`, `reconnect-storm` and the proxy have ports of the system's choice. */
  localPort?: number;
  /** A number in [0, 1), where the behaviour draws some; default `Math.random`. */
  random?(): number;
  observer?: StreamObserver;
}

/**
 * Is told what streams see while they run. One for many streams: it must not keep anything of any of them, and is called for
 * each event, so it has to be quick.
 */
export interface StreamObserver {
  /** A stream got in for the first time. */
  accepted(): void;
  /** A stream that had got in is over, and its socket closed. */
  left(): void;
  /** `openedMs`: when the stream was opened, on the clock of `performance.now()`. */
  sawEvent(data: string, openedMs: number): void;
}

/** How a stream ended, and who ended it. */
export type StreamEnding =
  /** The client ended it, as its behaviour says. */
  | 'client'
  /** The server finished a 200 response properly. */
  | 'server-end'
  /** The server answered with a no; the body, if any, has been read. */
  | 'refused'
  /** The connection broke in the middle of a response, or before its head. */
  | 'server-reset'
  /** No connection could be made. */
  | 'connect-failed'
  /** What arrived was not what the protocol has. */
  | 'protocol-error';

/** One stream, as its client saw it from the first byte sent to the end. Times are since the open. */
export interface StreamRecord {
  behaviour: BehaviourName;
  /** Milliseconds since the run began. */
  elapsedMs: number;
  key: string;
  status: number | null;
  /** Null: none came while the client listened. */
  answer: StreamAnswer | null;
  firstByteMs: number | null;
  firstEventMs: number | null;
  durationMs: number;
  eventCount: number;
  byteCount: number;
  /** Events that are missing by their `id`; 0 where ids do not tell (see streams/event-order.ts). */
  gapCount: number;
  duplicateCount: number;
  /** Different events among them that the harness wrote itself, known by the number that it put into them. */
  fedEventCount: number;
  fedGapCount: number;
  fedDuplicateCount: number;
  /** How often it lost or dropped its connection and went on by itself: `tab`, `reconnect`, `reconnect-storm`. */
  reconnectCount: number;
  /** How ids were read: as byte offsets, as a sequence, or not at all. */
  idScheme: 'offset' | 'sequence' | 'opaque' | 'none';
  ending: StreamEnding;
  /** Why the server ended it, in its own words: `reason` of the event that ends it, its raw data when that is no JSON object, or what its close frame says; null: it said nothing. */
  closeReason: string | null;
  /** Milliseconds from the open to that. */
  closeEventMs: number | null;
  retryAfter: string | null;
  /**
   * What went wrong, in words: always for the endings that are errors; with `client` why its last connection broke or why it was given
   * up, with `refused` where the server wanted to send it instead.
   */
  error: string | null;
}

/** An open stream in the hands of a scenario. */
export interface OpenStream {
  /** Resolves with what the server said, or null if the stream ended before that was known. Never rejects. */
  readonly answered: Promise<StreamAnswer | null>;
  /** Resolves true at the first event, false if the stream ended without one. Never rejects. */
  readonly firstEvent: Promise<boolean>;
  /** Resolves true once `count` events have come, false if the stream ended with fewer. Never rejects. */
  receives(count: number): Promise<boolean>;
  /** Resolves when the stream is over and its socket is closed. Never rejects. */
  readonly ended: Promise<Omit<StreamRecord, 'elapsedMs' | 'key'>>;
  readonly eventCount: number;
  readonly lastEventId: string;
  /** Ends the stream as its behaviour does. Idempotent. */
  end(): void;
}

/** What the client at the other end does. One file each in `streams/`. */
export interface Behaviour {
  name: BehaviourName;
  /** One line for people. */
  describes: string;
  open(request: StreamRequest): OpenStream;
}
