import Table from 'cli-table3';
import type { Report } from '../../harness/model.ts';
import { describeTally, total } from './outcome.ts';
import type { AttackRow } from './run.ts';

const MB = 1e6;

/**
 * Two tables of at most 100 columns, what happened while each attack went on and what was left of it, then the other findings of
 * the program's own judge, and its verdict.
 */
export function renderAttacks(rows: readonly AttackRow[], report: Report): string {
  const during = tableOf([
    ['while it goes on', 12],
    ['connections', 13],
    ['a second', 8],
    ['CPU each, server, attacker', 12],
    ['what they got', 18],
    ['good streams held', 9],
    ['new good clients', 9],
    ['slowest of them', 10],
  ]);
  const after = tableOf([
    ['what it costs', 18],
    ['events lost', 11],
    ['slowest event', 9],
    ['descrip- tors', 12],
    ['live heap, MB', 12],
    ['RSS, MB', 12],
    ['left behind by a connection', 18],
  ]);
  for (const row of rows) {
    const connections = total(row.tally);
    during.push([
      row.attack,
      connections,
      Math.round(connections / row.seconds),
      `${micros(row.serverCpuMs, connections)}, ${micros(row.attackerCpuMs, connections)} µs`,
      describeTally(row.tally) + (row.overflowCount ? `; the kernel dropped ${row.overflowCount}` : ''),
      `${row.heldStreams - row.brokenStreams} of ${row.heldStreams}`,
      `${row.newClients.accepted ?? 0} of ${total(row.newClients)}`,
      ms(row.slowestAdmissionMs),
    ]);
    after.push([
      row.attack,
      `${row.lostEvents} of ${row.fedEvents * row.heldStreams}`,
      ms(row.slowestEventMs),
      `${row.before?.fdCount ?? '?'} → ${row.after?.fdCount ?? '?'}`,
      `${megabytes(row.heapBeforeBytes)} → ${megabytes(row.heapAfterBytes)}`,
      `${megabytes(row.before?.rssBytes ?? null)} → ${megabytes(row.after?.rssBytes ?? null)}`,
      leakOf(row.attack, report),
    ]);
  }
  const others = report.scenarios
    .flatMap(({ findings }) => findings)
    .filter(({ check }) => check !== 'memory-leak')
    .map(({ check, outcome, reason }) => `${outcome.padEnd(12)} ${check}: ${reason}`);
  return [
    during.toString(),
    after.toString(),
    ...others,
    `verdict: ${report.verdict.outcome}: ${report.verdict.reason}`,
  ].join('\n');
}

function tableOf(columns: [head: string, width: number][]) {
  return new Table({
    head: columns.map(([head]) => head),
    colWidths: columns.map(([, width]) => width),
    wordWrap: true,
    style: { head: [], border: [] },
  });
}

/** Such as `stable, < 24.6 B`. */
function leakOf(attack: string, report: Report): string {
  const finding = report.scenarios
    .flatMap(({ findings }) => findings)
    .find((one) => one.check === 'memory-leak' && one.subject === attack);
  if (finding?.check !== 'memory-leak') return 'not measured';
  const { state, ratePerUnitBytes: rate, highPerUnitBytes: high } = finding.evidence;
  if (state === 'stable' && high !== null) return `stable, < ${Math.max(0, high).toFixed(1)} B`;
  return rate === null ? `${state}: ${finding.reason}` : `${state}, ${rate.toFixed(1)} B`;
}

function ms(value: number | null): string {
  return value === null ? '–' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function micros(cpuMs: number | null, connections: number): string {
  return cpuMs === null || connections === 0 ? '?' : String(Math.round((cpuMs * 1000) / connections));
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '?' : (bytes / MB).toFixed(1);
}
