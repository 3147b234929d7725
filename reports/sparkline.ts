import type { SeriesPoint } from '../harness/model.ts';

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** As many as fit into a cell of a table without breaking it into lines. */
const defaultWidth = 20;

/**
 * Memory over time in block characters, which every viewer of Markdown shows, whatever it does to images and SVG. A bar is the highest reading of its part of the time, from zero to `topBytes`, so that scenarios can be
 * compared and noise does not look like growth; a part without a reading is a space. Empty where nothing was read.
 */
export function sparkline(series: SeriesPoint[], topBytes: number, width = defaultWidth): string {
  const first = series[0]?.elapsedMs ?? 0;
  const spanMs = (series.at(-1)?.elapsedMs ?? 0) - first;
  if (series.length === 0 || !(topBytes > 0)) return '';
  const highest = new Array<number | null>(Math.min(width, series.length)).fill(null);
  for (const { elapsedMs, rssBytes } of series) {
    const part = spanMs > 0 ? Math.floor(((elapsedMs - first) / spanMs) * highest.length) : 0;
    const index = Math.min(part, highest.length - 1);
    highest[index] = Math.max(highest[index] ?? 0, rssBytes);
  }
  return highest.map((bytes) => (bytes === null ? ' ' : bar(bytes / topBytes))).join('');
}

function bar(part: number): string {
  const index = Math.ceil(Math.min(Math.max(part, 0), 1) * bars.length) - 1;
  return bars[Math.max(index, 0)] as string;
}
