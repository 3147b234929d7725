import type { LeakEvidence, LeakTrend } from '../harness/model.ts';
import { formatBytes, formatCount, formatRate } from './format.ts';
import { html, type Markup, nothing } from './html-markup.ts';

const px = (value: number) => value.toFixed(1);

const [width, height, left, top, bottom] = [420, 150, 64, 12, 26];

/** The fit of just these levels; the trends of a path are one a process. */
export function trendOf({ path, points }: LeakEvidence, trends: readonly LeakTrend[]): LeakTrend | null {
  const same = (trend: LeakTrend) =>
    trend.path === path &&
    trend.points.length === points.length &&
    trend.points.every(({ levelBytes }, index) => levelBytes === points[index]?.levelBytes);
  return trends.find(same) ?? null;
}

/**
 * The level after each counted cycle against the dose so far. The dashed line is what a path that leaks just at the
 * threshold would show; the band is the fit with its interval. The scale is never finer than it, so that noise does not look like a slope.
 */
export function levelPlot({ points, deltaBytes, unit, path }: LeakEvidence, trend: LeakTrend | null): Markup {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2 || !(last.dose > first.dose))
    return nothing;
  const thresholdEnd = first.levelBytes + deltaBytes * (last.dose - first.dose);
  const levels = points.map(({ levelBytes }) => levelBytes);
  const fit = trend?.points ?? [];
  const low = Math.min(...levels, ...fit.map(({ lowBytes }) => lowBytes));
  const high = Math.max(...levels, ...fit.map(({ highBytes }) => highBytes), thresholdEnd);
  const span = high - low || 1;
  const x = (dose: number) => left + ((dose - first.dose) / (last.dose - first.dose)) * (width - left - 12);
  const y = (bytes: number) => top + (1 - (bytes - low) / span) * (height - top - bottom);
  const line = points
    .map(({ dose, levelBytes }, index) => `${index === 0 ? 'M' : 'L'}${px(x(dose))} ${px(y(levelBytes))}`)
    .join('');
  const along = (bytes: (point: LeakTrend['points'][number]) => number) =>
    fit.map((point, index) => `${px(x(points[index]?.dose ?? first.dose))} ${px(y(bytes(point)))}`);
  const band = [...along(({ highBytes }) => highBytes), ...along(({ lowBytes }) => lowBytes).reverse()];
  const fitted =
    fit.length === 0
      ? nothing
      : html`<path class="band" d="M${band.join('L')}Z"/><path class="fit" d="M${along(({ fittedBytes }) => fittedBytes).join('L')}"/>`;
  const dots = points.map(
    ({ dose, levelBytes }) => html`<circle cx="${px(x(dose))}" cy="${px(y(levelBytes))}" r="2.6"/>`,
  );
  const title = `Memory after each cycle on the path ${path}: ${formatBytes(first.levelBytes)} after ${formatCount(first.dose)}, ${formatBytes(last.levelBytes)} after ${formatCount(last.dose)} ${unit}s.`;
  return html`<figure class="levels"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<path class="axis" d="M${left} ${top}V${height - bottom}H${width - 12}"/>
<text class="end" x="${left - 8}" y="${top + 4}">${formatBytes(high)}</text><text class="end" x="${left - 8}" y="${height - bottom + 4}">${formatBytes(low)}</text>
<text x="${left}" y="${height - 8}">${formatCount(first.dose)}</text><text class="end" x="${width - 12}" y="${height - 8}">${formatCount(last.dose)} ${unit}s</text>
${fitted}<path class="threshold" d="M${px(x(first.dose))} ${px(y(first.levelBytes))}L${px(x(last.dose))} ${px(y(thresholdEnd))}"/>
<path class="line" d="${line}"/>${dots}</svg>
<figcaption>Memory after each cycle${fitted === nothing ? '' : ', with its fit and what the interval allows'}. Dashed: growth just at the leak threshold of ${formatRate(deltaBytes, unit).replaceAll(' ', '\u00a0')}.</figcaption></figure>`;
}
