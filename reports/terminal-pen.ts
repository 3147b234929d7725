import { styleText } from 'node:util';
import type { Outcome } from '../harness/model.ts';
import { wrapText } from './text.ts';

export type Style = Parameters<typeof styleText>[0];

/** How wide the terminal is, and whether it shows colours. */
export interface Pen {
  columns: number;
  paint(style: Style, text: string): string;
}

export function penOf(columns: number, color: boolean): Pen {
  return {
    columns,
    paint: (style, text) => (color && text !== '' ? styleText(style, text, { validateStream: false }) : text),
  };
}

export const indent = '  ';

export const outcomeStyles: Record<Outcome, Style> = {
  pass: 'green',
  fail: 'red',
  inconclusive: 'yellow',
  invalid: 'magenta',
};

/** Wraps to the terminal's width with every line but the first moved in by `shift`. */
export function hanging(text: string, shift: number, columns: number): string[] {
  return wrapText(text, columns - shift).map((line) => ' '.repeat(shift) + line);
}
