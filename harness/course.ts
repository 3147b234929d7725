/**
 * The course of a scenario over time, for the charts of a report: what was read carefully, how fast events came, how streams
 * ended, and the trend of each path. Pure.
 */
import type {
  CycleEntry,
  DrainEntry,
  EndBuckets,
  HeldEntry,
  LeakFinding,
  LeakTrend,
  QuietPoint,
  ScenarioRecord,
  SeriesPoint,
  StreamEnding,
} from './model.ts';
import { estimateLeak } from './verdict/estimate-leak.ts';
import { levelOf, observe } from './verdict/observations.ts';
import { median } from './verdict/theil-sen.ts';

/** The samples, each with the rate of events since the one before. */
export function seriesOf({ samples }: ScenarioRecord): SeriesPoint[] {
  return samples.map(({ elapsedMs, rssBytes, openStreamCount, eventCount, fdCount }, index) => {
    const before = samples[index - 1];
    const seconds = before === undefined ? 0 : (elapsedMs - before.elapsedMs) / 1000;
    const received = eventCount - (before?.eventCount ?? 0);
    // A count that went down is of other clients than the one before.
    const eventsPerSecond = seconds > 0 && received >= 0 ? received / seconds : null;
    return { elapsedMs, rssBytes, openStreamCount, eventCount, eventsPerSecond, fdCount };
  });
}

/** The careful readings of cycles, held loads and long waits, in the order of time. */
export function quietPointsOf({ cycles, held, drains }: ScenarioRecord): QuietPoint[] {
  return [
    ...cycles.map((cycle) => quietPoint(cycle, cycle.attempt)),
    ...held.map((entry) => quietPoint(entry, 0)),
    ...drains.map((drain) => quietPoint(drain, drain.attempt)),
  ].sort((a, b) => a.elapsedMs - b.elapsedMs);
}

function quietPoint(
  { type, elapsedMs, reading }: CycleEntry | HeldEntry | DrainEntry,
  attempt: number,
): QuietPoint {
  const { rssBytes, pssBytes, anonymousBytes } = reading;
  const heapBytes = levelOf(reading, 'heap');
  return { elapsedMs, of: type, attempt, rssBytes, pssBytes, anonymousBytes, heapBytes };
}

/**
 * The fit of each path over the time of its cycles, on each process that it was measured on. The level of a cycle is fitted
 * from its dose: y = m + r · (x − x̃), with r the rate of that process, x̃ the median dose, and m the median of what the rate leaves of
 * the levels. The band is what the interval of the rate allows about that middle; it is of the slope, so it has no width there.
 *
 * It knows nothing of what came back in the wait behind the cycles: that is in the finding.
 */
export function trendsOf({ cycles }: ScenarioRecord, findings: readonly LeakFinding[]): LeakTrend[] {
  return findings.flatMap(({ evidence: { path, probe, state } }) => {
    const own = cycles.filter((cycle) => cycle.path === path);
    const attempts = [...new Set(own.map(({ attempt }) => attempt))].sort((a, b) => a - b);
    return attempts.flatMap((attempt): LeakTrend[] => {
      const onProcess = own.filter((cycle) => cycle.attempt === attempt);
      const fit = estimateLeak(onProcess, probe);
      const [rate, low, high] = [fit.ratePerUnitBytes, fit.lowPerUnitBytes, fit.highPerUnitBytes];
      if (!isKnown(rate) || !isKnown(low) || !isKnown(high)) return [];
      const points = observe(onProcess, probe).usable.filter(({ working }) => working);
      const doses = points.map(({ cumulative }) => cumulative[fit.unit]);
      const middle = median(doses);
      const base = median(points.map(({ levelBytes }, i) => levelBytes - rate * ((doses[i] ?? 0) - middle)));
      return [
        {
          path,
          attempt,
          state,
          unit: fit.unit,
          probe,
          ratePerUnitBytes: rate,
          lowPerUnitBytes: low,
          highPerUnitBytes: high,
          points: points.map(({ elapsedMs, levelBytes }, i) => {
            const from = (doses[i] ?? 0) - middle;
            const ends = [base + low * from, base + high * from];
            return {
              elapsedMs,
              levelBytes,
              fittedBytes: base + rate * from,
              lowBytes: Math.min(...ends),
              highBytes: Math.max(...ends),
            };
          }),
        },
      ];
    });
  });
}

function isKnown(bytes: number | null): bytes is number {
  return bytes !== null && Number.isFinite(bytes);
}

/** As many bars as a wide screen can show apart. */
const MAX_BUCKETS = 200;

/** Widths that people read well on an axis of time; half a second is as fine as the other charts are. */
const BUCKET_SECONDS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200];

/**
 * How streams ended over time, in at most 200 buckets from the scenario's begin on; those in which none ended are left out.
 * A stream ends its duration after its open. Many short ones that were only counted are all at the time of their count.
 */
export function endsOf({ elapsedMs: startedMs, streams, tallies }: ScenarioRecord): EndBuckets {
  const ends = [
    ...streams.map(({ elapsedMs, durationMs, ending }) => ({
      elapsedMs: elapsedMs + durationMs,
      endings: { [ending]: 1 },
    })),
    ...tallies,
  ].map(({ elapsedMs, endings }) => ({ sinceMs: Math.max(0, elapsedMs - startedMs), endings }));
  const lastMs = ends.reduce((last, { sinceMs }) => Math.max(last, sinceMs), 0);
  const fits = (seconds: number) => Math.floor(lastMs / (seconds * 1000)) < MAX_BUCKETS;
  const bucketMs = (BUCKET_SECONDS.find(fits) ?? Math.floor(lastMs / 1000 / MAX_BUCKETS) + 1) * 1000;
  const buckets = new Map<number, Record<StreamEnding, number>>();
  for (const { sinceMs, endings } of ends) {
    const number = Math.floor(sinceMs / bucketMs);
    const counts = buckets.get(number) ?? noEnds();
    buckets.set(number, counts);
    for (const [ending, count] of Object.entries(endings)) counts[ending as StreamEnding] += count;
  }
  return {
    bucketMs,
    buckets: [...buckets]
      .filter(([, counts]) => Object.values(counts).some((count) => count > 0))
      .sort(([a], [b]) => a - b)
      .map(([number, counts]) => ({ elapsedMs: startedMs + number * bucketMs, counts })),
  };
}

function noEnds(): Record<StreamEnding, number> {
  return {
    client: 0,
    'server-end': 0,
    refused: 0,
    'server-reset': 0,
    'connect-failed': 0,
    'protocol-error': 0,
  };
}
