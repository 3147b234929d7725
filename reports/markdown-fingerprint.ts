import type { FingerprintCell, Report } from '../harness/model.ts';
import { cellInterval, cellText, fingerprintOf, leadRate, type PathRow, rowState } from './fingerprint.ts';
import { formatRate } from './format.ts';
import { probeWords } from './leak-words.ts';
import { escapeMarkdown, table } from './markdown-text.ts';

/** The leak fingerprint: a row a path, a column a unit of work, under each rate its interval, leaks in bold. */
export function fingerprintSection(report: Report): string {
  const { units, rows, confidence } = fingerprintOf(report);
  if (rows.length === 0) return '';
  const head = ['Path', 'State', ...units.map((unit) => `per ${unit}`), 'Leak above', 'Measured on'];
  const align = ['---', '---', ...units.map(() => '---:'), '---:', '---'];
  const cells = rows.map((path) => {
    const lead = leadRate(path);
    return [
      escapeMarkdown(path.name),
      rowState(path.row),
      ...units.map((unit) => rateCell(path.row.rates[unit])),
      lead === null ? '–' : formatRate(lead.deltaBytes, lead.unit),
      path.row.probe === null ? '–' : probeWords[path.row.probe],
    ];
  });
  return [
    '### Leak fingerprint',
    '',
    table(head, align, cells),
    '',
    `Bytes kept for ever by each unit of work${confidence === '' ? '' : `, below them the ${confidence} interval`}. ✖: leaks.`,
    ...noteItems(rows),
  ].join('\n');
}

function rateCell(cell: FingerprintCell): string {
  const text = cellText(cell);
  if (cell.kind !== 'rate') return escapeMarkdown(text);
  return `${cell.leaks ? `**${text}**` : text}<br>${cellInterval(cell)}`;
}

function noteItems(rows: PathRow[]): string[] {
  const items = rows.flatMap(({ row, name, note }) =>
    note === null ? [] : [`- **${escapeMarkdown(name)}**: ${rowState(row)}: ${escapeMarkdown(note)}`],
  );
  return items.length === 0 ? [] : ['', ...items];
}
