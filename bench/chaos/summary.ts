import Table from 'cli-table3';
import type { ChaosCase } from './plan.ts';
import type { Judgement } from './promises.ts';
import type { Observation } from './run-case.ts';
import { isAttached } from './run-kinds.ts';

export interface CaseResult extends Judgement {
  chaosCase: ChaosCase;
  seen: Observation;
  /** Kept for looking at it; null: it was removed. */
  folder: string | null;
}

export interface SummaryRow {
  fault: string;
  cases: number;
  /** The fault came while the program ran, or was there from the beginning. */
  struck: number;
  /** Cases on a server that ran already. */
  attached: number;
  reports: number;
  clearErrors: number;
  /** Such as `3 ×4, SIGKILL ×2`. */
  endings: string;
  orphans: number;
  leftovers: number;
  hangs: number;
  /** Cases in which a promise was broken. */
  broken: number;
}

export const CLEAN = '(none)';

/** One row a fault, in the order in which they are given, then the clean runs and the sum of all. */
export function summarize(results: readonly CaseResult[], order: readonly string[]): SummaryRow[] {
  const nameOf = ({ chaosCase }: CaseResult) => chaosCase.fault?.name ?? CLEAN;
  const rows = [...order, CLEAN].flatMap((fault) => {
    const own = results.filter((result) => nameOf(result) === fault);
    return own.length === 0 ? [] : [rowOf(fault, own)];
  });
  return [...rows, rowOf('all', results)];
}

function rowOf(fault: string, results: readonly CaseResult[]): SummaryRow {
  const count = (is: (result: CaseResult) => boolean) => results.filter(is).length;
  return {
    fault,
    cases: results.length,
    struck: count(({ chaosCase, seen }) => chaosCase.fault !== null && seen.struck !== false),
    attached: count(({ chaosCase }) => isAttached(chaosCase.target)),
    reports: count(({ reported }) => reported),
    clearErrors: count(({ explained }) => explained),
    endings: endingsOf(results),
    orphans: results.reduce((sum, { seen }) => sum + seen.orphans.length, 0),
    leftovers: results.reduce((sum, { seen }) => sum + seen.leftovers.length, 0),
    hangs: count(({ seen }) => seen.hang !== null),
    broken: count(({ broken }) => broken.length > 0),
  };
}

function endingsOf(results: readonly CaseResult[]): string {
  const counts = new Map<string, number>();
  for (const { seen } of results) {
    const ending = String(seen.ending ?? 'killed');
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([ending, times]) => `${ending} ×${times}`)
    .join(', ');
}

const HEAD = [
  'fault',
  'cases',
  'struck',
  'attached',
  'reports',
  'clear errors',
  'ended with',
  'orphans',
  'leftovers',
  'hangs',
  'broken',
];

export function cellsOf(row: SummaryRow): string[] {
  const { fault, cases, struck, attached, reports, clearErrors, endings, orphans, leftovers, hangs, broken } =
    row;
  return [
    ...[fault, cases, struck, attached, reports, clearErrors, endings],
    ...[orphans, leftovers, hangs, broken],
  ].map(String);
}

export function renderSummary(rows: readonly SummaryRow[]): string {
  const table = new Table({
    head: HEAD,
    colAligns: HEAD.map((title) => (title === 'fault' || title === 'ended with' ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push(cellsOf(row));
  return table.toString();
}

/** What is needed to look at a case that broke a promise. */
export function describeBroken({ chaosCase, broken, folder }: CaseResult, seed: number): string {
  const { number, fault, kind, target, moment } = chaosCase;
  const when = moment === null ? '' : `, ${moment.delayMs} ms after ${moment.anchor}`;
  const lines = [
    `case ${number}: ${fault?.name ?? CLEAN}${when}, ${kind.name} on ${target}`,
    ...broken.map(({ promise, what }) => `  ${promise}: ${what.replaceAll('\n', '\n    ')}`),
    `  again: npm run chaos -- --seed ${seed} --case ${number}`,
  ];
  if (folder !== null) lines.push(`  kept: ${folder}`);
  return lines.join('\n');
}
