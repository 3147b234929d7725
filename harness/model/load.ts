import type { BehaviourName } from './streams.ts';

/** A stretch of the load: what is held, or comes a second, changes evenly from what it was to `target`. */
export interface LoadStage {
  /** 0: at once, a step. */
  durationMs: number;
  /** Streams held (`closed`) or streams that come a second (`open`), over all workers. */
  target: number;
}

/**
 * How clients come.
 * - `closed`: a number of streams is held; whoever leaves is replaced.
 * - `open`: clients come at a rate, whatever becomes of those before them; times count from when they were to come.
 */
export interface LoadPlan {
  model: 'closed' | 'open';
  /** Run one after the other, beginning at nothing. */
  stages: LoadStage[];
  /** Behaviour → weight: what the clients are. */
  mix: Partial<Record<BehaviourName, number>>;
  /** Mean of the exponentially distributed time after which a client leaves by itself; null: it stays. */
  meanLifetimeMs: number | null;
  /** Processes that share the work; null: as many as the streams need. */
  workerCount: number | null;
  /** False: nobody asked for this number, so that less will do where the machine has no room for it. */
  asked: boolean;
}

/** What is measured of streams, each in a histogram of bounded size. Values are milliseconds. */
export type TimingName =
  /** From the open to the first byte, and to the first event. In an open model: from when the stream was to open. */
  | 'firstByte'
  | 'firstEvent'
  /** From the time that an event carries to its arrival; only events that were made while the stream was open. */
  | 'event'
  /** From the open to the end. */
  | 'duration'
  /** From when a stream was to be opened to when it was. */
  | 'lateness';

/** Timings as text: HdrHistogram's V2 format, compressed, base64. Only those with values in them. */
export type EncodedTimings = Partial<Record<TimingName, string>>;

/** Percentiles of one timing. */
export interface TimingSummary {
  count: number;
  meanMs: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
}

/** How well the processes that make the load are, over the interval before. Of several workers: sums, or the worst one's. */
export interface GeneratorHealth {
  workerCount: number;
  /** How much later than due timers fired: 99 % of them were no later than this, and the latest. */
  loopDelayP99Ms: number;
  loopDelayMaxMs: number;
  /** CPU cores of the busiest worker, and of all of them. */
  busiestCores: number;
  cores: number;
  rssBytes: number;
  /** The same before the first stream was opened. */
  emptyRssBytes: number;
  heapUsedBytes: number;
}
