import { goodbyeWords } from '../checks/answers.ts';
import { growthPerStream, steadyPair } from '../checks/held-memory.ts';
import type {
  LeakEvidence,
  LeakFinding,
  Metric,
  MetricKind,
  QuietReading,
  Report,
  RunConfig,
  RunRecord,
  ScenarioRecord,
  ScenarioReport,
} from '../model.ts';
import { LOOK_QUANTILE } from '../verdict/looks.ts';
import { levelOf } from '../verdict/observations.ts';
import { median } from '../verdict/theil-sen.ts';
import { latencyMetrics } from './latency.ts';
import { metricOf } from './metric.ts';

/** All figures of a run that can be compared with those of another. Pure. */
export function metricsOf(record: RunRecord, report: Report): Metric[] {
  return record.scenarios.flatMap((scenario) => {
    const judged = report.scenarios.find((one) => one.scenario === scenario.scenario);
    return judged === undefined ? [] : metricsOfScenario(scenario, judged, record.run.config);
  });
}

function metricsOfScenario(scenario: ScenarioRecord, report: ScenarioReport, config: RunConfig): Metric[] {
  const broken = brokenBy(scenario, report);
  const bottleneck = bottleneckOf(report);
  const others = [
    ...heldMetrics(scenario),
    peakMetric(scenario, report),
    ...latencyMetrics(scenario).map((metric) =>
      bottleneck === null ? metric : withoutValue(metric, bottleneck),
    ),
    ...closeMetrics(scenario, config),
    ...cleanupMetrics(scenario),
  ];
  return [
    ...others.map((metric) => (broken === null ? metric : withoutValue(metric, broken))),
    ...leakMetrics(scenario, report),
  ];
}

/** Why nothing that the scenario measured counts, or null. A leak measurement judges each path for itself. */
function brokenBy(scenario: ScenarioRecord, report: ScenarioReport): string | null {
  if (cutShort(scenario))
    return `the scenario was cut short${scenario.error === null ? '' : `: ${scenario.error}`}`;
  const invalid = report.findings.find(
    ({ check, outcome }) => outcome === 'invalid' && check !== 'memory-leak' && check !== 'controls',
  );
  if (invalid !== undefined) return `${invalid.check} is invalid: ${invalid.reason}`;
  const lost = report.findings.find(({ check, outcome }) => check === 'target-alive' && outcome !== 'pass');
  return lost === undefined ? null : lost.reason;
}

/** Why the times of the load are not those of the target, or null. */
function bottleneckOf({ findings }: ScenarioReport): string | null {
  const health = findings.find(({ check }) => check === 'generator-health');
  return health === undefined || health.outcome === 'pass' ? null : health.reason;
}

function cutShort({ endedMs, error }: ScenarioRecord): boolean {
  return endedMs === null || error !== null;
}

function withoutValue(metric: Metric, missing: string): Metric {
  return { ...metric, value: null, missing, low: null, high: null, standardError: 0 };
}

const HELD_KINDS: [MetricKind, (reading: QuietReading) => number | null][] = [
  ['held-heap', (reading) => levelOf(reading, 'heap')],
  ['held-pss', ({ pssBytes }) => pssBytes],
  ['held-anonymous', ({ anonymousBytes }) => anonymousBytes],
  ['held-rss', ({ rssBytes }) => rssBytes],
];

/** Growth from nothing held to the highest load, a stream. */
function heldMetrics(scenario: ScenarioRecord): Metric[] {
  if (scenario.held.length === 0) return [];
  const pair = steadyPair(scenario);
  return HELD_KINDS.flatMap(([kind, level]) => {
    if (!scenario.held.some(({ reading }) => level(reading) !== null)) return [];
    if (pair === null) {
      const missing = 'there is no steady reading both of the empty and of the loaded target';
      return [metricOf(kind, scenario.scenario, { value: null, missing })];
    }
    const value = growthPerStream(pair, level);
    // What was free before may be used first: growth of nothing or less is no price of a stream.
    if (value !== null && value <= 0) {
      const missing = `it did not grow with ${Math.round(pair.heldCount)} streams: hold more of them`;
      return [metricOf(kind, scenario.scenario, { value: null, missing })];
    }
    return [metricOf(kind, scenario.scenario, { value })];
  });
}

function peakMetric({ scenario }: ScenarioRecord, { peakRssBytes }: ScenarioReport): Metric {
  return metricOf('peak-memory', scenario, { value: peakRssBytes });
}

/** How long behind its deadline a stream was closed: the median of those that wait for it, which are few. */
function closeMetrics({ scenario, deadlineMs, streams }: ScenarioRecord, config: RunConfig): Metric[] {
  const goodbye = goodbyeWords(config);
  const waiting = streams.filter(({ phase }) => phase === 'deadline');
  if (deadlineMs === null || waiting.length === 0) return [];
  const times = waiting.flatMap(({ closeEventMs, durationMs }) => {
    const endedMs = goodbye === null ? durationMs : closeEventMs;
    return endedMs === null ? [] : [endedMs - deadlineMs];
  });
  if (times.length < waiting.length) {
    const missing = `${waiting.length - times.length} of ${waiting.length} streams got no ${goodbye}`;
    return [metricOf('close-lateness', scenario, { unit: 'ms', value: null, missing })];
  }
  return [metricOf('close-lateness', scenario, { unit: 'ms', value: median(times) })];
}

/** How long behind the last stream sockets, descriptors and processes took to come back. */
function cleanupMetrics({ scenario, levels }: ScenarioRecord): Metric[] {
  const after = levels.findLast(({ moment }) => moment === 'after');
  return after === undefined
    ? []
    : [metricOf('cleanup-wait', scenario, { unit: 'ms', value: after.waitedMs })];
}

function leakMetrics(scenario: ScenarioRecord, { findings }: ScenarioReport): Metric[] {
  const doubt = findings.find(({ check, outcome }) => check === 'controls' && outcome === 'invalid');
  // A control that failed says that leaks may have been overlooked; those that were found stand.
  const doubtful = (low: number, deltaBytes: number) =>
    doubt === undefined || low > deltaBytes ? null : `the measurement cannot be trusted: ${doubt.reason}`;
  return findings
    .filter((finding): finding is LeakFinding => finding.check === 'memory-leak')
    .map(({ evidence, reason }) => {
      const { path, unit: per, deltaBytes } = evidence;
      const known = { path: `${path} (${evidence.probe})`, per, deltaBytes };
      const rate = rateOf(evidence);
      const missing = cutShort(scenario)
        ? 'the scenario was cut short'
        : rate === null
          ? reason
          : doubtful(rate.low, deltaBytes);
      if (rate === null || missing !== null)
        return metricOf('leak-rate', scenario.scenario, { ...known, value: null, missing });
      const { value, low, high } = rate;
      const standardError = (high - low) / 2 / LOOK_QUANTILE;
      return metricOf('leak-rate', scenario.scenario, { ...known, value, low, high, standardError });
    });
}

/** What stays for ever. Of growth that stopped, or came back, the verdict has proved no more than that it is below δ. */
function rateOf(evidence: LeakEvidence): { value: number; low: number; high: number } | null {
  const { state, deltaBytes, ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes } = evidence;
  if (state === 'invalid') return null;
  if (state === 'bounded' || state === 'late-release') return { value: 0, low: 0, high: deltaBytes };
  if (ratePerUnitBytes === null || lowPerUnitBytes === null || highPerUnitBytes === null) return null;
  return { value: ratePerUnitBytes, low: lowPerUnitBytes, high: highPerUnitBytes };
}
