/** Leak measurements as the verdict leaves them: in every state, and the fingerprint that goes with them. */
import type {
  DoseUnit,
  FingerprintCell,
  FingerprintRow,
  LeakEvidence,
  LeakFinding,
  LeakState,
  Outcome,
  UnitRate,
} from '../../harness/model.ts';
import { MB } from './sample-scenarios.ts';

const deltaBytesOf: Record<DoseUnit, number> = { connection: 64, event: 16, rejection: 64, second: 2048 };

const outcomes: Record<LeakState, Outcome> = {
  stable: 'pass',
  bounded: 'pass',
  'late-release': 'pass',
  leak: 'fail',
  inconclusive: 'inconclusive',
  invalid: 'invalid',
};

/** A finding on one path; its own rate and a quiet one a second are what the cycles tell apart unless `part` has others. */
export function leak(
  scenario: string,
  path: string,
  unit: DoseUnit,
  state: LeakState,
  [low, rate, high]: [number | null, number | null, number | null],
  dosePerCycle: number,
  part: Partial<LeakEvidence> = {},
): LeakFinding {
  const cycleCount = state === 'invalid' ? 2 : 12;
  const doseCount = cycleCount * dosePerCycle;
  const own =
    low === null || rate === null || high === null ? [] : [rateOf(unit, [low, rate, high], doseCount)];
  const evidence: LeakEvidence = {
    state,
    path,
    unit,
    probe: 'heap',
    ratePerUnitBytes: rate,
    lowPerUnitBytes: low,
    highPerUnitBytes: high,
    confidence: 0.99,
    deltaBytes: deltaBytesOf[unit],
    detectableBytes: rate === null ? null : 9.6,
    cycleCount,
    doseCount,
    look: state === 'inconclusive' ? 3 : 1,
    points: Array.from({ length: cycleCount }, (_, cycle) => ({
      dose: (cycle + 1) * dosePerCycle,
      levelBytes: Math.round(
        9.4 * MB + (cycle + 1) * dosePerCycle * (rate ?? 0) + Math.sin(cycle * 7) * 4000,
      ),
    })),
    shape: state === 'stable' ? 'flat' : 'line',
    plateauBytes: null,
    residualCorrelation: rate === null ? null : 0.08,
    rates:
      unit === 'second' || own.length === 0
        ? own
        : [...own, rateOf('second', [-204, 31, 266], cycleCount * 1.4)],
    confounded: [],
    cause: state === 'leak' ? unit : null,
    confirmation: null,
    release: null,
    timeToBudget: [],
    ...part,
  };
  const reasons: Record<LeakState, string> = {
    stable: `Memory is flat: at most ${high} B a ${unit} are kept, less than the ${evidence.deltaBytes} B that count as a leak.`,
    bounded: 'Memory grew during the first cycles and then stopped growing.',
    'late-release':
      'What was kept came back while the target was idle, so that it is held for some time only.',
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

export function rateOf(
  unit: DoseUnit,
  [low, rate, high]: [low: number, rate: number, high: number],
  doseCount: number,
): UnitRate {
  return {
    unit,
    doseCount,
    ratePerUnitBytes: rate,
    lowPerUnitBytes: low,
    highPerUnitBytes: high,
    deltaBytes: deltaBytesOf[unit],
  };
}

const budgetBytes = 500 * MB;

/** The time in which a rate alone fills the budget, at the usual two rates of traffic. */
function timeToBudget(perUnitBytes: number, ...traffic: number[]): LeakEvidence['timeToBudget'] {
  return traffic.map((trafficPerSecond) => ({
    trafficPerSecond,
    seconds: budgetBytes / (perUnitBytes * trafficPerSecond),
  }));
}

/** 172 B a connection and no more by events or time, seen again on a fresh process, nothing given back. */
export function confirmedLeak(scenario: string): LeakFinding {
  return leak(scenario, 'abrupt drop', 'connection', 'leak', [168, 172, 176], 640, {
    rates: [
      rateOf('connection', [167.2, 171.6, 176.1], 7680),
      rateOf('event', [-0.42, 0.11, 0.63], 30_720),
      rateOf('second', [-204, 31, 266], 16.8),
    ],
    confirmation: {
      freshProcess: true,
      state: 'leak',
      ratePerUnitBytes: 173.2,
      lowPerUnitBytes: 168.9,
      highPerUnitBytes: 177.4,
      doseCount: 7680,
    },
    release: { waitedMs: 75_000, grownBytes: 1_321_000, keptBytes: 1_318_000, releasedAfterMs: null },
    timeToBudget: timeToBudget(172, 1, 50),
  });
}

/** Twice as many events always came with twice as many connections. */
export function confoundedLeak(scenario: string): LeakFinding {
  return leak(scenario, 'slow reader', 'connection', 'leak', [20_512, 21_344, 22_190], 200, {
    rates: [rateOf('connection', [20_512, 21_344, 22_190], 2400), rateOf('second', [-1204, 310, 1866], 31.2)],
    residualCorrelation: 0.42,
    confounded: [['connection', 'event']],
    confirmation: {
      freshProcess: false,
      state: 'leak',
      ratePerUnitBytes: 21_190,
      lowPerUnitBytes: 20_310,
      highPerUnitBytes: 22_030,
      doseCount: 2400,
    },
    timeToBudget: timeToBudget(21_344, 1, 50),
  });
}

/** Grows while nobody is connected. */
export function secondLeak(scenario: string): LeakFinding {
  return leak(scenario, 'idle', 'second', 'leak', [5_910, 6_120, 6_330], 2.5, {
    points: Array.from({ length: 12 }, (_, cycle) => ({
      dose: (cycle + 1) * 2.5,
      levelBytes: Math.round(9.4 * MB + (cycle + 1) * 2.5 * 6120 + Math.sin(cycle * 7) * 2000),
    })),
    detectableBytes: 690,
    confirmation: {
      freshProcess: true,
      state: 'leak',
      ratePerUnitBytes: 6_090,
      lowPerUnitBytes: 5_880,
      highPerUnitBytes: 6_310,
      doseCount: 30,
    },
    timeToBudget: timeToBudget(6_120, 1),
  });
}

/** A server that keeps streams for those who come back within 42 s. */
export function lateRelease(scenario: string): LeakFinding {
  return leak(scenario, 'reconnect', 'connection', 'late-release', [1_020, 1_090, 1_160], 640, {
    rates: [
      rateOf('connection', [1_020, 1_090, 1_160], 7680),
      rateOf('event', [-0.9, 0.2, 1.3], 23_040),
      rateOf('second', [-204, 31, 266], 16.8),
    ],
    cause: 'connection',
    release: { waitedMs: 75_000, grownBytes: 8_370_000, keptBytes: 21_000, releasedAfterMs: 42_000 },
  });
}

export function fingerprintRow({ scenario, outcome, reason, evidence }: LeakFinding): FingerprintRow {
  const cell = (unit: DoseUnit): FingerprintCell => {
    const rate = evidence.rates.find((candidate) => candidate.unit === unit);
    if (rate !== undefined) {
      const { ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes } = rate;
      const leaks = evidence.state === 'leak' && evidence.cause === unit;
      return { kind: 'rate', ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes, leaks };
    }
    const other = evidence.confounded.find((units) => units.includes(unit))?.find((one) => one !== unit);
    return other === undefined ? { kind: 'none' } : { kind: 'confounded', with: other };
  };
  return {
    scenario,
    path: evidence.path,
    state: evidence.state,
    outcome,
    reason,
    probe: evidence.probe,
    rates: {
      connection: cell('connection'),
      event: cell('event'),
      rejection: cell('rejection'),
      second: cell('second'),
    },
  };
}

export function unmeasuredRow(scenario: string, path: string, reason: string): FingerprintRow {
  const none: FingerprintCell = { kind: 'none' };
  return {
    scenario,
    path,
    state: null,
    outcome: null,
    reason,
    probe: null,
    rates: { connection: none, event: none, rejection: none, second: none },
  };
}
