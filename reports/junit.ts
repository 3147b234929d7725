import { create } from 'xmlbuilder2';
import type { Facts, Finding, Report, Reporter, ScenarioReport } from '../harness/model.ts';
import { warningWords } from './environment.ts';
import { evidenceFacts, findingTitle } from './facts.ts';
import { budgetSentence } from './leak-words.ts';
import { cleanText, oneLine } from './text.ts';

type Problem = { tag: 'failure' | 'error' | 'skipped'; type: string; message: string; text: string };
interface TestCase {
  name: string;
  problem: Problem | null;
}
interface Suite {
  name: string;
  startedMs: number;
  durationMs: number;
  cases: TestCase[];
  properties: Facts;
}

/**
 * JUnit XML as Jenkins, GitLab and GitHub actions read it: a suite a scenario, a case a finding. `failure` is a
 * finding that failed, `error` one that could not be decided. Times are in seconds; a case has none, because a
 * finding is judged over its whole scenario. A report that did not pass always has a case that is not green, and that of a run
 * that did not come to its end one that says so. Names hold
 * no figures, so that a case is the same one in the next run. Elements and attributes are those of Jenkins's junit-10.xsd.
 */
export const junit: Reporter = {
  name: 'junit',
  fileName: 'junit.xml',
  render: (report) => {
    const suites = [
      ...report.scenarios.map((scenario) => scenarioSuite(scenario, report)),
      ...skippedSuites(report),
    ];
    if (!report.complete || (isGreen(suites) && !saysPass(report))) suites.push(runSuite(report));
    return serialize(report, suites);
  },
};

function scenarioSuite(scenario: ScenarioReport, report: Report): Suite {
  const cases = numbered(scenario.findings.map((finding) => findingCase(finding, report)));
  if (cases.length === 0) {
    cases.push(errorCase('findings', 'no-findings', 'The scenario left no finding: nothing was checked.'));
  } else if (scenario.outcome !== 'pass' && cases.every((testCase) => testCase.problem === null)) {
    cases.push(
      errorCase('outcome', scenario.outcome, `The scenario is ${scenario.outcome}, though no finding is.`),
    );
  }
  return {
    name: oneLine(scenario.scenario),
    startedMs: scenario.startedMs,
    durationMs: scenario.durationMs,
    cases,
    properties: {
      proves: scenario.proves,
      outcome: scenario.outcome,
      peakRssBytes: scenario.peakRssBytes,
      streamCount: scenario.streamCount,
      eventCount: scenario.eventCount,
      ...warningProperties(scenario.scenario, report),
    },
  };
}

/** A property each: JUnit has no place for what is wrong and fails nothing. */
function warningProperties(scenario: string, { environment: { warnings } }: Report): Facts {
  const here = warnings.filter(({ scenarios }) => scenarios.length === 0 || scenarios.includes(scenario));
  return Object.fromEntries(
    here.map((warning) => [`warning.${warning.warning}`, `${warning.seen}. ${warningWords(warning)}`]),
  );
}

function findingCase(finding: Finding, { config, repeatCommand }: Report): TestCase {
  if (finding.outcome === 'pass') return { name: findingTitle(finding), problem: null };
  const facts = evidenceFacts(finding).map(({ label, value }) => `${label}: ${value}`);
  const time = budgetSentence(finding, config.budgetBytes);
  return {
    name: findingTitle(finding),
    problem: {
      tag: finding.outcome === 'fail' ? 'failure' : 'error',
      type: finding.outcome === 'fail' ? finding.check : finding.outcome,
      message: oneLine(finding.reason),
      text: [
        cleanText(finding.reason),
        ...(time === null ? [] : [time]),
        ...facts,
        `repeat: ${cleanText(repeatCommand)}`,
      ].join('\n'),
    },
  };
}

function errorCase(name: string, type: string, message: string): TestCase {
  return { name, problem: { tag: 'error', type, message, text: message } };
}

/** Viewers merge cases of the same name, and one would hide the other. */
function numbered(cases: TestCase[]): TestCase[] {
  const seen = new Map<string, number>();
  return cases.map((testCase) => {
    const nth = (seen.get(testCase.name) ?? 0) + 1;
    seen.set(testCase.name, nth);
    return nth === 1 ? testCase : { ...testCase, name: `${testCase.name} (${nth})` };
  });
}

function skippedSuites(report: Report): Suite[] {
  return report.skipped.map(({ scenario, proves, reason }) => ({
    name: oneLine(scenario),
    startedMs: 0,
    durationMs: 0,
    cases: [
      {
        name: oneLine(proves),
        problem: { tag: 'skipped', type: 'skipped', message: oneLine(reason), text: cleanText(reason) },
      },
    ],
    properties: {},
  }));
}

function isGreen(suites: Suite[]): boolean {
  return suites.every(({ cases }) =>
    cases.every(({ problem }) => problem === null || problem.tag === 'skipped'),
  );
}

function saysPass({ verdict, complete, scenarios }: Report): boolean {
  return verdict.outcome === 'pass' && complete && scenarios.some(({ findings }) => findings.length > 0);
}

/** What the verdict knows and no finding says: an interrupted run, or one in which nothing was checked. */
function runSuite({ verdict, complete, durationMs }: Report): Suite {
  const type = complete ? verdict.outcome : 'incomplete';
  return {
    name: 'run',
    startedMs: 0,
    durationMs,
    cases: [
      errorCase(
        'verdict',
        type,
        oneLine(complete ? verdict.reason : `the run did not come to its end: ${verdict.reason}`),
      ),
    ],
    properties: {},
  };
}

/** What a reader of one suite needs to get the same again: JUnit has no place for it above the suites. */
function runProperties({ runId, config, repeatCommand, environment }: Report): Facts {
  return {
    runId,
    repeatCommand,
    seed: config.seed,
    hydrotestVersion: environment.hydrotestVersion,
    nodeVersion: environment.nodeVersion,
    platform: environment.platform,
    cpuModel: environment.cpuModel,
    cpuCount: environment.cpuCount,
    memoryBytes: environment.memoryBytes,
  };
}

const count = (cases: TestCase[], tag: Problem['tag']) =>
  cases.filter(({ problem }) => problem?.tag === tag).length;
const seconds = (ms: number) => (Number.isFinite(ms) ? ms / 1000 : 0).toFixed(3);

function serialize(report: Report, suites: Suite[]): string {
  const all = suites.flatMap(({ cases }) => cases);
  const root = create({ version: '1.0', encoding: 'UTF-8' }).ele('testsuites', {
    name: 'hydrotest',
    tests: all.length,
    failures: count(all, 'failure'),
    errors: count(all, 'error'),
    time: seconds(report.durationMs),
  });
  for (const suite of suites) {
    const node = root.ele('testsuite', {
      name: `hydrotest.${suite.name}`,
      tests: suite.cases.length,
      failures: count(suite.cases, 'failure'),
      errors: count(suite.cases, 'error'),
      skipped: count(suite.cases, 'skipped'),
      time: seconds(suite.durationMs),
      timestamp: timestamp(report.startedAt, suite.startedMs),
    });
    writeProperties(node, { ...suite.properties, ...runProperties(report) });
    for (const testCase of suite.cases) writeCase(node, suite, testCase);
  }
  return `${root.end({ prettyPrint: true })}\n`;
}

type Element = ReturnType<ReturnType<typeof create>['ele']>;

function writeProperties(node: Element, properties: Facts): void {
  const known = Object.entries(properties).filter(([, value]) => value !== null);
  if (known.length === 0) return;
  const list = node.ele('properties');
  for (const [name, value] of known) list.ele('property', { name, value: oneLine(String(value)) });
}

function writeCase(node: Element, suite: Suite, { name, problem }: TestCase): void {
  const element = node.ele('testcase', { classname: `hydrotest.${suite.name}`, name });
  if (problem === null) return;
  const { tag, type, message, text } = problem;
  if (tag === 'skipped') element.ele('skipped', { message });
  else element.ele(tag, { type: oneLine(type), message }).txt(text);
}

function timestamp(startedAt: string, offsetMs: number): string {
  const at = Date.parse(startedAt) + offsetMs;
  return Number.isFinite(at) ? new Date(at).toISOString() : oneLine(startedAt);
}
