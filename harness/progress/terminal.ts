import { terminalOptions } from '../../reports/terminal.ts';
import { penOf } from '../../reports/terminal-pen.ts';
import { oneLine, textWidth } from '../../reports/text.ts';
import type { RunStatus } from '../run.ts';
import { blockLines } from './block.ts';
import type { Progress } from './progress.ts';

const REDRAW_MS = 100;

/** As many readings as the line of bars has at most, and how far apart they are taken. */
const MOST_READINGS = 40;
const READING_MS = 500;

const DEFAULT_COLUMNS = 80;

/**
 * All between these is shown at once (synchronized output, DEC private mode 2026); a terminal that does not know them
 * ignores them.
 */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

/** ECMA-48: EL to the end of the line, ED to the end of the screen, CUU. */
const CLEAR_REST = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const up = (rows: number) => (rows === 0 ? '' : `\x1b[${rows}A`);

/**
 * A block of lines that is rewritten in place. The cursor rests at the beginning of the line below it, so that what others
 * print, and the terminal's own `^C`, does not end up in it.
 */
export function terminalProgress(stream: NodeJS.WriteStream): Progress {
  const pen = penOf(DEFAULT_COLUMNS, terminalOptions(stream).color);
  let drawnAt = Number.NEGATIVE_INFINITY;
  /** Widths of the lines on the screen. */
  let drawn: number[] = [];
  let last: RunStatus | null = null;
  let [readings, peakBytes, readAt, closed]: [number[], number | null, number, boolean] = [
    [],
    null,
    Number.NEGATIVE_INFINITY,
    false,
  ];

  const columns = () => Math.max(20, stream.columns || DEFAULT_COLUMNS) - 1;
  /** To the first line of the block. A terminal that became narrower has broken its lines. */
  const toTop = () => {
    const width = Math.max(1, stream.columns || DEFAULT_COLUMNS);
    return `${up(drawn.reduce((rows, line) => rows + Math.max(1, Math.ceil(line / width)), 0))}\r`;
  };
  const put = (above: string) => {
    let text = toTop();
    // Cleared first: a line as wide as the terminal would lose its last character to what clears the rest behind it.
    if (above !== '') text += `${CLEAR_BELOW}${above}\n`;
    const room = (stream.rows || Number.POSITIVE_INFINITY) - 1;
    const lines =
      last === null ? [] : blockLines(last, { readings, peakBytes }, columns()).slice(0, Math.max(0, room));
    for (const line of lines) text += `${pen.paint('dim', line)}${CLEAR_REST}\n`;
    stream.write(`${BEGIN}${text}${CLEAR_BELOW}${END}`);
    drawn = lines.map(textWidth);
    drawnAt = performance.now();
  };
  const take = (status: RunStatus) => {
    // A run behind another one (compare) begins at zero again, maybe with the same scenario: its memory is that of another server.
    if (status.scenario !== last?.scenario || status.elapsedMs < last.elapsedMs)
      [readings, peakBytes, readAt] = [[], null, Number.NEGATIVE_INFINITY];
    last = status;
    if (status.rssBytes === null) return;
    peakBytes = Math.max(peakBytes ?? 0, status.rssBytes);
    if (status.elapsedMs - readAt < READING_MS) return;
    readAt = status.elapsedMs;
    readings = [...readings, status.rssBytes].slice(-MOST_READINGS);
  };
  const onResize = () => {
    if (drawn.length > 0) put('');
  };
  // Whoever had the terminal meanwhile has written on it.
  const onContinue = () => {
    drawn = [];
  };
  stream.on('resize', onResize);
  process.on('SIGCONT', onContinue);
  return {
    update(status) {
      if (closed) return;
      take(status);
      if (performance.now() - drawnAt >= REDRAW_MS) put('');
    },
    note(text) {
      const clean = text.split('\n').map(oneLine).join('\n');
      if (closed || last === null) stream.write(`${clean}\n`);
      else put(clean);
    },
    close() {
      if (closed) return;
      closed = true;
      stream.off('resize', onResize);
      process.off('SIGCONT', onContinue);
      if (drawn.length > 0) stream.write(`${toTop()}${CLEAR_BELOW}`);
      drawn = [];
    },
  };
}
