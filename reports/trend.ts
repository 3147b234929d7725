import type { History, HistoryEntry, HistoryMetric } from '../harness/model.ts';
import { formatValue } from './compare-words.ts';
import { html, isolated, type Markup, nothing, outcomePill } from './html-markup.ts';
import { offlinePage, uplotScript, uplotStyle } from './html-page.ts';
import { pageStyle } from './html-style.ts';
import { oneLine } from './text.ts';
import { trendScript } from './trend-script.ts';
import { trendStyle } from './trend-style.ts';

/** Figures of one metric over all runs; null: the run does not have it. */
interface Trend {
  like: HistoryMetric;
  points: (HistoryMetric | null)[];
}

/** One HTML file that needs nothing else: how each metric went over the runs of a history, with its interval as a band. */
export function trendPage(history: History): string {
  const { entries } = history;
  const environments = [...new Map(entries.map((entry) => [entry.environmentHash, entry.environment]))];
  const trends = trendsOf(entries);
  return offlinePage({
    title: `hydrotest: ${entries.length} runs`,
    icon: 'data:,',
    styles: [`${uplotStyle()}\n${pageStyle}${trendStyle}`],
    scripts: [uplotScript(), trendScript],
    data: dataOf(trends, entries, environments),
    mayConnect: false,
    body: html`${headMarkup(history, environments)}
<main class="page">
<section aria-labelledby="metrics"><h2 id="metrics">Metrics over runs</h2>
${trends.length === 0 ? html`<p class="empty">No run has a figure.</p>` : html`<div class="trends">${trends.map((trend, index) => trendMarkup(trend, index, entries, environments))}</div>`}
</section>
${runsMarkup(entries, environments)}
</main>`,
  });
}

type Environments = [hash: string, words: string][];

function trendsOf(entries: readonly HistoryEntry[]): Trend[] {
  const likes = new Map(entries.flatMap(({ metrics }) => metrics).map((metric) => [metric.id, metric]));
  return [...likes.values()]
    .map((like) => ({
      like,
      points: entries.map(({ metrics }) => metrics.find(({ id }) => id === like.id) ?? null),
    }))
    .filter(({ points }) => points.some((point) => point !== null && point.value !== null));
}

function nameOf({ scenario, label, path, per }: HistoryMetric): string {
  return `${scenario}: ${label}${per === '' ? '' : ` a ${per}`}${path === '' ? '' : `, ${path}`}`;
}

function headMarkup({ entries, skippedLineCount }: History, environments: Environments): Markup {
  const [first, last] = [entries[0], entries.at(-1)];
  const span = first === undefined || last === undefined ? '' : `, ${dayOf(first)} to ${dayOf(last)}`;
  const unlike =
    environments.length > 1
      ? html`<p class="banner" role="note">These runs come from ${environments.length} environments. Figures of different colours cannot be compared: another machine or configuration made them.</p>`
      : nothing;
  const skipped =
    skippedLineCount > 0
      ? html`<p class="banner" role="note">${skippedLineCount} ${skippedLineCount === 1 ? 'line' : 'lines'} of the history could not be read, and ${skippedLineCount === 1 ? 'is' : 'are'} left out.</p>`
      : nothing;
  return html`<header class="trend-head"><div class="page"><p class="product">hydrotest</p><h1>Trend</h1>
<p class="sentence">${entries.length} ${entries.length === 1 ? 'run' : 'runs'}${span}. Bands are 95 % intervals.</p>${unlike}${skipped}
<ul class="legend envs">${environments.map(([hash, words], index) => html`<li><span class="swatch env env-${Math.min(index, 4)}"></span><span>${nameOfEnvironment(index)} (${hash}): ${isolated(words)}</span></li>`)}</ul>
</div></header>`;
}

const nameOfEnvironment = (index: number) => `Environment ${index + 1}`;

function trendMarkup(
  { like, points }: Trend,
  index: number,
  entries: readonly HistoryEntry[],
  environments: Environments,
): Markup {
  const name = nameOf(like);
  const rows = points.map((point, i) => {
    const entry = entries[i];
    if (entry === undefined) return nothing;
    return html`<tr><th scope="row">${isolated(entry.runId)}</th><td>${commitOf(entry)}</td><td>${environmentOf(entry, environments)}</td><td class="number">${valueWords(point)}</td><td class="number">${intervalWords(point)}</td></tr>`;
  });
  return html`<article class="panel" aria-labelledby="name-${index}"><h3 id="name-${index}">${isolated(name)}</h3>
<div class="plot" id="plot-${index}" role="img" aria-label="Chart of ${oneLine(name)} over ${entries.length} runs; the same figures are in the table below."></div>
<p class="reading"><noscript>The chart needs JavaScript; the table has its figures.</noscript></p>
<details class="data"><summary>As a table</summary><div class="scroll" role="region" aria-label="${oneLine(name)}" tabindex="0"><table><caption>${oneLine(name)}</caption>
<thead><tr><th scope="col">Run</th><th scope="col">Commit</th><th scope="col">Environment</th><th scope="col" class="number">Value</th><th scope="col" class="number">95 % interval</th></tr></thead><tbody>${rows}</tbody></table></div></details>
</article>`;
}

function runsMarkup(entries: readonly HistoryEntry[], environments: Environments): Markup {
  const rows = entries.map(
    (entry) =>
      html`<tr><th scope="row">${isolated(entry.runId)}</th><td>${dayOf(entry)}</td><td>${commitOf(entry)}</td><td>${outcomePill(entry.outcome)}</td><td>${environmentOf(entry, environments)}</td><td>${entry.unusable ?? ''}</td></tr>`,
  );
  return html`<section aria-labelledby="runs"><h2 id="runs">Runs</h2><div class="scroll" role="region" aria-label="Runs" tabindex="0"><table>
<thead><tr><th scope="col">Run</th><th scope="col">Day</th><th scope="col">Commit</th><th scope="col">Outcome</th><th scope="col">Environment</th><th scope="col">Remark</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

function environmentOf({ environmentHash }: HistoryEntry, environments: Environments): string {
  return nameOfEnvironment(environments.findIndex(([hash]) => hash === environmentHash));
}

function commitOf({ gitCommit }: HistoryEntry): string {
  return gitCommit === null ? '–' : gitCommit.slice(0, 10);
}

function dayOf({ startedAt }: HistoryEntry): string {
  return startedAt.slice(0, 10);
}

function valueWords(point: HistoryMetric | null): string {
  if (point === null) return 'not measured';
  return point.value === null
    ? oneLine(point.missing ?? 'not measured')
    : formatValue(point.value, point.unit);
}

function intervalWords(point: HistoryMetric | null): string {
  if (point === null || point.low === null || point.high === null) return '–';
  return `${formatValue(point.low, point.unit)} to ${formatValue(point.high, point.unit)}`;
}

/** What the script reads: in the order of the panels. */
function dataOf(trends: Trend[], entries: readonly HistoryEntry[], environments: Environments): object {
  return {
    environments: environments.map(([hash]) => hash),
    metrics: trends.map(({ like, points }) => ({
      unit: like.unit,
      runs: points.flatMap((point, i) => {
        const entry = entries[i];
        if (entry === undefined) return [];
        const env = environments.findIndex(([hash]) => hash === entry.environmentHash);
        const where = `${nameOfEnvironment(env)}, ${entry.runId}, commit ${commitOf(entry)}`;
        return {
          env,
          day: entry.startedAt.slice(5, 10),
          value: point?.value ?? null,
          low: point?.low ?? null,
          high: point?.high ?? null,
          text: `${valueWords(point)} (${intervalWords(point)}): ${where}`,
        };
      }),
    })),
  };
}
