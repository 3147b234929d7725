import type { Report, ScenarioReport, TimingName, TimingSummary } from '../harness/model.ts';
import { formatDuration } from './format.ts';

/** What is timed, in the words of a table's head. */
export const timingTitles: Record<TimingName, string> = {
  firstByte: 'First byte',
  firstEvent: 'First event',
  event: 'Event latency',
  duration: 'Stream duration',
  lateness: 'Opened late',
};

export interface PrintedTiming {
  scenario: string;
  behaviour: string;
  name: TimingName;
  summary: TimingSummary;
}

/** Everything that was timed in a scenario, by behaviour and what. */
export function scenarioTimings({ scenario, timings }: ScenarioReport): PrintedTiming[] {
  return timings.flatMap(({ behaviour, ...rest }) =>
    (Object.keys(timingTitles) as TimingName[]).flatMap((name) => {
      const summary = rest[name];
      return summary === null ? [] : [{ scenario, behaviour, name, summary }];
    }),
  );
}

/** Of the scenario that holds a load: there times are its clients' and not those of a measurement. */
export function loadTimings(report: Report): PrintedTiming[] {
  return report.scenarios.filter(({ scenario }) => scenario === 'hold').flatMap(scenarioTimings);
}

export const percentileTitles = ['Median', '90 %', '99 %', '99.9 %', 'Longest'];

export function percentiles({ p50Ms, p90Ms, p99Ms, p999Ms, maxMs }: TimingSummary): string[] {
  return [p50Ms, p90Ms, p99Ms, p999Ms, maxMs].map(formatDuration);
}
