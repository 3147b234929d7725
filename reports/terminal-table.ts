import Table from 'cli-table3';
import { textWidth, wrapText } from './text.ts';

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** Takes what the other columns leave; one column a table. */
  fills?: boolean;
  /** Wider cells are wrapped. */
  maximum?: number;
}

/** A cell of clean text, which may have several lines; `style` is applied to each line of it after wrapping. */
export interface Cell {
  text: string;
  style?: (line: string, index: number) => string;
  /** Longer cells are cut with an ellipsis; the whole text stands elsewhere. */
  maximumLines?: number;
}

const gap = 2;
// Below this a column of prose is a column of single words.
const minimumFill = 16;

const rule = (width: number) => '─'.repeat(width);
const noLines = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ].map((name) => [name, '']),
);

/**
 * A table without boxes: a dim head over a rule, columns two spaces apart, nothing wider than `columns` as long as
 * the fixed columns leave 16 characters. Cells are wrapped here and not by cli-table3, which cuts words that are
 * longer than their column.
 */
export function renderColumns(
  columns: Column[],
  rows: Cell[][],
  totalColumns: number,
  paintHead: (text: string) => string,
): string[] {
  const widths = columnWidths(columns, rows, totalColumns);
  const table = new Table({
    chars: { ...noLines, middle: ' '.repeat(gap) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ align }) => align ?? 'left'),
    colWidths: widths,
  });
  table.push(
    columns.map(({ title }, index) =>
      wrapText(title, widths[index] ?? 0)
        .map(paintHead)
        .join('\n'),
    ),
    widths.map((width) => paintHead(rule(width))),
    ...rows.map((row) => row.map((cell, index) => cellText(cell, widths[index] ?? 0))),
  );
  return table.toString().split('\n');
}

function longestLine(cell: Cell | undefined): number {
  return Math.max(0, ...(cell?.text ?? '').split('\n').map(textWidth));
}

function columnWidths(columns: Column[], rows: Cell[][], totalColumns: number): number[] {
  const natural = columns.map(({ title, maximum, fills }, index) => {
    const cells = rows.map((row) => longestLine(row[index]));
    return fills ? 0 : Math.min(Math.max(textWidth(title), ...cells), maximum ?? totalColumns);
  });
  const used = natural.reduce((sum, width) => sum + width, 0) + gap * (columns.length - 1);
  const free = Math.max(totalColumns - used, minimumFill);
  return natural.map((width, index) => {
    if (columns[index]?.fills !== true) return width;
    const longest = Math.max(...rows.map((row) => longestLine(row[index])), minimumFill);
    return Math.min(free, longest);
  });
}

function cellText({ text, style, maximumLines }: Cell, width: number): string {
  const lines = wrapText(text, width);
  const kept = lines.slice(0, maximumLines ?? lines.length);
  if (kept.length < lines.length) {
    const last = kept.pop() ?? '';
    kept.push(textWidth(last) < width ? `${last}…` : `${last.slice(0, -1)}…`);
  }
  return kept.map(style ?? ((line) => line)).join('\n');
}
