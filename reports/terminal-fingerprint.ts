import type { DoseUnit, Report } from '../harness/model.ts';
import { cellInterval, cellText, fingerprintOf, leadRate, type PathRow, rowState } from './fingerprint.ts';
import { formatBytes } from './format.ts';
import { leadUnit, probeWords } from './leak-words.ts';
import { hanging, indent, outcomeStyles, type Pen } from './terminal-pen.ts';
import { type Cell, type Column, renderColumns } from './terminal-table.ts';
import { oneLine, wrapText } from './text.ts';

// From here on the state has a column of its own; below, it stands under the path.
const stateColumnsFrom = 100;
// From here on there is room for the threshold and the probe, and for the interval of every rate.
const detailColumnsFrom = 120;

/** A row a path, a column a unit of work, below each rate its interval; what leaks is red and has a symbol. */
export function fingerprintLines(report: Report, pen: Pen): string[] {
  const { units, rows, confidence } = fingerprintOf(report);
  if (rows.length === 0) return [];
  const hasState = pen.columns >= stateColumnsFrom;
  const hasDetails = pen.columns >= detailColumnsFrom;
  // Four intervals of full length side by side leave no room for the path on 80 columns: they take two lines there.
  const maximum = units.length < 4 || hasDetails ? 18 : hasState ? 15 : 13;
  const columns: Column[] = [
    { title: 'Path', fills: true },
    ...(hasState ? [{ title: 'State' }] : []),
    ...units.map((unit): Column => ({ title: `per ${unit}`, align: 'right', maximum })),
    ...(hasDetails ? ([{ title: 'Leak above', align: 'right' }, { title: 'Probe' }] satisfies Column[]) : []),
  ];
  const cells = rows.map((path): Cell[] => [
    ...nameCells(path, hasState, pen),
    ...units.map((unit) => rateCell(path, unit, hasDetails, pen)),
    ...(hasDetails ? detailCells(path) : []),
  ]);
  return [
    pen.paint('bold', 'Leak fingerprint'),
    ...renderColumns(columns, cells, pen.columns, (head) => pen.paint('dim', head)).map((line) =>
      line.replaceAll('\u00a0', ' '),
    ),
    ...noteLines(rows, confidence, pen),
  ];
}

function nameCells({ name, row }: PathRow, hasState: boolean, pen: Pen): Cell[] {
  const state = rowState(row);
  const paintState = (line: string) =>
    pen.paint(row.outcome === null ? 'dim' : outcomeStyles[row.outcome], line);
  const paintName = (line: string) => (row.state === null ? pen.paint('dim', line) : line);
  if (hasState)
    return [
      { text: name, style: paintName, maximumLines: 3 },
      { text: state, style: paintState },
    ];
  // The state is the last line of the cell and shorter than any column of paths, so that it is never wrapped.
  return [
    { text: `${name}\n${state}`, style: (line) => (line === state ? paintState(line) : paintName(line)) },
  ];
}

function rateCell({ row, evidence }: PathRow, unit: DoseUnit, always: boolean, pen: Pen): Cell {
  const cell = row.rates[unit];
  const text = cellText(cell);
  if (cell.kind !== 'rate') return { text, style: (line) => pen.paint('dim', line) };
  const isLead = evidence !== null && leadUnit(evidence) === unit;
  return {
    text: always || cell.leaks || isLead ? `${text}\n${unbroken(cellInterval(cell))}` : text,
    style: (line, index) => {
      if (index > 0) return pen.paint('dim', line);
      return cell.leaks ? pen.paint(['bold', 'red'], line) : line;
    },
  };
}

// Where an interval takes two lines it breaks after "to", not between a number and its unit.
const unbroken = (interval: string) => interval.replace(/ (?=[kMGT]?B)/g, '\u00a0');

function detailCells(path: PathRow): Cell[] {
  const lead = leadRate(path);
  return [
    { text: lead === null ? '–' : formatBytes(lead.deltaBytes) },
    { text: path.row.probe === null ? '–' : path.row.probe },
  ];
}

function noteLines(rows: PathRow[], confidence: string, pen: Pen): string[] {
  const notes = rows.flatMap(({ name, row, note }) => {
    if (note === null) return [];
    const lines = hanging(`${name}: ${oneLine(note)}`, indent.length, pen.columns);
    return row.state === null ? lines.map((line) => pen.paint('dim', line)) : lines;
  });
  const probes = new Set(rows.flatMap(({ row }) => (row.probe === null ? [] : [probeWords[row.probe]])));
  const legend = [
    `Bytes kept for ever by each unit of work${confidence === '' ? '' : `, below it the ${confidence} interval`}.`,
    ...(probes.size === 0 ? [] : [`Measured on ${[...probes].join(', ')}.`]),
  ].join(' ');
  return [...notes, ...wrapText(legend, pen.columns).map((line) => pen.paint('dim', line))];
}
