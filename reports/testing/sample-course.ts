/** The course of a made-up scenario: careful readings, trends of its leak findings, and how its streams ended. */
import type {
  EndBuckets,
  Finding,
  LeakTrend,
  QuietPoint,
  SeriesPoint,
  StreamEnding,
} from '../../harness/model.ts';

/** A careful reading at every third sample, below the memory that the sample shows. */
export function readingsOf(series: SeriesPoint[]): QuietPoint[] {
  return series
    .filter((_, index) => index % 3 === 2)
    .map(({ elapsedMs, rssBytes }, index) => ({
      elapsedMs: elapsedMs + 250,
      of: 'cycle',
      attempt: 0,
      rssBytes,
      pssBytes: Math.round(rssBytes * 0.82),
      anonymousBytes: Math.round(rssBytes * 0.55),
      heapBytes: 9_400_000 + index * 40_000,
    }));
}

/** Each leak finding that has a rate, one after the other over the time of the scenario. */
export function trendsOf(findings: Finding[], startedMs: number, durationMs: number): LeakTrend[] {
  const leaks = findings.flatMap((finding) => (finding.check === 'memory-leak' ? [finding.evidence] : []));
  const spanMs = durationMs / Math.max(1, leaks.length);
  return leaks.flatMap((leak, number): LeakTrend[] => {
    const { path, state, unit, probe, points } = leak;
    const [rate, low, high] = [leak.ratePerUnitBytes, leak.lowPerUnitBytes, leak.highPerUnitBytes];
    const [first, last] = [points[0], points.at(-1)];
    if (rate === null || low === null || high === null || first === undefined || last === undefined)
      return [];
    const middle = (first.dose + last.dose) / 2;
    const base = (first.levelBytes + last.levelBytes) / 2;
    return [
      {
        path,
        attempt: 0,
        state,
        unit,
        probe,
        ratePerUnitBytes: rate,
        lowPerUnitBytes: low,
        highPerUnitBytes: high,
        points: points.map(({ dose, levelBytes }, index) => {
          const ends = [base + low * (dose - middle), base + high * (dose - middle)];
          return {
            elapsedMs: Math.round(startedMs + spanMs * (number + (index + 1) / (points.length + 1))),
            levelBytes,
            fittedBytes: base + rate * (dose - middle),
            lowBytes: Math.min(...ends),
            highBytes: Math.max(...ends),
          };
        }),
      },
    ];
  });
}

/** All but a few end as their clients want it. */
export function endsOf(streamCount: number, startedMs: number, durationMs: number): EndBuckets {
  const bucketMs = Math.max(500, Math.ceil(durationMs / 200 / 1000) * 1000);
  const length = Math.floor(durationMs / bucketMs);
  const buckets = Array.from({ length }, (_, index) => {
    const counts: Record<StreamEnding, number> = {
      client: Math.ceil(streamCount / length),
      'server-end': index % 4 === 0 ? 2 : 0,
      refused: index % 5 === 0 ? Math.ceil(streamCount / length / 3) : 0,
      'server-reset': index % 11 === 0 ? 1 : 0,
      'connect-failed': 0,
      'protocol-error': 0,
    };
    return { elapsedMs: startedMs + index * bucketMs, counts };
  });
  return { bucketMs, buckets };
}
