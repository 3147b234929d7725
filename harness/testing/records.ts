/**
 * What a run against a good server leaves behind, made up: for tests that take something away from it or break it.
 * Counts and phases are those of the real scenarios, times are shortened.
 */
import { scenarios } from '../../scenarios/index.ts';
import { completeConfig } from '../config.ts';
import type { BehaviourName, RunRecord, ScenarioRecord } from '../model.ts';
import {
  cyclesOf,
  feedOf,
  heldOf,
  loadOf,
  REFUSED,
  readingOf,
  requestsOf,
  SCENARIO_MS,
  samplesOf,
  streamOf,
  tallyOf,
  timingsOf,
} from './entries.ts';

export const SCENARIO_NAMES = [
  'limit',
  'timeout',
  'tabs',
  'hold',
  'churn',
  'reject',
  'growth',
  'history',
  'orphans',
] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export const LIMIT = 5;
export const DEADLINE_MS = 1000;
export const HOLD_MS = 8000;
export const HELD_COUNT = 60;
export const HELD_STREAM_BYTES = 20 * 1024;
/** Between the beginnings of two scenarios. */
const SCENARIO_PACE_MS = 12_000;
const PID = 4711;

/** A complete run that passes: everything in it was measured and is as it should be. */
export function healthyRun(names: readonly ScenarioName[] = SCENARIO_NAMES): RunRecord {
  const config = completeConfig({
    seed: 1,
    duration: HOLD_MS / 1000,
    limit: LIMIT,
    streams: HELD_COUNT,
    scenarios: [...names],
  });
  return {
    run: {
      type: 'run',
      journalVersion: 2,
      runId: '2026-01-02T03-04-05-1',
      startedAt: '2026-01-02T03:04:05.000Z',
      repeatCommand: 'hydrotest run --seed 1',
      config,
      environment: {
        hydrotestVersion: '0.0.0',
        nodeVersion: 'v24.0.0',
        platform: 'linux x64',
        cpuModel: 'made up',
        cpuCount: 2,
        memoryBytes: 8e9,
        facts: [],
      },
    },
    scenarios: names.map((name, index) => healthyScenario(name, index * SCENARIO_PACE_MS)),
    skipped: [],
    interrupted: null,
    complete: true,
    tornLineCount: 0,
    lostLineCount: 0,
    durationMs: names.length * SCENARIO_PACE_MS,
  };
}

function healthyScenario(name: ScenarioName, startMs: number): ScenarioRecord {
  const { proves, checks, paths } = scenarios.find((scenario) => scenario.name === name) ?? {};
  if (proves === undefined || checks === undefined || paths === undefined)
    throw new Error(`there is no scenario ${name}`);
  const own = PARTS[name](startMs);
  const phases = ['warm-up', ...own.phases, 'clean-up'].map((phase, index, all) => ({
    phase,
    elapsedMs: startMs + Math.round((index / all.length) * SCENARIO_MS),
  }));
  const levels = (moment: 'before' | 'after', elapsedMs: number) =>
    ({ type: 'levels', scenario: name, elapsedMs, moment, waitedMs: 30, reading: readingOf() }) as const;
  return {
    scenario: name,
    elapsedMs: startMs,
    proves,
    checks: [...checks],
    paths: [...paths],
    command: 'node server.js',
    limit: LIMIT,
    deadlineMs: DEADLINE_MS,
    endedMs: startMs + SCENARIO_MS,
    error: null,
    target: [
      {
        type: 'target',
        scenario: name,
        elapsedMs: startMs + 1,
        event: 'ready',
        attempt: 0,
        pid: PID,
        leakProbe: 'heap',
        listens: true,
        detail: null,
      },
    ],
    phases,
    samples: samplesOf(name, phases, startMs),
    gaps: [],
    cycles: [],
    drains: [],
    skippedPaths: [],
    streams: [],
    timings: [],
    loads: [],
    held: [],
    requests: [],
    feeds: [],
    browser: [],
    environment: [],
    ...own.record,
    tallies: [tallyOf(name, 'warm-up', 1), ...(own.record.tallies ?? [])],
    levels: [levels('before', startMs + 500), levels('after', startMs + SCENARIO_MS - 100)],
  };
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

interface Parts {
  phases: string[];
  record: Partial<ScenarioRecord>;
}

const PARTS: Record<ScenarioName, (startMs: number) => Parts> = {
  limit() {
    const ways: [string, BehaviourName][] = [
      ['burst, then abrupt drop', 'abrupt-drop'],
      ['burst, then graceful close', 'graceful-close'],
      ['drop before the first byte', 'drop-before-first-byte'],
    ];
    const reopenAfter = (phase: string) => `reopen after ${phase.replace('burst, then ', '')}`;
    return {
      phases: ways.flatMap(([phase]) => [phase, reopenAfter(phase)]),
      record: {
        streams: ways.flatMap(([phase, behaviour]) => [
          ...times(4 * LIMIT, (i) => {
            if (behaviour === 'drop-before-first-byte')
              return streamOf(phase, { behaviour, status: null, firstEventMs: null, eventCount: 0 });
            return streamOf(phase, { behaviour, ...(i < LIMIT ? {} : REFUSED) });
          }),
          ...times(LIMIT, () => streamOf(reopenAfter(phase))),
        ]),
      },
    };
  },
  timeout() {
    const ended = { closeReason: 'max_duration_exceeded', closeEventMs: DEADLINE_MS + 5 };
    const stream = streamOf('deadline', {
      ...ended,
      ending: 'server-end',
      durationMs: DEADLINE_MS + 6,
    });
    return {
      phases: ['deadline', 'measure deadline'],
      record: {
        streams: times(3, () => ({ ...stream })),
        cycles: cyclesOf('timeout', 'deadline'),
        tallies: [tallyOf('timeout', 'measure deadline', 9000)],
      },
    };
  },
  tabs() {
    return {
      phases: ['hold'],
      record: {
        streams: times(10, (i) =>
          streamOf('hold', {
            behaviour: 'tab',
            key: `key-${1 + (i % 2)}`,
            durationMs: HOLD_MS + 15,
            eventCount: 8,
          }),
        ),
        feeds: times(16, (i) => feedOf('tabs', 'hold', `key-${1 + (i % 2)}`, 1, 300)),
      },
    };
  },
  hold(startMs) {
    const [ramp, hold] = [`ramp to ${HELD_COUNT}`, `hold ${HELD_COUNT}`];
    const kinds: BehaviourName[] = ['graceful-close', 'abrupt-drop', 'slow-reader'];
    return {
      phases: ['empty', ramp, hold],
      record: {
        tallies: kinds.map((behaviour) => tallyOf('hold', hold, HELD_COUNT, behaviour)),
        timings: kinds.map((behaviour) => timingsOf('hold', hold, startMs + 7900, behaviour)),
        loads: [
          loadOf('hold', ramp, startMs + 4000, HELD_COUNT / 2),
          ...times(4, (i) => loadOf('hold', hold, startMs + 5000 + 500 * i, HELD_COUNT)),
        ],
        held: [
          heldOf('hold', startMs + 3000, 0, 0),
          heldOf('hold', startMs + 7500, HELD_COUNT, HELD_STREAM_BYTES),
        ],
      },
    };
  },
  churn() {
    const paths: [string, BehaviourName][] = [
      ['graceful close', 'graceful-close'],
      ['abrupt drop', 'abrupt-drop'],
      ['drop before the first byte', 'drop-before-first-byte'],
      ['slow reader', 'slow-reader'],
      ['reconnect', 'abrupt-drop'],
      ['new key each time', 'abrupt-drop'],
    ];
    return {
      phases: [
        'prepare',
        ...paths.map(([path]) => `measure ${path}`),
        'measure positive control',
        'measure idle',
      ],
      record: {
        cycles: [
          ...paths.flatMap(([path]) => cyclesOf('churn', path)),
          ...cyclesOf('churn', 'positive control', 'connection', () => 0, 128),
          ...cyclesOf('churn', 'idle', 'second'),
        ],
        tallies: paths.map(([path, behaviour]) => tallyOf('churn', `measure ${path}`, 9000, behaviour)),
        feeds: times(20, (i) => feedOf('churn', 'prepare', `key-${i}`, 5, 1000)),
      },
    };
  },
  reject() {
    const cycles = cyclesOf('reject', 'rejection', 'rejection');
    return {
      phases: ['fill the limit', 'measure rejection'],
      record: {
        streams: times(LIMIT, () => streamOf('fill the limit', { durationMs: 6000 })),
        cycles,
        requests: cycles.map(({ plannedDose }) =>
          requestsOf('reject', 'measure rejection', 'flood', 429, plannedDose),
        ),
      },
    };
  },
  growth() {
    const phase = 'measure event to held streams';
    const cycles = cyclesOf('growth', 'event to held streams', 'event');
    const fed = cycles.reduce((sum, { plannedDose }) => sum + plannedDose, 0);
    return {
      phases: ['open', phase, 'finish'],
      record: {
        streams: [
          ...times(4, () => streamOf('open', { eventCount: fed, durationMs: 7000 })),
          streamOf('open', { behaviour: 'stalled-reader', eventCount: 12, ending: 'server-reset' }),
        ],
        cycles,
        feeds: cycles.map(({ plannedDose }) =>
          feedOf('growth', phase, 'key-1', plannedDose, plannedDose * 1000),
        ),
        requests: cycles.map(() => requestsOf('growth', phase, 'page', 200, 5)),
      },
    };
  },
  history() {
    const replay = (phase: string, firstEventMs: number) =>
      times(5, () => streamOf(phase, { firstEventMs, eventCount: 1000 }));
    return {
      phases: ['warm the replay', 'small history', 'write large history', 'large history'],
      record: {
        streams: [
          ...replay('warm the replay', 9),
          ...replay('small history', 5),
          ...replay('large history', 6),
        ],
        feeds: [
          feedOf('history', 'warm-up', 'key-1', 1000, 1e6),
          feedOf('history', 'write large history', 'key-2', 1e6, 1e9),
        ],
      },
    };
  },
  orphans() {
    const kinds: BehaviourName[] = ['tab', 'graceful-close', 'abrupt-drop', 'stalled-reader'];
    const round = (phase: string) => [
      ...kinds.map((behaviour) => streamOf(phase, { behaviour })),
      streamOf(phase, { ...REFUSED }),
      streamOf(phase, { behaviour: 'drop-before-first-byte', status: null, firstEventMs: null }),
    ];
    return {
      phases: ['round 1', 'round 2', 'round 3'],
      record: {
        streams: ['round 1', 'round 2', 'round 3'].flatMap(round),
        feeds: times(4, (i) => feedOf('orphans', 'round 1', `key-${1 + i}`, 50, 50_000)),
      },
    };
  },
};
