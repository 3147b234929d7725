/** The leak fingerprint as all reporters show it: which units have a column, what a row is called, what belongs to it. */
import type { DoseUnit, FingerprintCell, FingerprintRow, LeakEvidence, Report } from '../harness/model.ts';
import { leakFindings } from './facts.ts';
import { formatBytes, formatInterval, formatPercent, outcomeSymbols } from './format.ts';
import { deltaOf, leadUnit, releaseWords, stateWords } from './leak-words.ts';
import { oneLine } from './text.ts';

const unitOrder: DoseUnit[] = ['connection', 'event', 'rejection', 'second'];

export type RateCell = Extract<FingerprintCell, { kind: 'rate' }>;

/** A row with the measurement behind it. */
export interface PathRow {
  row: FingerprintRow;
  /** The path, with its scenario where another scenario measured a path of the same name. Clean, on one line. */
  name: string;
  /** Null: the path was not measured, or its finding is not in the report. */
  evidence: LeakEvidence | null;
  /** What the state alone does not say: why there is no rate, or for how long bytes were held. Not escaped. */
  note: string | null;
}

export interface Fingerprint {
  /** Units that some path did work in: the columns. */
  units: DoseUnit[];
  rows: PathRow[];
  /** `99 %`, or several where paths differ; empty where there is no interval. */
  confidence: string;
}

export function fingerprintOf(report: Report): Fingerprint {
  const { fingerprint } = report;
  const findings = leakFindings(report);
  const rows = fingerprint.map((row): PathRow => {
    const finding = findings.find(
      ({ scenario, evidence }) => scenario === row.scenario && evidence.path === row.path,
    );
    const evidence = row.state === null ? null : (finding?.evidence ?? null);
    const isAmbiguous = fingerprint.filter(({ path }) => path === row.path).length > 1;
    return {
      row,
      name: oneLine(isAmbiguous ? `${row.path} (${row.scenario})` : row.path) || 'any path',
      evidence,
      note: row.state === null ? row.reason : evidence && releaseWords(evidence),
    };
  });
  const confidences = rows.flatMap(({ evidence }) =>
    evidence === null || evidence.rates.length === 0 ? [] : [formatPercent(evidence.confidence)],
  );
  return {
    units: unitOrder.filter((unit) => fingerprint.some(({ rates }) => rates[unit].kind !== 'none')),
    rows,
    confidence: [...new Set(confidences)].join(', '),
  };
}

/** `✖ leak`, or `not measured`. */
export function rowState({ state, outcome }: FingerprintRow): string {
  if (state === null) return 'not measured';
  return outcome === null ? stateWords[state] : `${outcomeSymbols[outcome]} ${stateWords[state]}`;
}

/**
 * A cell in words; a leak has its symbol, so that colour is not needed to see it. A rate that cannot be told from zero is
 * written as zero with its margin: the bare figure, which may be some kB a second of noise, would be read as a rate.
 */
export function cellText(cell: FingerprintCell): string {
  if (cell.kind === 'none') return '–';
  if (cell.kind === 'confounded') return `with ${oneLine(cell.with)}`;
  const { ratePerUnitBytes, lowPerUnitBytes: low, highPerUnitBytes: high } = cell;
  if (cell.leaks) return `${outcomeSymbols.fail} ${formatBytes(ratePerUnitBytes)}`;
  if (low > 0 || high < 0) return formatBytes(ratePerUnitBytes);
  // A level that stood still to the byte has no margin.
  if (low === 0 && high === 0) return formatBytes(0);
  return `0 ± ${formatBytes(Math.max(-low, high))}`;
}

export function cellInterval({ lowPerUnitBytes, highPerUnitBytes }: RateCell): string {
  return formatInterval(lowPerUnitBytes, highPerUnitBytes);
}

/** The rate that a row is first to be read by, with its threshold; null where it was not fitted. A rate that two units share counts. */
export function leadRate({
  row,
  evidence,
}: PathRow): { unit: DoseUnit; cell: RateCell; deltaBytes: number } | null {
  if (evidence === null) return null;
  const lead = row.rates[leadUnit(evidence)];
  const unit = lead.kind === 'confounded' ? lead.with : leadUnit(evidence);
  const cell = row.rates[unit];
  const deltaBytes = deltaOf(evidence, unit);
  return cell.kind === 'rate' && deltaBytes !== null ? { unit, cell, deltaBytes } : null;
}
