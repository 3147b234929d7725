import type { Report, ScenarioReport, SeriesPoint } from '../harness/model.ts';
import { formatBytes, formatCount, formatDuration, notMeasured } from './format.ts';
import { endingTitles } from './html-chart-data.ts';
import { html, isolated, type Markup, nothing } from './html-markup.ts';

/** A line, a band or a bar of a chart: its key in the chart's script, and its name in the legend. */
type Legend = readonly (readonly [key: string, title: string])[];

const memoryLegend: Legend = [
  ['rss', 'RSS'],
  ['pss', 'PSS'],
  ['heap', 'Heap'],
  ['trend', 'Trend of a path with its interval (red: a leak)'],
];

/**
 * The charts, what works them, and `readings`: the part with the same readings as a table for those who do not see them. What
 * they draw is the script's; until it has something to draw, only the part is there.
 */
export function chartMarkup(report: Report, readings: Markup): Markup {
  const budget = `Budget ${formatBytes(report.config.budgetBytes)}`;
  return html`<section aria-labelledby="memory">
<h2 id="memory">Memory and streams over time</h2>
<div class="panel">
<noscript><p class="empty">The charts need JavaScript; the table below has their readings.</p></noscript>
<p class="empty" id="no-chart" hidden>The charts could not be drawn in this browser; the table below has their readings.</p>
<div id="charts" hidden>
<div class="chart-bar"><p class="hint" id="hint">Drag to zoom, double-click to see everything again. Click a name to hide it.</p>
<div class="controls"><label>Show <select id="scenario"><option value="all">all scenarios</option></select></label>
<button type="button" id="heap-only" aria-pressed="false">Heap close up</button>
<button type="button" id="scale" aria-pressed="false">Scale to budget</button>
<button type="button" id="zoom-out" hidden>Zoom out</button></div></div>
<div id="chart" tabindex="0" role="group" aria-label="Charts over time, by scenario and phase: memory, open streams, file descriptors, events a second, and how streams ended. The left and right arrow keys move through the readings; the same readings are in the table below.">
${plot('memory', 'Memory', [...memoryLegend, ['budget', budget]])}
${plot('streams', 'Open streams', [])}
${plot('fds', 'File descriptors', [])}
${plot('events', 'Events a second', [])}
${plot('ends', 'Streams ended', Object.entries(endingTitles))}
</div>
<p id="reading" class="unseen" aria-live="polite"></p>
</div>
${readings}
</div>
</section>`;
}

/** A chart with its title and its legend. One of a single line has no legend: its title hides and shows it. */
function plot(key: string, title: string, legend: Legend): Markup {
  const head =
    legend.length > 0
      ? html`<h3>${title}</h3><ul class="legend" aria-label="Shown in the chart of ${title.toLowerCase()}">${legend.map(([name, words]) => html`<li>${toggle(name, words)}</li>`)}</ul>`
      : html`<h3>${toggle(key, title)}</h3>`;
  return html`<div class="plot" data-plot="${key}"><div class="plot-head">${head}</div><div class="plot-area"></div></div>`;
}

function toggle(key: string, title: string): Markup {
  return html`<button type="button" class="toggle" data-series="${key}" aria-pressed="true"><span class="swatch ${key}"></span>${title}</button>`;
}

/** The readings of the charts as a table, thinned. */
export function readingsMarkup({ scenarios }: Report): Markup {
  const measured = scenarios.filter(({ series }) => series.length > 0);
  return measured.length === 0
    ? html`<p class="empty">No memory reading was taken.</p>`
    : tableMarkup(measured);
}

// Enough to follow the course of a scenario; the whole series is in report.json.
const rowsPerScenario = 20;

function tableMarkup(scenarios: ScenarioReport[]): Markup {
  const rows = scenarios.flatMap((scenario) => thinned(scenario.series).map((point) => row(scenario, point)));
  const all = scenarios.reduce((sum, { series }) => sum + series.length, 0);
  const part =
    rows.length < all
      ? ` ${formatCount(rows.length)} of ${formatCount(all)} readings, evenly taken; all are in report.json.`
      : '';
  return html`<details class="data" data-key="readings"><summary>The charts as a table</summary><div class="scroll" role="region" aria-label="Readings" tabindex="0">
<table><caption>Memory, open streams, events and file descriptors over time.${part}</caption>
<thead><tr><th scope="col" class="number">Elapsed</th><th scope="col">Scenario</th><th scope="col">Phase</th><th scope="col" class="number">RSS</th><th scope="col" class="number">Open streams</th><th scope="col" class="number">Events a second</th><th scope="col" class="number">File descriptors</th></tr></thead>
<tbody>${rows}</tbody></table></div></details>`;
}

function thinned(series: SeriesPoint[]): SeriesPoint[] {
  const step = Math.ceil(series.length / rowsPerScenario);
  return series.filter((_, index) => index % step === 0 || index === series.length - 1);
}

function row({ scenario, phases }: ScenarioReport, point: SeriesPoint): Markup {
  const { elapsedMs, rssBytes, openStreamCount, eventsPerSecond, fdCount } = point;
  const phase = phases.findLast(({ elapsedMs: from }) => from <= elapsedMs);
  const cells = [
    formatBytes(rssBytes),
    formatCount(openStreamCount),
    eventsPerSecond === null ? '–' : formatCount(Number(eventsPerSecond.toFixed(1))),
    fdCount === null ? notMeasured : formatCount(fdCount),
  ];
  return html`<tr><td class="number">${formatDuration(elapsedMs)}</td><td>${isolated(scenario)}</td><td>${phase === undefined ? nothing : isolated(phase.phase)}</td>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>
`;
}
