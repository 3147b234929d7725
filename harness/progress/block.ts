import { formatBytes, formatCount } from '../../reports/format.ts';
import { oneLine, textWidth } from '../../reports/text.ts';
import { oneOf } from '../checks/words.ts';
import type { RunStatus } from '../run.ts';
import { sparkline } from './sparkline.ts';

/** What the status alone does not tell: the readings of this scenario's memory, the last of them at the end. */
export interface MemoryCourse {
  readings: readonly number[];
  peakBytes: number | null;
}

/** The lines that are shown on a terminal, each at most so many columns wide. They hold no control characters. */
export function blockLines(status: RunStatus, memory: MemoryCourse, columns: number): string[] {
  const { scenario, position, total, phase, cycle, openStreamCount, eventCount, growth } = status;
  const place = [
    `${position}/${total} ${oneLine(scenario)}`,
    oneLine(phase),
    ...(cycle === null ? [] : [oneLine(cycle)]),
  ];
  const lines = [
    place.join(' · '),
    `streams  ${formatCount(openStreamCount)} open · ${formatCount(eventCount)} events`,
    memoryLine(status, memory, columns),
    ...(growth === null ? [] : [`growth   ${growthWords(growth)}`]),
    `time     ${clock(status.elapsedMs)}${status.leftMs === null ? '' : ` · ${leftWords(status.leftMs)}`}`,
  ];
  return lines.map((line) => cut(line, columns));
}

function memoryLine(
  { rssBytes, budgetBytes }: RunStatus,
  { readings, peakBytes }: MemoryCourse,
  columns: number,
): string {
  if (rssBytes === null || peakBytes === null) return 'memory   no reading yet';
  const words = `memory   ${formatBytes(rssBytes)} now, ${formatBytes(peakBytes)} at most, of ${formatBytes(budgetBytes)}`;
  const room = columns - textWidth(words) - 2;
  return room < 1 ? words : `${words}  ${sparkline(readings.slice(-room))}`;
}

function growthWords({ unit, bytesPerUnit, thresholdBytes }: NonNullable<RunStatus['growth']>): string {
  if (bytesPerUnit === null) return 'too few cycles yet';
  return `so far ${formatBytes(bytesPerUnit)} ${oneLine(oneOf(unit))} (threshold ${formatBytes(thresholdBytes)})`;
}

/** As exact as it is known: to ten seconds, and to a minute from two of them on. */
function leftWords(ms: number): string {
  const seconds = Math.max(10, Math.round(ms / 10_000) * 10);
  if (seconds < 120) return `about ${seconds} s left`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `about ${minutes} min left` : `about ${Math.round(minutes / 60)} h left`;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Cut to so many columns, between whole characters. */
export function cut(line: string, columns: number): string {
  if (textWidth(line) <= columns) return line;
  let [kept, width] = ['', 0];
  for (const { segment } of graphemes.segment(line)) {
    width += textWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const rest = `${String(Math.floor(seconds / 60) % 60).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  return seconds < 3600 ? rest : `${Math.floor(seconds / 3600)}:${rest}`;
}
