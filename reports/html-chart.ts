import type { Report, ScenarioReport, SeriesPoint } from '../harness/model.ts';
import { formatBytes, formatCount, formatDuration, notMeasured } from './format.ts';
import { html, isolated, type Markup, nothing } from './html-markup.ts';
import { oneLine } from './text.ts';

/** The chart, what works it, and `readings`: the part with the same readings as a table for those who do not see it. */
export function chartMarkup(report: Report, readings: Markup): Markup {
  const measured = report.scenarios.filter(({ series }) => series.length > 0);
  const options = measured.map(
    ({ scenario }, index) => html`<option value="${index}">${oneLine(scenario)}</option>`,
  );
  const budget = formatBytes(report.config.budgetBytes);
  return html`<section aria-labelledby="memory">
<h2 id="memory">Memory over time</h2>
<div class="panel">
<div class="chart-bar">
<ul class="legend"><li><span class="swatch rss"></span>Memory (RSS)</li><li><span class="swatch streams"></span>Open streams</li><li><span class="swatch budget"></span>Budget ${budget}<span id="off-scale" hidden> is above this scale</span></li></ul>
<div class="controls" id="controls" hidden>
<label>Show <select id="scenario"><option value="all">all scenarios</option>${options}</select></label>
<button type="button" id="scale" aria-pressed="false">Scale to budget</button>
</div></div>
<div id="chart" tabindex="0" role="group" aria-label="Chart of memory and open streams over time, by scenario and phase. The left and right arrow keys move through the readings; the same readings are in the table below."><noscript><p class="empty">The chart needs JavaScript; the table below has its readings.</p></noscript></div>
<p id="reading" class="unseen" aria-live="polite"></p>
<p class="hint" id="hint" hidden>Drag across the chart to look closer; double-click to see everything again.</p>
${readings}
</div>
</section>`;
}

/** The readings of the chart as a table, thinned. */
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
  return html`<details class="data" data-key="readings"><summary>The chart as a table</summary><div class="scroll" role="region" aria-label="Readings" tabindex="0">
<table><caption>Memory, open streams and file descriptors over time.${part}</caption>
<thead><tr><th scope="col" class="number">Elapsed</th><th scope="col">Scenario</th><th scope="col">Phase</th><th scope="col" class="number">Memory (RSS)</th><th scope="col" class="number">Open streams</th><th scope="col" class="number">File descriptors</th></tr></thead>
<tbody>${rows}</tbody></table></div></details>`;
}

function thinned(series: SeriesPoint[]): SeriesPoint[] {
  const step = Math.ceil(series.length / rowsPerScenario);
  return series.filter((_, index) => index % step === 0 || index === series.length - 1);
}

function row({ scenario, phases }: ScenarioReport, point: SeriesPoint): Markup {
  const phase = phases.findLast(({ elapsedMs }) => elapsedMs <= point.elapsedMs);
  return html`<tr><td class="number">${formatDuration(point.elapsedMs)}</td><td>${isolated(scenario)}</td><td>${phase === undefined ? nothing : isolated(phase.phase)}</td><td class="number">${formatBytes(point.rssBytes)}</td><td class="number">${formatCount(point.openStreamCount)}</td><td class="number">${point.fdCount === null ? notMeasured : formatCount(point.fdCount)}</td></tr>
`;
}
