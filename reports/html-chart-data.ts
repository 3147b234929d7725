import type { LeakTrend, Report, ScenarioReport, StreamEnding } from '../harness/model.ts';
import { formatInterval, formatRate } from './format.ts';
import { oneLine } from './text.ts';

/** Ways in which a stream ends, in the order in which they are stacked: what clients wanted is at the bottom. */
export const endingTitles: Record<StreamEnding, string> = {
  client: 'client left',
  'server-end': 'server ended',
  refused: 'refused',
  'server-reset': 'server reset',
  'connect-failed': 'connect failed',
  'protocol-error': 'protocol error',
};

/** What the charts draw: columns instead of objects, because an hour has 3,600 readings. Times are those of the run. */
export interface ChartColumns {
  budgetBytes: number;
  endings: { key: string; title: string }[];
  scenarios: ScenarioColumns[];
}

interface ScenarioColumns {
  name: string;
  startMs: number;
  endMs: number;
  phases: { name: string; startMs: number }[];
  elapsedMs: number[];
  rssBytes: number[];
  openStreams: number[];
  fds: (number | null)[];
  events: number[];
  eventsPerSecond: (number | null)[];
  readings: {
    elapsedMs: number[];
    attempt: number[];
    pssBytes: (number | null)[];
    heapBytes: (number | null)[];
  };
  trends: TrendColumns[];
  ends: { bucketMs: number; elapsedMs: number[]; counts: Partial<Record<StreamEnding, number[]>> };
}

interface TrendColumns {
  name: string;
  rate: string;
  interval: string;
  leaks: boolean;
  /** Its levels are of no line that is drawn, so that they are drawn with it. */
  dots: boolean;
  elapsedMs: number[];
  levelBytes: number[];
  fittedBytes: number[];
  lowBytes: number[];
  highBytes: number[];
}

export function chartColumns({ scenarios, config }: Report): ChartColumns {
  return {
    budgetBytes: config.budgetBytes,
    endings: Object.entries(endingTitles).map(([key, title]) => ({ key, title })),
    scenarios: scenarios.filter(({ series }) => series.length > 0).map(scenarioColumns),
  };
}

function scenarioColumns(scenario: ScenarioReport): ScenarioColumns {
  const { startedMs, durationMs, phases, series, readings, trends } = scenario;
  return {
    name: oneLine(scenario.scenario),
    startMs: Math.round(startedMs),
    endMs: Math.round(Math.max(startedMs + durationMs, series.at(-1)?.elapsedMs ?? 0)),
    phases: phases.map(({ phase, elapsedMs }) => ({ name: oneLine(phase), startMs: Math.round(elapsedMs) })),
    elapsedMs: series.map(({ elapsedMs }) => Math.round(elapsedMs)),
    rssBytes: series.map(({ rssBytes }) => rssBytes),
    openStreams: series.map(({ openStreamCount }) => openStreamCount),
    fds: series.map(({ fdCount }) => fdCount),
    events: series.map(({ eventCount }) => eventCount),
    eventsPerSecond: series.map(({ eventsPerSecond }) =>
      eventsPerSecond === null ? null : Number(eventsPerSecond.toFixed(1)),
    ),
    readings: {
      elapsedMs: readings.map(({ elapsedMs }) => Math.round(elapsedMs)),
      attempt: readings.map(({ attempt }) => attempt),
      pssBytes: readings.map(({ pssBytes }) => pssBytes),
      heapBytes: readings.map(({ heapBytes }) => heapBytes),
    },
    trends: trends.map(trendColumns),
    ends: endColumns(scenario),
  };
}

function trendColumns(trend: LeakTrend): TrendColumns {
  const { path, attempt, state, unit, probe, points } = trend;
  const column = (name: 'levelBytes' | 'fittedBytes' | 'lowBytes' | 'highBytes') =>
    points.map((point) => Math.round(point[name]));
  return {
    name: oneLine(path) + (attempt === 0 ? '' : ', measured again'),
    rate: formatRate(trend.ratePerUnitBytes, unit),
    interval: formatInterval(trend.lowPerUnitBytes, trend.highPerUnitBytes),
    leaks: state === 'leak',
    dots: probe === 'anonymous',
    elapsedMs: points.map(({ elapsedMs }) => Math.round(elapsedMs)),
    levelBytes: column('levelBytes'),
    fittedBytes: column('fittedBytes'),
    lowBytes: column('lowBytes'),
    highBytes: column('highBytes'),
  };
}

/** Without the endings that did not occur. */
function endColumns({ ends: { bucketMs, buckets } }: ScenarioReport): ScenarioColumns['ends'] {
  const endings = Object.keys(endingTitles) as StreamEnding[];
  const columns = endings.map((ending) => [ending, buckets.map(({ counts }) => counts[ending])] as const);
  return {
    bucketMs,
    elapsedMs: buckets.map(({ elapsedMs }) => Math.round(elapsedMs)),
    counts: Object.fromEntries(columns.filter(([, counts]) => counts.some((count) => count > 0))),
  };
}
