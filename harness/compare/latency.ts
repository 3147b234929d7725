import type { BehaviourName, Metric, MetricKind, ScenarioRecord, TimingName } from '../model.ts';
import { Timings } from '../timings.ts';
import { quantileRanks } from '../verdict/quantiles.ts';
import { metricOf } from './metric.ts';

/** Clients that take their time: what they wait for is their own doing. */
const SLOW: ReadonlySet<BehaviourName> = new Set(['slow-reader', 'stalled-reader']);

/** A run's own interval of a percentile misses it once in a hundred; this is the normal quantile that belongs to it. */
const ERROR = 0.01;
const Z = 2.5758;

const TIMED: [TimingName, string][] = [
  ['firstByte', 'first-byte'],
  ['firstEvent', 'first-event'],
  ['event', 'event'],
];
const QUANTILES: [number, string][] = [
  [0.5, 'p50'],
  [0.99, 'p99'],
];

/** Times of the held load: medians and 99th percentiles over all clients that read as fast as they can. */
export function latencyMetrics({ scenario, timings: entries, loads }: ScenarioRecord): Metric[] {
  // Without a planned load what is timed are bursts: their times are those of a queue.
  if (entries.length === 0 || loads.length === 0) return [];
  const all = new Timings();
  for (const entry of entries) if (!SLOW.has(entry.behaviour)) all.addCounted(entry);
  return TIMED.flatMap(([name, prefix]) =>
    all.count(name) === 0
      ? []
      : QUANTILES.map(([quantile, suffix]) =>
          quantileMetric(all, name, quantile, `${prefix}-${suffix}` as MetricKind, scenario),
        ),
  );
}

/** The interval comes from the order of the values alone, whatever their distribution. */
function quantileMetric(
  timings: Timings,
  name: TimingName,
  quantile: number,
  kind: MetricKind,
  scenario: string,
): Metric {
  const count = timings.count(name);
  const ranks = quantileRanks(count, quantile, ERROR);
  const value = timings.atRank(name, Math.ceil(quantile * count));
  const [low, high] =
    ranks === null ? [null, null] : [timings.atRank(name, ranks.low), timings.atRank(name, ranks.high)];
  if (value === null || low === null || high === null) {
    const missing = `${count} values do not bound it from above: hold more streams, or longer`;
    return metricOf(kind, scenario, { unit: 'ms', value: null, missing });
  }
  const standardError = Math.log(high / low) / 2 / Z;
  return metricOf(kind, scenario, { unit: 'ms', value, low, high, standardError });
}
