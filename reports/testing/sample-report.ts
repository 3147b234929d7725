/**
 * Reports as a real run would leave them, for the tests of the reporters: passing, failing, inconclusive,
 * interrupted, empty, large and hostile. Deterministic.
 */
import type {
  DoseUnit,
  Facts,
  Finding,
  LeakEvidence,
  LeakState,
  Outcome,
  Report,
  ScenarioReport,
  SeriesPoint,
} from '../../harness/model.ts';

const MB = 1_000_000;

interface Shape {
  name: string;
  proves: string;
  seconds: number;
  phases: string[];
  rssMB: [start: number, end: number];
  streams: number;
  events: number;
  /** Streams open at once in the middle phases. */
  open: number;
}

const shapes: Record<string, Shape> = {
  tabs: {
    name: 'tabs',
    proves:
      '10 browser tabs over 2 workflows are held for the whole duration, and memory stays under the budget.',
    seconds: 30,
    phases: ['open', 'hold', 'close'],
    rssMB: [61, 66],
    streams: 10,
    events: 620,
    open: 10,
  },
  limit: {
    name: 'limit',
    proves:
      'Of 20 streams opened at once on one key exactly 5 are let in, 15 are refused with 429, and every slot comes back.',
    seconds: 6,
    phases: ['burst', 'drain', 'again'],
    rssMB: [60, 63],
    streams: 25,
    events: 125,
    open: 5,
  },
  timeout: {
    name: 'timeout',
    proves: 'A stream that reaches its deadline gets a close event with its reason, and ends on time.',
    seconds: 9,
    phases: ['open', 'wait', 'closed'],
    rssMB: [60, 61],
    streams: 5,
    events: 55,
    open: 5,
  },
  churn: {
    name: 'churn',
    proves: '20,000 connections that end in every way leave nothing behind.',
    seconds: 58,
    phases: ['warm-up', 'graceful close', 'abrupt drop', 'drop before the first byte', 'settle'],
    rssMB: [62, 83.4],
    streams: 24_960,
    events: 74_880,
    open: 40,
  },
  reject: {
    name: 'reject',
    proves: 'A flood against a full limit is refused with 429 throughout and costs no memory.',
    seconds: 14,
    phases: ['fill', 'flood', 'settle'],
    rssMB: [62, 71],
    streams: 5,
    events: 25,
    open: 5,
  },
  growth: {
    name: 'growth',
    proves:
      'While the file grows by 200 MB under held streams every event arrives once, memory is flat, and the page answers.',
    seconds: 26,
    phases: ['open', 'grow', 'close'],
    rssMB: [63, 92],
    streams: 10,
    events: 400_000,
    open: 10,
  },
  history: {
    name: 'history',
    proves:
      'With a history of 1 GB the first event comes as soon, and costs as much memory, as with a small one.',
    seconds: 12,
    phases: ['small file', 'large file'],
    rssMB: [61, 68],
    streams: 12,
    events: 12_000,
    open: 6,
  },
  orphans: {
    name: 'orphans',
    proves: 'After everything, file descriptors, sockets and streams are back to the level before.',
    seconds: 8,
    phases: ['before', 'work', 'after'],
    rssMB: [60, 62],
    streams: 200,
    events: 1_000,
    open: 50,
  },
};

/** A smooth and slightly noisy rise from start to end, a reading a second. */
function seriesOf(shape: Shape, startedMs: number, everyMs = 1000): SeriesPoint[] {
  const count = Math.max(2, Math.round((shape.seconds * 1000) / everyMs));
  const [start, end] = shape.rssMB;
  return Array.from({ length: count }, (_, index) => {
    const part = index / (count - 1);
    const noise = Math.sin(index * 12.9898) * 0.9 + Math.sin(index * 4.1) * 0.5;
    const held = part > 0.12 && part < 0.88 ? shape.open : 0;
    return {
      elapsedMs: startedMs + index * everyMs + 3,
      rssBytes: Math.round((start + (end - start) * (1 - (1 - part) ** 2) + noise) * MB),
      openStreamCount: held,
      eventCount: Math.round(shape.events * part),
      fdCount: 24 + held,
    };
  });
}

function scenarioOf(shape: Shape, startedMs: number, findings: Finding[], everyMs = 1000): ScenarioReport {
  const series = seriesOf(shape, startedMs, everyMs);
  const rank: Outcome[] = ['fail', 'invalid', 'inconclusive', 'pass'];
  return {
    scenario: shape.name,
    proves: shape.proves,
    outcome: rank.find((outcome) => findings.some((finding) => finding.outcome === outcome)) ?? 'invalid',
    command: 'node server/main.ts --port 41873 --dir /tmp/hydrotest-1f0c --limit 5 --deadline 3600',
    startedMs,
    durationMs: shape.seconds * 1000 + 412,
    leakProbe: 'heap',
    peakRssBytes: peakBytesOf(shape),
    streamCount: shape.streams,
    eventCount: shape.events,
    phases: shape.phases.map((phase, index) => ({
      phase,
      elapsedMs: startedMs + Math.round((shape.seconds * 1000 * index) / shape.phases.length),
    })),
    gaps: [],
    findings,
    series,
  };
}

/** A little above the highest sample, as the kernel's high-water mark is. */
const peakBytesOf = ({ rssMB: [, end] }: Shape) => Math.round((end + 1.7) * MB);

type PlainFinding = Exclude<Finding, { check: 'memory-leak' }>;

export function finding(
  check: PlainFinding['check'],
  scenario: string,
  reason: string,
  evidence: Facts,
  outcome: Outcome = 'pass',
  subject = '',
): PlainFinding {
  return { check, scenario, subject, outcome, reason, evidence };
}

export function leak(
  scenario: string,
  path: string,
  unit: DoseUnit,
  state: LeakState,
  [low, rate, high]: [number | null, number | null, number | null],
  dosePerCycle: number,
): Finding {
  const outcomes: Record<LeakState, Outcome> = {
    stable: 'pass',
    bounded: 'pass',
    leak: 'fail',
    inconclusive: 'inconclusive',
    invalid: 'invalid',
  };
  const cycleCount = state === 'invalid' ? 2 : 12;
  const evidence: LeakEvidence = {
    state,
    path,
    unit,
    probe: 'heap',
    ratePerUnitBytes: rate,
    lowPerUnitBytes: low,
    highPerUnitBytes: high,
    confidence: 0.95,
    deltaBytes: unit === 'rejection' ? 16 : 64,
    detectableBytes: rate === null ? null : 9.6,
    cycleCount,
    doseCount: cycleCount * dosePerCycle,
    look: state === 'inconclusive' ? 3 : 1,
    points: Array.from({ length: cycleCount }, (_, cycle) => ({
      dose: (cycle + 1) * dosePerCycle,
      levelBytes: Math.round(
        9.4 * MB + (cycle + 1) * dosePerCycle * (rate ?? 0) + Math.sin(cycle * 7) * 4000,
      ),
    })),
  };
  const reasons: Record<LeakState, string> = {
    stable: `Memory is flat: at most ${high} B a ${unit} are kept, less than the ${evidence.deltaBytes} B that count as a leak.`,
    bounded: 'Memory grew during the first cycles and then stopped growing.',
    leak: `Each ${unit} leaves ${rate} B behind for ever: look for a listener or a map entry that the ${path} path does not remove.`,
    inconclusive: `The interval ${low} B to ${high} B still holds ${evidence.deltaBytes} B after 3 looks: run longer or on a quieter machine.`,
    invalid: 'Only 2 of 12 cycles did what they should: look at the target’s log.',
  };
  return {
    check: 'memory-leak',
    scenario,
    subject: path,
    outcome: outcomes[state],
    reason: reasons[state],
    evidence,
  };
}

const budget = (scenario: string, peakRssBytes: number) =>
  finding(
    'memory-budget',
    scenario,
    `The process tree peaked at ${Math.round(peakRssBytes / 1e5) / 10} MB of a budget of 500 MB.`,
    {
      peakRssBytes,
      budgetBytes: 500 * MB,
      sampleCount: 30,
    },
  );

function passingFindings(): Record<string, Finding[]> {
  return {
    tabs: [
      budget('tabs', 67.7 * MB),
      finding(
        'streams-held',
        'tabs',
        'All 10 streams were open from the first event to the end of the hold.',
        {
          heldCount: 10,
          plannedCount: 10,
          shortestHoldMs: 24_112,
        },
      ),
      finding('event-integrity', 'tabs', 'No event is missing and none came twice in 620.', {
        eventCount: 620,
        gapCount: 0,
        duplicateCount: 0,
      }),
    ],
    limit: [
      finding('connection-limit', 'limit', 'Of 20 streams at once 5 were let in and 15 refused with 429.', {
        acceptedCount: 5,
        rejectedCount: 15,
        limitCount: 5,
        retryAfter: '2',
      }),
      finding('slots-released', 'limit', 'All 5 slots came back 38 ms after the streams were closed.', {
        reopenedCount: 5,
        waitedMs: 38,
      }),
    ],
    timeout: [
      finding(
        'timeout-close',
        'timeout',
        '5 streams got the close event max_duration_exceeded 4 to 11 ms after the deadline.',
        {
          deadlineMs: 4000,
          latestCloseMs: 4011.3,
          closeReason: 'max_duration_exceeded',
          endedProperly: true,
        },
      ),
    ],
    churn: [
      leak('churn', 'graceful close', 'connection', 'stable', [-3.1, 0.42, 3.9], 640),
      leak('churn', 'abrupt drop', 'connection', 'stable', [-2.2, 1.7, 5.4], 640),
      leak('churn', 'drop before the first byte', 'connection', 'bounded', [-8.4, 6.2, 21.7], 640),
      finding('load-landed', 'churn', '24,960 of 24,960 connections did what they were meant to.', {
        plannedCount: 24_960,
        landedCount: 24_960,
        landedRatio: 1,
      }),
    ],
    reject: [
      leak('reject', 'rejection', 'rejection', 'stable', [-0.8, 0.1, 0.9], 2000),
      finding('rejections', 'reject', 'All 26,000 requests over the limit were refused with 429.', {
        plannedCount: 26_000,
        status429Count: 26_000,
        errorCount: 0,
        p99LatencyMs: 8.4,
      }),
    ],
    growth: [
      budget('growth', 93.7 * MB),
      finding(
        'responsiveness',
        'growth',
        'The page answered within 41 ms at the 99th percentile while the file grew.',
        {
          p50LatencyMs: 2.1,
          p99LatencyMs: 41.2,
          maxLatencyMs: 88,
          requestCount: 1200,
        },
      ),
    ],
    history: [
      finding(
        'history-cost',
        'history',
        'The first event came after 6.1 ms with 1 GB of history and 5.8 ms with 1 MB.',
        {
          smallFirstEventMs: 5.8,
          largeFirstEventMs: 6.1,
          largeFileBytes: 1000 * MB,
          extraRssBytes: 1.9 * MB,
        },
      ),
    ],
    orphans: [
      finding(
        'cleanup',
        'orphans',
        'File descriptors and sockets were back to the level before after 210 ms.',
        {
          fdBeforeCount: 24,
          fdAfterCount: 24,
          closeWaitCount: 0,
          waitedMs: 210,
          heapBytes: null,
        },
      ),
      finding('target-alive', 'orphans', 'The target ran to the end.', { exitCode: null }),
    ],
  };
}

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
      eventsFile: '{dir}/agents/{key}/events.jsonl',
      headers: { authorization: 'Bearer not-to-be-shown' },
      limit: 5,
      deadlineMs: 3_600_000,
      budgetBytes: 500 * MB,
      durationMs: 30_000,
      scenarios: Object.keys(shapes),
      outDir: 'reports/out',
      seed: 42,
      inspect: true,
    },
    verdict: { outcome, reason, counts: countsOf(scenarios) },
    scenarios,
    skipped: [],
    ...part,
  };
}

function scenariosFrom(
  findings: Record<string, Finding[]>,
  change: (shape: Shape) => Shape = (shape) => shape,
) {
  let startedMs = 420;
  return Object.values(shapes).map((shape) => {
    const scenario = scenarioOf(change(shape), startedMs, findings[shape.name] ?? []);
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

/** The limit is not kept, an abrupt drop leaks, memory is over the budget and the target dies of it. */
export function failingReport(): Report {
  const findings = passingFindings();
  findings['limit'] = [
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
  findings['churn'] = [
    leak('churn', 'graceful close', 'connection', 'stable', [-3.1, 0.42, 3.9], 640),
    leak('churn', 'abrupt drop', 'connection', 'leak', [20_512, 21_344, 22_190], 640),
    leak('churn', 'drop before the first byte', 'connection', 'inconclusive', [12, 58, 104], 640),
    finding(
      'memory-budget',
      'churn',
      'The process tree peaked at 538 MB, 38 MB over the budget of 500 MB.',
      { peakRssBytes: 538.2 * MB, budgetBytes: 500 * MB, peakElapsedMs: 101_200 },
      'fail',
    ),
  ];
  const scenarios = scenariosFrom(findings, (shape) =>
    shape.name === 'churn' ? { ...shape, rssMB: [62, 536.5] } : shape,
  );
  const reason =
    'churn leaks 21.3 kB with each abrupt drop, limit let in 20 of 20 streams at a limit of 5, and memory went over 500 MB.';
  return reportOf(scenarios, 'fail', reason);
}

/** A target that hydrotest attached to: less can be tested, and one leak rate is not decided. */
export function inconclusiveReport(): Report {
  const findings = passingFindings();
  findings['churn'] = [
    leak('churn', 'graceful close', 'connection', 'stable', [-31, 4.2, 39], 640),
    leak('churn', 'abrupt drop', 'connection', 'inconclusive', [-12, 51, 117], 640),
    leak('churn', 'drop before the first byte', 'connection', 'invalid', [null, null, null], 640),
  ];
  const [, , , churn] = scenariosFrom(findings);
  const tabs = scenarioOf(shapes['tabs'] as Shape, 420, findings['tabs'] ?? []);
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
  const shape = shapes['tabs'] as Shape;
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
  const hour: Shape = { ...(shapes['tabs'] as Shape), seconds: 3600, rssMB: [61, 139] };
  return reportOf([scenarioOf(hour, 420, findings)], 'fail', 'tabs left sockets behind.');
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
      eventsFile: poison('file'),
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
        command: poison(first.command),
        outcome: 'fail',
        phases: first.phases.map(({ phase, elapsedMs }) => ({ phase: poison(phase), elapsedMs })),
        gaps: [{ probe: poison('heap'), reason: poison('gone'), elapsedMs: 1 }],
        findings: [bad, leaking],
      },
      ...others,
    ],
    skipped: [{ scenario: poison('growth'), proves: poison('It grows.'), reason: poison('No file.') }],
  };
}
