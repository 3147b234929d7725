import { describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';
import type { FingerprintRow, LeakEvidence, UnitRate } from './model.ts';
import { examine } from './testing/examine.ts';
import { healthyRun } from './testing/records.ts';

const rate = (unit: UnitRate['unit'], ratePerUnitBytes: number): UnitRate => ({
  unit,
  doseCount: 1000,
  ratePerUnitBytes,
  lowPerUnitBytes: ratePerUnitBytes - 1,
  highPerUnitBytes: ratePerUnitBytes + 1,
  deltaBytes: 48,
});

/** The row of a path whose evidence was changed like this. */
function rowOf(change: Partial<LeakEvidence>): FingerprintRow {
  const { report } = examine('memory-leak', 'churn');
  const record = healthyRun(['churn']);
  const [scenario] = structuredClone(report.scenarios);
  if (scenario === undefined) throw new Error('a healthy run has a scenario');
  scenario.findings = scenario.findings.filter(
    (finding) => finding.check === 'memory-leak' && finding.subject === 'abrupt drop',
  );
  for (const finding of scenario.findings) Object.assign(finding.evidence, change);
  const [row] = fingerprintOf([scenario], record);
  if (row === undefined) throw new Error('a path that was measured has a row');
  return row;
}

const LEAK: Partial<LeakEvidence> = {
  state: 'leak',
  unit: 'connection',
  ratePerUnitBytes: 500,
  lowPerUnitBytes: 480,
  highPerUnitBytes: 520,
  rates: [rate('connection', 300), rate('event', 40), rate('second', 0)],
  confounded: [],
  cause: null,
};

describe('a path that was measured', () => {
  it('shows the rate of the verdict in its own unit, and that of the joint fit in the others', () => {
    const { rates, state, path } = rowOf(LEAK);
    expect({ state, path }).toEqual({ state: 'leak', path: 'abrupt drop' });
    expect(rates.connection).toEqual({
      kind: 'rate',
      ratePerUnitBytes: 500,
      lowPerUnitBytes: 480,
      highPerUnitBytes: 520,
      leaks: true,
    });
    expect(rates.event).toMatchObject({ kind: 'rate', ratePerUnitBytes: 40, leaks: false });
    expect(rates.rejection).toEqual({ kind: 'none' });
  });

  it('puts the leak on the unit that explains it, and leaves its own unit what is left', () => {
    const { rates } = rowOf({ ...LEAK, cause: 'event' });
    expect(rates.event).toMatchObject({ ratePerUnitBytes: 40, leaks: true });
    expect(rates.connection).toMatchObject({ ratePerUnitBytes: 300, leaks: false });
  });

  it('has no leaking cell while nothing is decided', () => {
    for (const state of ['stable', 'inconclusive', 'late-release', 'bounded'] as const) {
      const cells = Object.values(rowOf({ ...LEAK, state }).rates);
      expect(cells.filter((cell) => cell.kind === 'rate' && cell.leaks)).toEqual([]);
    }
  });

  it('names the unit from which another cannot be told apart', () => {
    const { rates } = rowOf({
      ...LEAK,
      rates: [rate('connection', 300)],
      confounded: [['connection', 'event']],
    });
    expect(rates.event).toEqual({ kind: 'confounded', with: 'connection' });
    expect(rates.second).toEqual({ kind: 'none' });
  });

  it('shows no figure where none could be fitted', () => {
    const none = { ratePerUnitBytes: null, lowPerUnitBytes: null, highPerUnitBytes: null };
    const { rates } = rowOf({ ...LEAK, ...none, state: 'invalid', rates: [] });
    expect(new Set(Object.values(rates).map(({ kind }) => kind))).toEqual(new Set(['none']));
  });
});

it('a path that was skipped is a row with its reason, behind those that were measured', () => {
  const record = healthyRun(['churn']);
  record.scenarios[0]?.skippedPaths.push({ path: 'reconnect', reason: 'no event has an id' });
  const { report } = examine('memory-leak', 'churn');
  const rows = fingerprintOf(report.scenarios, record);
  expect(rows.length).toBeGreaterThan(1);
  expect(rows.at(-1)).toMatchObject({ path: 'reconnect', state: null, reason: 'no event has an id' });
});
