import { expect, test } from 'vitest';
import type { Finding, FingerprintRow, Report } from '../harness/model.ts';
import { cellText, fingerprintOf, leadRate, rowState } from './fingerprint.ts';
import { confoundedLeak, fingerprintRow, leak, unmeasuredRow } from './testing/sample-leaks.ts';
import { emptyReport, failingReport, passingReport } from './testing/sample-report.ts';

function reportOf(findings: Finding[], fingerprint: FingerprintRow[]): Report {
  const report = passingReport();
  const [scenario] = report.scenarios;
  return { ...report, fingerprint, scenarios: scenario === undefined ? [] : [{ ...scenario, findings }] };
}

test('has a column for each unit that some path did work in', () => {
  expect(fingerprintOf(failingReport()).units).toEqual(['connection', 'event', 'rejection', 'second']);
  expect(fingerprintOf(emptyReport())).toEqual({ units: [], rows: [], confidence: '' });
  const found = confoundedLeak('tabs');
  expect(fingerprintOf(reportOf([found], [fingerprintRow(found)])).units).toEqual([
    'connection',
    'event',
    'second',
  ]);
});

test('names a path with its scenario only where that is needed', () => {
  const rows = [
    unmeasuredRow('one', 'deadline', ''),
    unmeasuredRow('two', 'deadline', ''),
    unmeasuredRow('one', 'rejection', ''),
    unmeasuredRow('one', '', ''),
  ];
  expect(fingerprintOf(reportOf([], rows)).rows.map(({ name }) => name)).toEqual([
    'deadline (one)',
    'deadline (two)',
    'rejection',
    'any path',
  ]);
});

test('cells and states in words', () => {
  const rate = { kind: 'rate', ratePerUnitBytes: 172, lowPerUnitBytes: 167, highPerUnitBytes: 176 } as const;
  expect(cellText({ ...rate, leaks: true })).toBe('✖ 172 B');
  expect(cellText({ ...rate, leaks: false })).toBe('172 B');
  expect(
    cellText({
      kind: 'rate',
      ratePerUnitBytes: -13_700,
      lowPerUnitBytes: -60_000,
      highPerUnitBytes: 21_000,
      leaks: false,
    }),
    'not to be told from zero',
  ).toBe('0 ± 60 kB');
  const still = { ratePerUnitBytes: 0, lowPerUnitBytes: 0, highPerUnitBytes: 0 };
  expect(cellText({ kind: 'rate', ...still, leaks: false })).toBe('0 B');
  expect(
    cellText({ kind: 'rate', ratePerUnitBytes: 3, lowPerUnitBytes: -1, highPerUnitBytes: 7, leaks: true }),
  ).toBe('✖ 3 B');
  expect(cellText({ kind: 'confounded', with: 'connection' })).toBe('with connection');
  expect(cellText({ kind: 'none' })).toBe('–');
  expect(rowState({ ...unmeasuredRow('a', 'b', ''), state: 'late-release', outcome: 'pass' })).toBe(
    '✔ late release',
  );
  expect(rowState(unmeasuredRow('a', 'b', ''))).toBe('not measured');
});

test('a row is read first in the unit of its cause, or in the one that holds the rate of both', () => {
  const byUnit = (found: ReturnType<typeof leak>) => {
    const [row] = fingerprintOf(reportOf([found], [fingerprintRow(found)])).rows;
    return row === undefined ? null : leadRate(row);
  };
  expect(byUnit(confoundedLeak('tabs'))).toMatchObject({ unit: 'connection', deltaBytes: 64 });
  const found = confoundedLeak('tabs');
  const byEvents = { ...found, evidence: { ...found.evidence, cause: 'event' as const } };
  expect(byUnit(byEvents)).toMatchObject({ unit: 'connection', deltaBytes: 64 });
  expect(byUnit(leak('tabs', 'x', 'connection', 'leak', [1, 2, 3], 10, { cause: 'second' }))).toMatchObject({
    unit: 'second',
    deltaBytes: 2048,
  });
  expect(byUnit(leak('tabs', 'x', 'connection', 'invalid', [null, null, null], 10))).toBeNull();
});

test('a row whose finding is not in the report still shows its rates', () => {
  const [row] = fingerprintOf(reportOf([], [fingerprintRow(confoundedLeak('tabs'))])).rows;
  expect(row?.row.rates.connection.kind).toBe('rate');
  expect(row && leadRate(row)).toBeNull();
});
