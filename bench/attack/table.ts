import Table from 'cli-table3';
import type { Report } from '../../harness/model.ts';
import { describeTally, total } from './outcome.ts';
import type { AttackRow } from './run.ts';

const MB = 1e6;

/** The table of a bench, what the program's own judge says of each attack, and its verdict. */
export function renderAttacks(rows: readonly AttackRow[], report: Report): string {
  const table = new Table({
    head: [
      'attack',
      'connections',
      'a second',
      'what they got',
      'good streams held',
      'new good clients',
      'slowest admitted',
      'events lost',
      'slowest event',
      'descriptors',
      'live heap, MB',
      'RSS, MB',
      'left behind by a connection',
    ],
    colWidths: [14, 12, 9, 20, 9, 9, 10, 9, 9, 12, 12, 12, 28],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const connections = total(row.tally);
    table.push([
      row.attack,
      connections,
      Math.round(connections / row.seconds),
      describeTally(row.tally),
      `${row.heldStreams - row.brokenStreams} of ${row.heldStreams}`,
      `${row.newClients['200'] ?? 0} of ${total(row.newClients)}`,
      ms(row.slowestAdmissionMs),
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
  return [table.toString(), ...others, `verdict: ${report.verdict.outcome}: ${report.verdict.reason}`].join(
    '\n',
  );
}

function leakOf(attack: string, report: Report): string {
  const finding = report.scenarios
    .flatMap(({ findings }) => findings)
    .find((one) => one.check === 'memory-leak' && one.subject === attack);
  if (finding?.check !== 'memory-leak') return 'not measured';
  return `${finding.evidence.state}: ${finding.reason}`;
}

function ms(value: number | null): string {
  return value === null ? '–' : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '?' : (bytes / MB).toFixed(1);
}
