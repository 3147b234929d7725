import type { MetricKind } from '../model.ts';

/**
 * What is known of a kind of metric beforehand.
 *
 * A change is relevant beyond `relativeMargin` of the baseline and beyond `absoluteMargin` (in the metric's unit; for leak
 * rates it is the δ of the verdict instead). Below these, a difference is of no use to anybody even where it can be proved.
 *
 * `spread` is the standard deviation between runs of one and the same server, measured by `node bench/compare-noise.ts`
 * on the reference server: the upper end of its 95 % interval, rounded up, so that it errs towards "cannot tell". On the logarithmic
 * scale for ratios (0.1: some 10 %), in the metric's unit for differences. Memory a stream was measured with 200 streams, and is known better
 * with more; PSS depends on which pages other processes share. The machine had two cores and other work, so latencies vary a lot.
 */
export interface KindFacts {
  label: string;
  scale: 'ratio' | 'difference';
  relativeMargin: number;
  absoluteMargin: number;
  spread: number;
}

/**
 * Degrees of freedom of the assumed spreads. Ten runs have nine, but of one server on one machine; with four, another server whose spread is
 * half as large again raises no more false alarms than one with ours (node bench/simulate-compare.ts).
 */
export const ASSUMED_DEGREES = 4;

const KIB = 1024;
const MB = 1e6;

const HELD = { scale: 'ratio', relativeMargin: 0.05, absoluteMargin: KIB } as const;
const LATENCY = { scale: 'ratio', relativeMargin: 0.25, absoluteMargin: 5 } as const;

export const KINDS: Record<MetricKind, KindFacts> = {
  'held-heap': { label: 'live heap a held stream', ...HELD, spread: 0.03 },
  'held-pss': { label: 'PSS a held stream', ...HELD, spread: 1.4 },
  'held-anonymous': { label: 'anonymous memory a held stream', ...HELD, spread: 0.08 },
  'held-rss': { label: 'RSS a held stream', ...HELD, spread: 0.08 },
  // Two fits of one server differ by less than the intervals of the fits themselves, which are counted in beside this.
  'leak-rate': {
    label: 'kept for ever',
    scale: 'difference',
    relativeMargin: 0.05,
    absoluteMargin: 0,
    spread: 0,
  },
  'peak-memory': {
    label: 'peak memory',
    scale: 'ratio',
    relativeMargin: 0.1,
    absoluteMargin: 2 * MB,
    spread: 0.012,
  },
  'first-byte-p50': { label: 'first byte, median', ...LATENCY, spread: 0.45 },
  'first-byte-p99': { label: 'first byte, 99 %', ...LATENCY, spread: 1 },
  'first-event-p50': { label: 'first event, median', ...LATENCY, spread: 0.65 },
  'first-event-p99': { label: 'first event, 99 %', ...LATENCY, spread: 0.7 },
  'event-p50': { label: 'event latency, median', ...LATENCY, spread: 1.5 },
  'event-p99': { label: 'event latency, 99 %', ...LATENCY, spread: 1.1 },
  'close-lateness': {
    label: 'closed behind the deadline',
    scale: 'difference',
    relativeMargin: 0,
    absoluteMargin: 250,
    spread: 4,
  },
  'cleanup-wait': {
    label: 'until everything came back',
    scale: 'difference',
    relativeMargin: 0.25,
    absoluteMargin: 1000,
    spread: 90,
  },
};
