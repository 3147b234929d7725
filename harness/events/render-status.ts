import { formatBytes, formatCount, formatDuration } from '../../reports/format.ts';
import type { Pen } from '../../reports/terminal-pen.ts';
import { type Column, renderColumns } from '../../reports/terminal-table.ts';
import { oneLine } from '../../reports/text.ts';
import type { ServerStatus } from './read-status.ts';

const columns: Column[] = [
  { title: 'workflow', fills: true },
  { title: 'open streams', align: 'right' },
];

/** What a server says of itself, for a person at a terminal: the workflows with the most streams first. */
export function renderStatus({ url, health, list }: ServerStatus, pen: Pen): string[] {
  const { status, uptimeSeconds, openStreams, openTails, rejected, ended, memory } = health;
  const limit = list.limit === null ? 'no limit' : `at most ${formatCount(list.limit)} a workflow`;
  const facts = [
    `${oneLine(url)}: ${pen.paint(status === 'ok' ? 'green' : 'yellow', oneLine(status))}, for ${formatDuration(uptimeSeconds * 1000)}`,
    `streams   ${formatCount(openStreams)} open (${limit}), ${formatCount(rejected)} rejected`,
    `ended     ${endings(ended)}`,
    `files     ${formatCount(openTails)} followed`,
    `memory    ${formatBytes(memory.rssBytes)} resident, ${formatBytes(memory.heapUsedBytes)} of heap in use`,
  ];
  if (list.workflows.length === 0) return [...facts, '', 'There are no workflows yet.'];
  const rows = list.workflows
    .toSorted((a, b) => b.openStreams - a.openStreams)
    .map(({ workflowId, openStreams: count }) => [
      { text: oneLine(workflowId) },
      {
        text: formatCount(count),
        ...(count === list.limit && { style: (line: string) => pen.paint('yellow', line) }),
      },
    ]);
  const table = renderColumns(columns, rows, pen.columns, (text) => pen.paint('dim', text));
  return [...facts, '', ...table, ...(list.truncated ? ['and more, which the server does not list'] : [])];
}

function endings(ended: Readonly<Record<string, number>>): string {
  const some = Object.entries(ended).filter(([, count]) => count > 0);
  if (some.length === 0) return 'none so far';
  return some.map(([reason, count]) => `${formatCount(count)} ${oneLine(reason)}`).join(', ');
}
