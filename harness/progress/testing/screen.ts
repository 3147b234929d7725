import { EventEmitter } from 'node:events';
import { textWidth } from '../../../reports/text.ts';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A terminal of the few functions that the block uses. Any other control character or sequence is an error. */
export class Screen extends EventEmitter {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** Each write, as it came. */
  readonly writes: string[] = [];
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows = 30) {
    super();
    this.columns = columns;
    this.rows = rows;
  }

  /** As a stream for `createProgress`, which uses no more of it than there is here. */
  get stream(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }

  /** What is seen, without empty lines at the end. */
  get text(): string {
    return this.#lines
      .map((line) =>
        line
          .map((cell) => cell ?? ' ')
          .join('')
          .trimEnd(),
      )
      .join('\n')
      .trimEnd();
  }

  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  /** Narrower, it breaks the lines that are there, as most terminals do. */
  resize(columns: number): void {
    const old = this.#lines.map((line) =>
      line
        .filter((cell) => cell !== '')
        .join('')
        .trimEnd(),
    );
    this.columns = columns;
    [this.#lines, this.#row, this.#column] = [[[]], 0, 0];
    this.#put(
      old
        .slice(0, -1)
        .map((line) => `${line}\n`)
        .join(''),
    );
    this.emit('resize');
  }

  write(text: string): boolean {
    this.writes.push(text);
    this.#put(text);
    return true;
  }

  #put(text: string): void {
    for (const [, sequence, rest] of text.matchAll(/(\p{Cc}(?:\[[?\d;]*[A-Za-z])?)|(\P{Cc}+)/gu)) {
      if (sequence === undefined)
        for (const { segment } of graphemes.segment(rest ?? '')) this.#print(segment);
      else this.#control(sequence);
    }
  }

  #control(sequence: string): void {
    const line = this.#lines[this.#row] as string[];
    if (sequence === '\n') [this.#row, this.#column] = [this.#row + 1, 0];
    else if (sequence === '\r') this.#column = 0;
    else if (sequence === '\x1b[K')
      // Behind the last column the cursor still stands on it.
      line.length = Math.min(line.length, this.#column, Math.max(0, this.columns - 1));
    else if (sequence === '\x1b[J') {
      line.length = Math.min(line.length, this.#column);
      this.#lines.length = this.#row + 1;
    } else if (sequence.endsWith('A'))
      this.#row = Math.max(0, this.#row - Number(sequence.slice(2, -1) || 1));
    else if (!sequence.endsWith('m') && !sequence.startsWith('\x1b[?2026'))
      throw new Error(`unknown: ${JSON.stringify(sequence)}`);
    while (this.#lines.length <= this.#row) this.#lines.push([]);
  }

  #print(segment: string): void {
    const width = textWidth(segment);
    if (this.#column + width > this.columns) this.#control('\n');
    const line = this.#lines[this.#row] as string[];
    while (line.length < this.#column) line.push(' ');
    line[this.#column] = segment;
    // The second cell of a wide character holds nothing.
    if (width === 2) line[this.#column + 1] = '';
    this.#column += width;
  }
}
