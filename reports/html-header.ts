import type { Report } from '../harness/model.ts';
import { warningPlaces, warningTitle, warningWords } from './environment.ts';
import {
  formatBytes,
  formatCount,
  formatCounts,
  formatDuration,
  incompleteNote,
  notMeasured,
} from './format.ts';
import {
  definitionList,
  html,
  isolated,
  type Markup,
  nothing,
  outcomeIcon,
  runningIcon,
} from './html-markup.ts';

/** Verdict, its sentence, what kind of run it was, and the figures that everybody looks for first. */
export function headerMarkup(report: Report, { running = false }: { running?: boolean } = {}): Markup {
  const { verdict, complete, startedAt, durationMs, runId, environment } = report;
  const [tone, icon] = running ? ['running', runningIcon] : [verdict.outcome, outcomeIcon(verdict.outcome)];
  return html`<header class="verdict ${tone}">
<div class="page">
<p class="product">hydrotest</p>
<div class="headline">${icon}<h1>${tone}</h1></div>
<p class="sentence">${running ? soFar(verdict) : verdict.reason}</p>
${complete || running ? nothing : html`<p class="banner" role="note"><strong>Incomplete run.</strong> ${incompleteNote}</p>`}
${definitionList('meta', [
  ['Started', html`<time>${startedWords(startedAt)}</time>`],
  [running ? 'Running for' : 'Took', formatDuration(durationMs)],
  ['Run', isolated(runId)],
  ['hydrotest', environment.hydrotestVersion],
])}
${running ? nothing : warningsMarkup(report)}
</div>
</header>`;
}

/** What of the surroundings changes the figures. */
function warningsMarkup(report: Report): Markup {
  const { warnings } = report.environment;
  if (warnings.length === 0) return nothing;
  const items = warnings.map(
    (warning) =>
      html`<li><strong>${warningTitle(warning)}</strong>: ${warning.seen}${warningPlaces(warning, report)}. ${warningWords(warning)}</li>`,
  );
  return html`<div class="banner surroundings" role="note"><strong>Surroundings that change figures</strong><ul>${items}</ul></div>`;
}

/** What has failed has failed, whatever is still to come; nothing else is said before the end. */
function soFar({ outcome, reason, counts }: Report['verdict']): string {
  if (outcome === 'fail') return `Has failed already: ${reason}`;
  return totalCount(counts) === 0
    ? 'The first scenario is being measured. The verdict comes at the end.'
    : 'Nothing has failed so far. The verdict comes at the end.';
}

/** `2026-03-02 10:15:42 UTC`; anything that is no such instant is shown as it came. */
function startedWords(startedAt: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(startedAt);
  return parts === null ? startedAt : `${parts[1]} ${parts[2]} UTC`;
}

export function figuresMarkup({ scenarios, config, verdict }: Report): Markup {
  const peaks = scenarios.flatMap(({ peakRssBytes }) => (peakRssBytes === null ? [] : [peakRssBytes]));
  const peakBytes = peaks.length === 0 ? null : Math.max(...peaks);
  const streamCount = scenarios.reduce((sum, scenario) => sum + scenario.streamCount, 0);
  const eventCount = scenarios.reduce((sum, scenario) => sum + scenario.eventCount, 0);
  return html`<section class="figures" aria-label="Key figures">
<div class="figure"><h2>Peak memory</h2><p class="value">${value(peakBytes === null ? null : formatBytes(peakBytes))}</p>
${meter(peakBytes, config.budgetBytes)}<p class="note">budget ${formatBytes(config.budgetBytes)}</p></div>
<div class="figure"><h2>Findings</h2><p class="value">${formatCount(totalCount(verdict.counts))}</p><p class="note">${formatCounts(verdict.counts).replace(/(\d) /g, noBreak)}</p></div>
<div class="figure"><h2>Streams opened</h2><p class="value">${formatCount(streamCount)}</p><p class="note">in ${formatCount(scenarios.length)} ${scenarios.length === 1 ? 'scenario' : 'scenarios'}</p></div>
<div class="figure"><h2>Events received</h2><p class="value">${formatCount(eventCount)}</p><p class="note">on all streams</p></div>
</section>`;
}

// A number does not part from its word at the end of a line.
const noBreak = '$1\u00a0';

function value(text: string | null): Markup {
  return text === null ? html`<span class="none">${notMeasured}</span>` : html`${text}`;
}

function totalCount(counts: Report['verdict']['counts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function meter(peakBytes: number | null, budgetBytes: number): Markup {
  if (peakBytes === null || !(budgetBytes > 0)) return nothing;
  const percent = Math.min(100, (100 * peakBytes) / budgetBytes).toFixed(1);
  const state = peakBytes > budgetBytes ? 'over' : 'under';
  return html`<svg class="meter ${state}" aria-hidden="true" width="100%" height="6"><rect class="track" width="100%" height="6" rx="3"/><rect class="bar" width="${percent}%" height="6" rx="3"/></svg>`;
}
