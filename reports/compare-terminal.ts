import type { Change, ComparedMetric, Comparison } from '../harness/model.ts';
import {
  changeSymbols,
  changeWords,
  countWords,
  effectWords,
  intervalNote,
  marginWords,
  metricName,
  sideLines,
  sideWords,
  sorted,
  spreadWords,
} from './compare-words.ts';
import { unitsNote } from './format.ts';
import type { TerminalOptions } from './terminal.ts';
import { hanging, penOf, type Style } from './terminal-pen.ts';
import { type Cell, type Column, renderColumns } from './terminal-table.ts';
import { oneLine } from './text.ts';

const styles: Record<Change, Style> = {
  worse: 'red',
  same: 'green',
  better: 'cyan',
  'cannot-tell': 'yellow',
};

const columns: Column[] = [
  { title: 'Metric', maximum: 32 },
  { title: 'Change' },
  { title: 'Baseline', align: 'right' },
  { title: 'Run', align: 'right' },
  { title: 'By how much (interval)', fills: true },
  { title: 'Relevant', align: 'right' },
];

/** What changed, for a terminal: a sentence, both sides, and a row for each metric, the worst first. */
export function renderComparison(
  comparison: Comparison,
  { columns: wanted = 100, color = false }: TerminalOptions,
): string {
  const width = Math.min(Math.max(wanted, 80), 140);
  const pen = penOf(width, color);
  const { change, reason, counts, familyError, unlike } = comparison;
  const head = `${changeSymbols[change]} ${changeWords[change].toUpperCase()}`;
  const lines = [
    ...hanging(`${head}  ${oneLine(reason)}`, 0, width).map((line, index) =>
      index === 0 ? line.replace(head, pen.paint(styles[change], head)) : line,
    ),
    pen.paint('dim', countWords(counts)),
    ...sideLines('Baseline', comparison.baseline).flatMap((line) => hanging(line, 0, width)),
    ...sideLines('Run', comparison.run).flatMap((line) => hanging(line, 0, width)),
  ];
  if (unlike.length > 0) {
    lines.push('', ...hanging('The runs are unlike, and were compared all the same:', 0, width));
    for (const { what, baseline, run } of unlike)
      lines.push(...hanging(`${oneLine(what)}: ${oneLine(baseline)} → ${oneLine(run)}`, 2, width));
  }
  if (comparison.metrics.length > 0) {
    const rows = sorted(comparison)
      .filter(({ effect }) => effect !== null)
      .map((metric): Cell[] => [
        { text: oneLine(metricName(metric)) },
        {
          text: `${changeSymbols[metric.change]} ${changeWords[metric.change]}`,
          style: (line) => pen.paint(styles[metric.change], line),
        },
        { text: sideWords(metric, 'baseline') },
        { text: sideWords(metric, 'run') },
        { text: effectText(metric), style: (line, index) => (index === 0 ? line : pen.paint('dim', line)) },
        { text: marginWords(metric) },
      ]);
    if (rows.length > 0)
      lines.push('', ...renderColumns(columns, rows, width, (text) => pen.paint('dim', text)));
    const absent = comparison.metrics.filter(({ effect }) => effect === null);
    if (absent.length > 0) lines.push('', 'Cannot be compared');
    for (const metric of absent)
      lines.push(...hanging(`${oneLine(metricName(metric))}: ${oneLine(metric.reason ?? '')}`, 2, width));
  }
  lines.push(
    '',
    ...hanging(`${intervalNote(familyError)} ${unitsNote}`, 0, width).map((line) => pen.paint('dim', line)),
  );
  return lines.join('\n');
}

/** The change, and where its uncertainty comes from. */
function effectText(metric: ComparedMetric): string {
  return metric.spread === null
    ? effectWords(metric)
    : `${effectWords(metric)}\n${spreadWords[metric.spread]}`;
}
