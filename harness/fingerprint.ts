import type {
  DoseUnit,
  FingerprintCell,
  FingerprintRow,
  LeakEvidence,
  LeakFinding,
  RunRecord,
  ScenarioReport,
} from './model.ts';

const UNITS: DoseUnit[] = ['connection', 'event', 'rejection', 'second'];

/** Path × rate over all scenarios: where a leak sits shows by which cells are set. Paths that were skipped are rows too. */
export function fingerprintOf(scenarios: readonly ScenarioReport[], record: RunRecord): FingerprintRow[] {
  return scenarios.flatMap(({ scenario, findings }) => {
    const measured = findings
      .filter((finding): finding is LeakFinding => finding.check === 'memory-leak')
      .map(measuredRow);
    const skipped = record.scenarios
      .filter((one) => one.scenario === scenario)
      .flatMap(({ skippedPaths }) => skippedPaths)
      .map(
        ({ path, reason }): FingerprintRow => ({
          scenario,
          path,
          state: null,
          outcome: null,
          reason,
          probe: null,
          rates: ratesBy(() => ({ kind: 'none' })),
        }),
      );
    return [...measured, ...skipped];
  });
}

function measuredRow({ scenario, subject, outcome, reason, evidence }: LeakFinding): FingerprintRow {
  return {
    scenario,
    path: subject,
    state: evidence.state,
    outcome,
    reason,
    probe: evidence.probe,
    rates: ratesBy((unit) => cellOf(evidence, unit)),
  };
}

function ratesBy(cell: (unit: DoseUnit) => FingerprintCell): Record<DoseUnit, FingerprintCell> {
  return Object.fromEntries(UNITS.map((unit) => [unit, cell(unit)])) as Record<DoseUnit, FingerprintCell>;
}

function cellOf(evidence: LeakEvidence, unit: DoseUnit): FingerprintCell {
  const { state, cause, confounded, rates } = evidence;
  const leaks = state === 'leak' && (cause ?? evidence.unit) === unit;
  const { ratePerUnitBytes: rate, lowPerUnitBytes: low, highPerUnitBytes: high } = evidence;
  // The path's own unit has the rate of the verdict, which charges all growth to it, unless another unit explains that.
  const isOwn = unit === evidence.unit && (cause === null || cause === unit);
  if (isOwn && rate !== null && low !== null && high !== null) {
    return { kind: 'rate', ratePerUnitBytes: rate, lowPerUnitBytes: low, highPerUnitBytes: high, leaks };
  }
  const joint = rates.find((one) => one.unit === unit);
  if (joint !== undefined) {
    const { ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes } = joint;
    return { kind: 'rate', ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes, leaks };
  }
  const other = confounded.find((group) => group.includes(unit))?.find((one) => one !== unit);
  return other === undefined ? { kind: 'none' } : { kind: 'confounded', with: other };
}
