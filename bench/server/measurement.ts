import Table from 'cli-table3';
import { type Column, markdownTable } from '../markdown.ts';

export interface MeasureOptions {
  /** Each figure is the median of so many. */
  rounds: number;
  /** Fewer and smaller loads: to see that all works, not for figures to publish. */
  quick: boolean;
}

export interface Row {
  what: string;
  /** By name of the column, with a unit where the title gives none. The same names in every row. */
  figures: Record<string, string>;
  /** The target is reached. */
  ok: boolean;
}

export interface Measurement {
  title: string;
  target: string;
  rows: Row[];
}

export function isReached({ rows }: Measurement): boolean {
  return rows.length > 0 && rows.every(({ ok }) => ok);
}

function headOf({ rows }: Measurement): string[] {
  return ['', ...Object.keys(rows[0]?.figures ?? {}), 'target'];
}

function cellsOf({ what, figures, ok }: Row): string[] {
  return [what, ...Object.values(figures), ok ? '✔' : '✖'];
}

export function renderTerminal(measurement: Measurement): string {
  const head = headOf(measurement);
  const table = new Table({
    head,
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  table.push(...measurement.rows.map(cellsOf));
  const mark = isReached(measurement) ? '✔' : '✖';
  return `${measurement.title}\n${table.toString()}\n${mark} Target: ${measurement.target}\n`;
}

export function renderMarkdown(measurement: Measurement): string {
  const columns = headOf(measurement).map(
    (title, index): Column => ({ title, align: index === 0 ? 'left' : 'right' }),
  );
  const table = markdownTable(columns, measurement.rows.map(cellsOf));
  return `**${measurement.title}** (target: ${measurement.target})\n\n${table}\n`;
}
