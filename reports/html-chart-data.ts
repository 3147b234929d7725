import type { Report } from '../harness/model.ts';
import { oneLine } from './text.ts';

/** What the charts draw: columns instead of objects, because an hour has 3,600 readings. */
export interface ChartColumns {
  budgetBytes: number;
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
}

export function chartColumns({ scenarios, config }: Report): ChartColumns {
  return {
    budgetBytes: config.budgetBytes,
    scenarios: scenarios
      .filter(({ series }) => series.length > 0)
      .map(({ scenario, startedMs, durationMs, phases, series }) => ({
        name: oneLine(scenario),
        startMs: startedMs,
        endMs: Math.max(startedMs + durationMs, series.at(-1)?.elapsedMs ?? 0),
        phases: phases.map(({ phase, elapsedMs }) => ({ name: oneLine(phase), startMs: elapsedMs })),
        elapsedMs: series.map(({ elapsedMs }) => elapsedMs),
        rssBytes: series.map(({ rssBytes }) => rssBytes),
        openStreams: series.map(({ openStreamCount }) => openStreamCount),
        fds: series.map(({ fdCount }) => fdCount),
        events: series.map(({ eventCount }) => eventCount),
      })),
  };
}
