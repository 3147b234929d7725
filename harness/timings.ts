import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';
import { READ_PHASE } from './load/phases.ts';
import type { EncodedTimings, TimingName, TimingSummary, TimingsEntry } from './model.ts';

const MICROSECONDS = 1000;

/** Two significant digits: a percentile is right to 1 %, and a histogram up to an hour has some 14 KB. */
const DIGITS = 2;
const HOUR_MICROSECONDS = 3600 * 1e6;

/**
 * Times in HDR histograms, of which each is made when the first value comes. Memory is bounded by the range of the
 * values, not by their number. What is below a microsecond counts as one; what is above an hour makes the histogram longer.
 */
export class Timings {
  readonly #histograms = new Map<TimingName, Histogram>();

  record(name: TimingName, ms: number): void {
    this.#of(name).recordValue(Math.max(1, Math.round(ms * MICROSECONDS)));
  }

  /** Adds what another process, or an earlier phase, has measured. */
  add(encoded: EncodedTimings): void {
    for (const [name, text] of Object.entries(encoded)) {
      this.#of(name as TimingName).add(decodeFromCompressedBase64(text, 32, false));
    }
  }

  /**
   * Adds an entry of the journal without what says nothing of the target: the stream that warms it up, and events while a forced
   * collection stops it.
   */
  addCounted({ phase, timings }: TimingsEntry): void {
    if (phase === 'warm-up') return;
    const { event: _, ...others } = timings;
    this.add(phase === READ_PHASE ? others : timings);
  }

  encode(): EncodedTimings {
    const encoded: EncodedTimings = {};
    for (const [name, histogram] of this.#histograms) encoded[name] = encodeIntoCompressedBase64(histogram);
    return encoded;
  }

  /** Null: nothing was measured. */
  summary(name: TimingName): TimingSummary | null {
    const histogram = this.#histograms.get(name);
    if (histogram === undefined || histogram.totalCount === 0) return null;
    // A percentile is the upper end of its bucket, which may lie above the exact maximum.
    const at = (percentile: number) =>
      Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / MICROSECONDS;
    return {
      count: histogram.totalCount,
      meanMs: histogram.mean / MICROSECONDS,
      p50Ms: at(50),
      p90Ms: at(90),
      p99Ms: at(99),
      p999Ms: at(99.9),
      maxMs: histogram.maxValue / MICROSECONDS,
    };
  }

  /** Values that were recorded. */
  count(name: TimingName): number {
    return this.#histograms.get(name)?.totalCount ?? 0;
  }

  /** The value of this rank (from 1), in milliseconds, right to 1 %. Null: there are fewer values. */
  atRank(name: TimingName, rank: number): number | null {
    const histogram = this.#histograms.get(name);
    if (histogram === undefined || rank < 1 || rank > histogram.totalCount) return null;
    // Half a rank below, so that rounding cannot reach the next one.
    const percentile = (100 * (rank - 0.5)) / histogram.totalCount;
    return Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / MICROSECONDS;
  }

  #of(name: TimingName): Histogram {
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      histogram = build({
        bitBucketSize: 32,
        lowestDiscernibleValue: 1,
        highestTrackableValue: HOUR_MICROSECONDS,
        autoResize: true,
        numberOfSignificantValueDigits: DIGITS,
      });
      this.#histograms.set(name, histogram);
    }
    return histogram;
  }
}
