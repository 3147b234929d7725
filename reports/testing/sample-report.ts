/**
 * Reports as a real run would leave them, for the tests of the reporters: passing, failing, inconclusive,
 * interrupted, empty, large and hostile. Deterministic.
 */
import type { Outcome, Report, ScenarioReport } from '../../harness/model.ts';
import { type Findings, finding, passingFindings } from './sample-findings.ts';
import {
  confirmedLeak,
  confoundedLeak,
  fingerprintRow,
  lateRelease,
  leak,
  secondLeak,
  unmeasuredRow,
} from './sample-leaks.ts';
import { MB, type Shape, scenarioOf, shapes } from './sample-scenarios.ts';

function countsOf(scenarios: ScenarioReport[]): Record<Outcome, number> {
  const counts: Record<Outcome, number> = { pass: 0, fail: 0, inconclusive: 0, invalid: 0 };
  for (const { findings } of scenarios) for (const { outcome } of findings) counts[outcome]++;
  return counts;
}

function reportOf(
  scenarios: ScenarioReport[],
  outcome: Outcome,
  reason: string,
  part: Partial<Report> = {},
): Report {
  return {
    schemaVersion: 1,
    runId: '2026-03-02T10-15-42-7f3a',
    startedAt: '2026-03-02T10:15:42.118Z',
    durationMs:
      scenarios.reduce((end, scenario) => Math.max(end, scenario.startedMs + scenario.durationMs), 0) + 640,
    repeatCommand: 'npx hydrotest run --duration 30s --seed 42',
    complete: true,
    environment: {
      hydrotestVersion: '0.1.0',
      nodeVersion: 'v24.21.0',
      platform: 'linux x64',
      cpuModel: 'AMD EPYC 7B13',
      cpuCount: 2,
      memoryBytes: 8_340_000_000,
      facts: [],
      targets: [],
      warnings: [],
    },
    config: {
      target: {
        mode: 'spawn',
        command: 'node server/main.ts --port {port} --dir {dir} --limit {limit} --deadline {deadline}',
        readyTimeoutMs: 10_000,
      },
      url: 'http://127.0.0.1:{port}/api/events/{key}/stream',
      key: 'workflow-{n}',
      page: 'http://127.0.0.1:{port}/',
      browser: null,
      events: { to: 'file', at: '{dir}/agents/{key}/events.jsonl' },
      headers: { authorization: 'Bearer not-to-be-shown' },
      protocol: {
        name: 'sse',
        body: null,
        sends: [],
        replies: {},
        event: null,
        end: { on: 'event', value: 'close' },
        eventId: null,
        refusals: ['429'],
        session: null,
      },
      preset: null,
      limit: 5,
      deadlineMs: 3_600_000,
      budgetBytes: 500 * MB,
      durationMs: 30_000,
      load: {
        model: 'closed',
        stages: [
          { durationMs: 1000, target: 1000 },
          { durationMs: 30_000, target: 1000 },
        ],
        mix: { 'graceful-close': 7, 'abrupt-drop': 2 },
        meanLifetimeMs: 10_000,
        workerCount: null,
        asked: false,
      },
      eventTime: null,
      scenarios: Object.keys(shapes),
      outDir: 'reports/out',
      seed: 42,
      inspect: true,
      openInspector: false,
      remote: null,
      paths: [],
      graceMs: 75_000,
      trafficPerSecond: null,
    },
    verdict: { outcome, reason, counts: countsOf(scenarios) },
    scenarios,
    skipped: [],
    fingerprint: scenarios.flatMap(({ findings }) =>
      findings.flatMap((found) => (found.check === 'memory-leak' ? [fingerprintRow(found)] : [])),
    ),
    ...part,
  };
}

function scenariosFrom(findings: Findings, change: (shape: Shape) => Shape = (shape) => shape) {
  let startedMs = 420;
  return Object.entries(shapes).map(([name, shape]) => {
    const scenario = scenarioOf(change(shape), startedMs, findings[name as keyof Findings]);
    startedMs += scenario.durationMs + 350;
    return scenario;
  });
}

/** All eight scenarios pass. */
export function passingReport(): Report {
  const reason =
    'No leak on any path, the limit, the deadline and the cleanup hold, and memory peaked at 93.7 MB of 500 MB.';
  return reportOf(scenariosFrom(passingFindings()), 'pass', reason);
}

function failingFindings(): Findings {
  const findings = passingFindings();
  findings.limit = [
    finding(
      'connection-limit',
      'limit',
      'All 20 of 20 streams were let in at a limit of 5: look for a counter that is decremented when the handler returns, before the stream has ended.',
      { acceptedCount: 20, rejectedCount: 0, limitCount: 5, retryAfter: null },
      'fail',
    ),
    finding(
      'slots-released',
      'limit',
      'Nothing was refused, so no slot could be seen to come back.',
      { reopenedCount: null },
      'invalid',
    ),
  ];
  findings.churn = [
    leak('churn', 'graceful close', 'connection', 'stable', [-3.1, 0.42, 3.9], 640),
    confirmedLeak('churn'),
    leak('churn', 'drop before the first byte', 'connection', 'inconclusive', [12, 58, 104], 640, {
      residualCorrelation: 0.37,
    }),
    confoundedLeak('churn'),
    lateRelease('churn'),
    secondLeak('churn'),
    finding(
      'memory-budget',
      'churn',
      'The process tree peaked at 538 MB, 38 MB over the budget of 500 MB.',
      { peakRssBytes: 538.2 * MB, budgetBytes: 500 * MB, peakElapsedMs: 101_200 },
      'fail',
    ),
  ];
  return findings;
}

/** The limit is not kept, three paths leak, one cannot be decided and one not measured, memory is over the budget. */
export function failingReport(): Report {
  const scenarios = scenariosFrom(failingFindings(), (shape) =>
    shape.name === 'churn' ? { ...shape, rssMB: [62, 536.5] } : shape,
  );
  const reason =
    'churn leaks 21.3 kB with each slow reader, limit let in 20 of 20 streams at a limit of 5, and memory went over 500 MB.';
  const report = reportOf(scenarios, 'fail', reason);
  const noDeadline = 'the target promises no deadline: give it with --deadline';
  report.fingerprint.push(unmeasuredRow('churn', 'deadline', noDeadline));
  return report;
}

/** A target that hydrotest attached to: less can be tested, and one leak rate is not decided. */
export function inconclusiveReport(): Report {
  const findings = passingFindings();
  findings.churn = [
    leak('churn', 'graceful close', 'connection', 'stable', [-31, 4.2, 39], 640),
    leak('churn', 'abrupt drop', 'connection', 'inconclusive', [-12, 51, 117], 640),
    leak('churn', 'drop before the first byte', 'connection', 'invalid', [null, null, null], 640),
  ];
  const [, , , churn] = scenariosFrom(findings);
  const tabs = scenarioOf(shapes.tabs, 420, findings.tabs);
  if (churn === undefined) throw new Error('the sample has no churn scenario');
  churn.leakProbe = 'rss';
  churn.gaps = [
    {
      probe: 'heap',
      reason: 'the inspector did not answer within 5,000 ms',
      elapsedMs: churn.startedMs + 9000,
    },
  ];
  const reason = 'One leak rate could not be decided and one could not be measured; nothing else was found.';
  return reportOf([tabs, churn], 'inconclusive', reason, {
    skipped: [
      {
        scenario: 'growth',
        proves: 'Memory is flat while the file grows.',
        reason: 'hydrotest does not know the file that the target follows: give it with --events-file.',
      },
      {
        scenario: 'timeout',
        proves: 'A deadline is kept.',
        reason: 'the target promises no deadline: give it with --deadline.',
      },
    ],
  });
}

/** Stopped by Ctrl-C in the first scenario, before its first sample. */
export function interruptedReport(): Report {
  const shape = shapes.tabs;
  const scenario: ScenarioReport = {
    ...scenarioOf(shape, 420, []),
    outcome: 'invalid',
    command: null,
    leakProbe: null,
    peakRssBytes: null,
    streamCount: 0,
    eventCount: 0,
    phases: [],
    series: [],
  };
  return reportOf([scenario], 'invalid', 'The run was stopped before anything was measured.', {
    complete: false,
  });
}

/** Not even a scenario. */
export function emptyReport(): Report {
  return reportOf([], 'invalid', 'No scenario was run, so nothing is known about the target.', {
    durationMs: 0,
    complete: false,
  });
}

/** An hour of samples and 60 findings, half of them bad, with reasons of 2,000 characters. */
export function largeReport(): Report {
  const findings = Array.from({ length: 60 }, (_, index) =>
    finding(
      'cleanup',
      'tabs',
      `Finding ${index + 1}. ${'The socket is still in close_wait. '.repeat(57)}`,
      { closeWaitCount: index, longestWaitMs: index * 1000 },
      index % 2 === 0 ? 'fail' : 'pass',
      `socket ${index + 1}`,
    ),
  );
  const hour: Shape = { ...shapes.tabs, seconds: 3600, rssMB: [61, 139] };
  return reportOf([scenarioOf(hour, 420, findings)], 'fail', 'tabs left sockets behind.');
}

/** An hour of churn, a reading a second: 3,600 samples, 1,200 careful readings, leaks with their trends, ends and times. */
export function hourReport(): Report {
  const { churn } = failingFindings();
  const hour: Shape = {
    ...shapes.churn,
    seconds: 3600,
    streams: 900_000,
    events: 8_000_000,
    rssMB: [61, 139],
  };
  return reportOf([scenarioOf(hour, 420, churn)], 'fail', 'churn leaks 21.3 kB with each slow reader.');
}

/** What must never reach a terminal or a page as it is. */
export const hostileText =
  '</script><img src=x onerror=alert(1)> | `code` **bold** \u001b[31mred\u001b[0m \u0000NUL \u202Ertl\u202C \u2028 ]]> & "quotes" \'single\' [link](javascript:alert(1)) <!-- \r\n# heading \ud800 مرحبا 日本語 🦄';

/** Hostile text in every field that comes from outside. */
export function hostileReport(): Report {
  const report = failingReport();
  const poison = <T>(value: T): T => (typeof value === 'string' ? (`${value} ${hostileText}` as T) : value);
  const [first, ...others] = report.scenarios;
  if (first === undefined) throw new Error('the sample has no scenario');
  const bad = finding(
    'cleanup',
    poison('tabs'),
    poison('Bad.'),
    { [poison('key')]: hostileText, outputBytes: Number.NaN },
    'fail',
    poison('subject'),
  );
  const leaking = leak('tabs', poison('abrupt drop'), 'connection', 'leak', [100, 200, 300], 10);
  return {
    ...report,
    runId: poison(report.runId),
    startedAt: poison(report.startedAt),
    repeatCommand: poison(report.repeatCommand),
    complete: false,
    environment: {
      ...report.environment,
      platform: poison('linux'),
      cpuModel: poison('CPU'),
      nodeVersion: poison('v24'),
    },
    config: {
      ...report.config,
      target: { mode: 'spawn', command: poison('serve'), readyTimeoutMs: 1 },
      url: poison(report.config.url),
      key: poison(report.config.key),
      page: poison('http://127.0.0.1/'),
      events: { to: 'file', at: poison('file') },
      headers: { [poison('x')]: 'secret-value' },
      scenarios: [poison('tabs')],
      outDir: poison('out'),
    },
    verdict: { ...report.verdict, reason: poison(report.verdict.reason) },
    scenarios: [
      {
        ...first,
        scenario: poison(first.scenario),
        proves: poison(first.proves),
        shown: poison(first.shown),
        command: poison(first.command),
        outcome: 'fail',
        phases: first.phases.map(({ phase, elapsedMs }) => ({ phase: poison(phase), elapsedMs })),
        gaps: [{ probe: poison('heap'), reason: poison('gone'), elapsedMs: 1 }],
        findings: [bad, leaking],
      },
      ...others,
    ],
    fingerprint: [
      fingerprintRow(leaking),
      unmeasuredRow(poison('tabs'), poison('deadline'), poison('None.')),
    ],
    skipped: [{ scenario: poison('growth'), proves: poison('It grows.'), reason: poison('No file.') }],
  };
}

/** A run that passes, in surroundings that change its figures: one of a single scenario, one of several, one of the whole run. */
export function warnedReport(): Report {
  const report = passingReport();
  const [first = '', second = ''] = report.scenarios.map(({ scenario }) => scenario);
  report.environment.warnings = [
    {
      warning: 'heap-limit',
      scenarios: [first],
      seen: 'an option allows V8 a heap of 67 MB, and the budget is 500 MB',
      effect: 'a heap that leaks may end the target before it is over budget',
      remedy: 'give a --budget near the limit, or measure with the option that production has',
      checks: ['memory-budget', 'target-alive'],
    },
    {
      warning: 'allocator',
      scenarios: [second, first],
      seen: "the target's allocator is not the default: MALLOC_ARENA_MAX=2 with a <b>long</b> \u001b[31mtail\u001b[0m that takes another line",
      effect: 'without it the same server keeps more or less of what it freed',
      remedy: 'measure with what production has',
      checks: ['memory-budget', 'memory-leak'],
    },
    {
      warning: 'overcommit',
      scenarios: [],
      seen: 'this machine promises no more memory than it has (vm.overcommit_memory is 2)',
      effect: 'an allocation may fail while much memory is free',
      remedy: 'measure with vm.overcommit_memory 0',
      checks: ['target-alive'],
    },
  ];
  return report;
}
