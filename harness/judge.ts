import { checks, peakRss, readyTarget, STANDING_CHECKS } from './checks/index.ts';
import { endsOf, quietPointsOf, seriesOf, trendsOf } from './course.ts';
import { reportedEnvironment } from './environment/reported.ts';
import { fingerprintOf } from './fingerprint.ts';
import type {
  BehaviourName,
  CheckName,
  Finding,
  Outcome,
  Report,
  RunRecord,
  ScenarioRecord,
  ScenarioReport,
  TimingRow,
  Verdict,
} from './model.ts';
import { Timings } from './timings.ts';

/** From bad to good: a verdict is as bad as its worst finding, and what was proved bad outweighs what was not measured. */
const SEVERITY: Outcome[] = ['fail', 'invalid', 'inconclusive', 'pass'];

/** Turns what a run saw into findings and a verdict. Pure: the same record gives the same report. */
export function judge(record: RunRecord): Report {
  const scenarios = record.scenarios.map((scenario) => judgeScenario(scenario, record));
  return {
    schemaVersion: 1,
    runId: record.run.runId,
    startedAt: record.run.startedAt,
    durationMs: record.durationMs,
    repeatCommand: record.run.repeatCommand,
    complete: record.complete && record.interrupted === null,
    environment: reportedEnvironment(record),
    config: record.run.config,
    verdict: decide(scenarios, record),
    scenarios,
    skipped: record.skipped,
    fingerprint: fingerprintOf(scenarios, record),
  };
}

function judgeScenario(scenario: ScenarioRecord, record: RunRecord): ScenarioReport {
  const names = [...new Set([...STANDING_CHECKS, ...scenario.checks])];
  const cutShort = scenario.endedMs === null || scenario.error !== null;
  const disturbance = findDisturbance(scenario);
  const loss = findLoss(record);
  const findings = names
    .flatMap((name) => checks[name](scenario, record))
    .map((finding) => (disturbance === null ? finding : excuse(finding, disturbance)))
    .map((finding) => (readyTarget(scenario)?.listens === false ? disown(finding) : finding))
    .map((finding) => (cutShort ? discount(finding) : finding))
    .map((finding) => (loss === null ? finding : doubt(finding, loss)));
  const count = (key: 'streamCount' | 'eventCount') =>
    scenario.tallies.reduce((sum, tally) => sum + tally[key], 0);
  return {
    scenario: scenario.scenario,
    proves: scenario.proves,
    shown: describe(findings),
    outcome: worst(findings),
    command: scenario.command,
    startedMs: scenario.elapsedMs,
    durationMs: (scenario.endedMs ?? record.durationMs) - scenario.elapsedMs,
    leakProbe: readyTarget(scenario)?.leakProbe ?? null,
    peakRssBytes: peakRss(scenario),
    streamCount: scenario.streams.length + count('streamCount'),
    eventCount: scenario.streams.reduce((sum, { eventCount }) => sum + eventCount, 0) + count('eventCount'),
    phases: scenario.phases,
    gaps: scenario.gaps,
    findings,
    timings: timingRows(scenario),
    series: seriesOf(scenario),
    readings: quietPointsOf(scenario),
    trends: trendsOf(
      scenario,
      findings.filter((finding) => finding.check === 'memory-leak'),
    ),
    ends: endsOf(scenario),
  };
}

/** What was timed, over all phases but the warm-up and events while a forced collection stops the target, in the order in which the behaviours first appeared. */
function timingRows({ timings: entries }: ScenarioRecord): TimingRow[] {
  const byBehaviour = new Map<BehaviourName, Timings>();
  for (const entry of entries) {
    if (entry.phase === 'warm-up') continue;
    const all = byBehaviour.get(entry.behaviour) ?? new Timings();
    all.addCounted(entry);
    byBehaviour.set(entry.behaviour, all);
  }
  return [...byBehaviour].map(([behaviour, timings]) => ({
    behaviour,
    firstByte: timings.summary('firstByte'),
    firstEvent: timings.summary('firstEvent'),
    event: timings.summary('event'),
    duration: timings.summary('duration'),
    lateness: timings.summary('lateness'),
  }));
}

/** These look at what was done, not at what was still to come: a failure is one however the scenario ended. */
const FAILS_AT_ANY_TIME: ReadonlySet<CheckName> = new Set([
  'target-alive',
  'load-landed',
  'memory-budget',
  'rejections',
  'responsiveness',
]);

/**
 * In a scenario that was cut short, what was not reached neither passes nor, since a Ctrl-C also ends streams, fails.
 * A leak measurement judges each path for itself: it knows whether it had enough.
 */
function discount(finding: Finding): Finding {
  const { check, outcome } = finding;
  if (check === 'memory-leak' || outcome === 'invalid' || outcome === 'inconclusive') return finding;
  if (outcome === 'fail' && FAILS_AT_ANY_TIME.has(check)) return finding;
  return {
    ...finding,
    outcome: 'invalid',
    reason: `the scenario was cut short, so this decides nothing: ${finding.reason}`,
  };
}

/** What is read from the processes of the target, and not from what it sends. */
const OF_PROCESSES: ReadonlySet<CheckName> = new Set([
  'memory-budget',
  'memory-leak',
  'history-cost',
  'cleanup',
]);

/** Processes that do not serve prove nothing of the server by being small: a client of a container, a `sudo` that is all that can be seen. */
function disown(finding: Finding): Finding {
  if (finding.outcome !== 'pass' || !OF_PROCESSES.has(finding.check)) return finding;
  const reason = `none of the processes that were measured listens on the port, so this tells nothing of the server: ${finding.reason}`;
  return { ...finding, outcome: 'inconclusive', reason };
}

/** What of the journal is not there, in words; null: it is whole as far as it goes. Nobody knows which check it belonged to. */
function findLoss({ tornLineCount, lostLineCount }: RunRecord): string | null {
  const lines = (count: number) => `${count} ${count === 1 ? 'line' : 'lines'} of the journal`;
  if (lostLineCount > 0) return `${lines(lostLineCount)} ${lostLineCount === 1 ? 'is' : 'are'} gone`;
  return tornLineCount > 0 ? `${lines(tornLineCount)} cannot be read` : null;
}

/** What is missing may be the one line that shows a fault, or the one event for want of which the target would be blamed. */
function doubt(finding: Finding, loss: string): Finding {
  const { check, outcome } = finding;
  const stands = outcome === 'fail' && FAILS_ALL_THE_SAME.has(check);
  if (stands || outcome === 'invalid' || outcome === 'inconclusive') return finding;
  return { ...finding, outcome: 'invalid', reason: `${loss}, so this decides nothing: ${finding.reason}` };
}

/** What somebody else did to the target, after which it is not to blame for what did not work. */
function findDisturbance({ target }: ScenarioRecord): string | null {
  if (target.some(({ event }) => event === 'stopped')) return 'a process of the target was stopped meanwhile';
  if (target.some(({ event }) => event === 'starved')) return 'the disk was full';
  return null;
}

/** That it ended, and memory that was really used, count all the same. */
const FAILS_ALL_THE_SAME: ReadonlySet<CheckName> = new Set(['target-alive', 'memory-budget', 'memory-leak']);

function excuse(finding: Finding, disturbance: string): Finding {
  const { check, outcome } = finding;
  if (outcome !== 'fail' || FAILS_ALL_THE_SAME.has(check)) return finding;
  return {
    ...finding,
    outcome: 'invalid',
    reason: `${disturbance}, so this decides nothing: ${finding.reason}`,
  };
}

function worst(findings: Finding[]): Outcome {
  return SEVERITY.find((outcome) => findings.some((finding) => finding.outcome === outcome)) ?? 'invalid';
}

/** What a scenario was there to show comes before what every scenario is checked for. */
function describe(findings: Finding[]): string {
  const outcome = worst(findings);
  const relevant = findings.filter((finding) => finding.outcome === outcome).toSorted(byWeight);
  const [first] = relevant;
  if (first === undefined) return 'nothing was checked';
  const others =
    (outcome === 'pass' ? relevant : findings.filter((finding) => finding.outcome !== 'pass')).length - 1;
  const more = outcome === 'pass' ? `${others} more hold` : `${others} more below`;
  return `${first.subject === '' ? '' : `${first.subject}: `}${first.reason}${others > 0 ? ` (${more})` : ''}`;
}

function decide(scenarios: ScenarioReport[], record: RunRecord): Verdict {
  const findings = scenarios.flatMap((scenario) => scenario.findings);
  const counts: Verdict['counts'] = { pass: 0, fail: 0, inconclusive: 0, invalid: 0 };
  for (const { outcome } of findings) counts[outcome]++;
  const verdict = (outcome: Outcome, reason: string): Verdict => ({ outcome, reason, counts });

  const first = (outcome: Outcome) =>
    findings.filter((finding) => finding.outcome === outcome).toSorted(byWeight)[0];
  const failed = first('fail');
  if (failed !== undefined) return verdict('fail', sentence(failed, counts.fail, 'failed'));
  if (record.interrupted !== null) {
    return verdict('invalid', `the run was stopped before its end: ${record.interrupted}`);
  }
  if (!record.complete) {
    return verdict(
      'invalid',
      'the journal ends before the run did: the harness was killed or its disk was full',
    );
  }
  const loss = findLoss(record);
  if (loss !== null) return verdict('invalid', `${loss}: what stood there is lost`);
  const known = new Set([...scenarios, ...record.skipped].map(({ scenario }) => scenario));
  const missing = record.run.config.scenarios.filter((name) => !known.has(name));
  if (missing.length > 0) {
    return verdict('invalid', `the journal knows nothing of ${missing.join(', ')}, which was to run`);
  }
  if (scenarios.length === 0) return verdict('invalid', 'no scenario ran, so nothing was measured');
  const invalid = first('invalid');
  if (invalid !== undefined)
    return verdict('invalid', sentence(invalid, counts.invalid, 'could not be made'));
  const undecided = first('inconclusive');
  if (undecided !== undefined) {
    return verdict('inconclusive', sentence(undecided, counts.inconclusive, 'are undecided'));
  }
  const peak = Math.max(...scenarios.map(({ peakRssBytes }) => peakRssBytes ?? 0));
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const paths = findings.filter(({ check }) => check === 'memory-leak').length;
  const leaks = paths === 0 ? '' : `, no leak on ${paths} measured ${paths === 1 ? 'path' : 'paths'}`;
  const skipped =
    record.skipped.length === 0
      ? ''
      : `; not tested: ${record.skipped.map(({ scenario }) => scenario).join(', ')}`;
  return verdict(
    'pass',
    `all ${counts.pass} checks hold${leaks}, memory peaked at ${megabytes(peak)} of ${megabytes(record.run.config.budgetBytes)}${skipped}`,
  );
}

/** What is most worth saying first: that the target died, then what a scenario was there to show, then the rest. */
function byWeight(a: Finding, b: Finding): number {
  const weight = ({ check, outcome }: Finding) => {
    if (check === 'target-alive' && outcome === 'fail') return 0;
    // Why a scenario was cut short explains all that could not be judged.
    if (check === 'load-landed' && outcome === 'invalid') return 1;
    return STANDING_CHECKS.includes(check) ? 3 : 2;
  };
  return weight(a) - weight(b);
}

/** The first finding in its own words, and how many more there are of its kind. */
function sentence({ scenario, subject, reason }: Finding, count: number, what: string): string {
  const where = subject === '' ? scenario : `${scenario}, ${subject}`;
  const more = count === 1 ? '' : `; ${count - 1} more ${count === 2 ? 'check' : 'checks'} ${what}`;
  return `${where}: ${reason}${more}`;
}
