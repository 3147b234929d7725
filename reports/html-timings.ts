import type { ScenarioReport, TimingSummary } from '../harness/model.ts';
import { formatCount, formatDuration } from './format.ts';
import { html, isolated, type Markup, nothing } from './html-markup.ts';
import {
  type PrintedTiming,
  percentiles,
  percentileTitles,
  scenarioTimings,
  timingTitles,
} from './timings.ts';

/**
 * What was timed of a scenario's streams: a table of percentiles, each row with its plot on one logarithmic axis for all. On a
 * phone each row is a block. The roles are written out, because there the elements are no longer laid out as a table.
 */
export function timingsMarkup(scenario: ScenarioReport): Markup {
  const timings = scenarioTimings(scenario);
  if (timings.length === 0) return nothing;
  const axis = axisOf(timings);
  const behaviours = [...new Set(timings.map(({ behaviour }) => behaviour))];
  const titles = ['Count', ...percentileTitles];
  const groups = behaviours.map(
    (behaviour) =>
      html`<tbody role="rowgroup"><tr role="row" class="group"><th scope="rowgroup" role="rowheader" colspan="${titles.length + 2}">${isolated(behaviour)}</th></tr>
${timings.filter((timing) => timing.behaviour === behaviour).map((timing) => rowMarkup(timing, titles, axis))}</tbody>`,
  );
  // The scenario that holds a load is there for these times; in the others they are beside the point.
  const open = scenario.scenario === 'hold' ? html` open` : nothing;
  return html`<details class="times" data-key="${`${scenario.scenario} › times`}"${open}><summary>Times of its streams</summary><div class="scroll" role="region" aria-label="Times of the streams of ${scenario.scenario}" tabindex="0"><table role="table">
<caption>Percentiles by behaviour of the client. The plot goes from the median (dot) over 90 %, 99 % and 99.9 % (marks) to the longest.</caption>
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">What</th><th scope="col" role="columnheader" class="spread" aria-hidden="true">${axisHead(axis)}</th>${titles.map((title) => html`<th scope="col" role="columnheader" class="number">${title}</th>`)}</tr></thead>
${groups}
</table></div></details>`;
}

function rowMarkup({ name, summary }: PrintedTiming, titles: string[], axis: Axis): Markup {
  const values = [formatCount(summary.count), ...percentiles(summary)];
  return html`<tr role="row"><th scope="row" role="rowheader">${timingTitles[name]}</th><td role="cell" class="spread" aria-hidden="true">${spread(summary, axis)}</td>${values.map((value, index) => html`<td role="cell" class="number"><span class="label" aria-hidden="true">${titles[index] ?? ''}</span>${value}</td>`)}</tr>
`;
}

/** Powers of ten, in milliseconds. */
interface Axis {
  fromPower: number;
  toPower: number;
}

const [width, margin] = [220, 10];

/** A tenth of a millisecond is as fine as clocks in two processes of one machine agree. */
const finestMs = 0.1;

function axisOf(timings: PrintedTiming[]): Axis {
  const power = (ms: number) => Math.log10(Math.max(finestMs, ms));
  const fromPower = Math.floor(Math.min(...timings.map(({ summary }) => power(summary.p50Ms))));
  const toPower = Math.ceil(Math.max(...timings.map(({ summary }) => power(summary.maxMs))));
  return { fromPower, toPower: Math.max(toPower, fromPower + 1) };
}

function position(ms: number, { fromPower, toPower }: Axis): string {
  const part = (Math.log10(Math.max(finestMs, ms)) - fromPower) / (toPower - fromPower);
  return (margin + Math.min(1, Math.max(0, part)) * (width - 2 * margin)).toFixed(1);
}

const powersOf = ({ fromPower, toPower }: Axis) =>
  Array.from({ length: toPower - fromPower + 1 }, (_, index) => 10 ** (fromPower + index));

function axisHead(axis: Axis): Markup {
  const powers = powersOf(axis);
  // Words at every power would run into each other over many of them.
  const every = Math.ceil(powers.length / 5);
  const words = powers
    .filter((_, index) => index % every === 0)
    .map((ms) => html`<text x="${position(ms, axis)}" y="11">${formatDuration(ms)}</text>`);
  return html`<svg class="times-plot" viewBox="0 0 ${width} 14" width="${width}" height="14">${words}</svg>`;
}

function spread({ p50Ms, p90Ms, p99Ms, p999Ms, maxMs }: TimingSummary, axis: Axis): Markup {
  const x = (ms: number) => position(ms, axis);
  const grid = powersOf(axis).map((ms) => html`<path class="grid" d="M${x(ms)} 0v20"/>`);
  const marks = [p90Ms, p99Ms, p999Ms].map((ms) => html`<path class="mark" d="M${x(ms)} 5.5v9"/>`);
  return html`<svg class="times-plot" viewBox="0 0 ${width} 20" width="${width}" height="20">${grid}<path class="tail" d="M${x(p50Ms)} 10H${x(maxMs)}"/><path class="body" d="M${x(p50Ms)} 10H${x(p99Ms)}"/>${marks}<path class="mark longest" d="M${x(maxMs)} 7.5v5"/><circle cx="${x(p50Ms)}" cy="10" r="3.5"/></svg>`;
}
