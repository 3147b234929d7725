import type { Finding, LeakTrend, Report, ScenarioReport } from '../harness/model.ts';
import { evidenceFacts, findingTitle } from './facts.ts';
import { formatBytes, formatCount, formatDuration } from './format.ts';
import { levelPlot, trendOf } from './html-level-plot.ts';
import {
  code,
  definitionList,
  html,
  isolated,
  type Markup,
  nothing,
  outcomeIcon,
  outcomePill,
  runningPill,
} from './html-markup.ts';
import { timingsMarkup } from './html-timings.ts';
import { budgetSentence, probeWords } from './leak-words.ts';

/** A card a scenario: what it shows when closed, its findings with evidence when open. Those not passed are open. */
export function scenariosMarkup(
  { scenarios, config }: Report,
  { running = false }: { running?: boolean } = {},
): Markup {
  // They run one after the other, so that it is the last one that has no outcome yet.
  const current = running ? scenarios.at(-1) : undefined;
  return html`<section aria-labelledby="scenarios">
<h2 id="scenarios">Scenarios</h2>
${scenarios.length === 0 ? html`<p class="empty">No scenario was run.</p>` : html`<div class="cards">${scenarios.map((scenario) => card(scenario, config.budgetBytes, scenario === current))}</div>`}
</section>`;
}

function card(scenario: ScenarioReport, budgetBytes: number, running: boolean): Markup {
  const { outcome, proves, findings, peakRssBytes, streamCount, durationMs } = scenario;
  const open = outcome === 'fail' || (outcome !== 'pass' && !running) ? html` open` : nothing;
  const shown = running ? `Being measured. To prove: ${proves}` : scenario.shown;
  return html`<details class="card ${running ? 'running' : outcome}" data-key="${scenario.scenario}"${open}>
<summary>
<span class="chevron" aria-hidden="true"></span>
<div class="what"><div class="title"><h3>${isolated(scenario.scenario)}</h3>${running ? runningPill : outcomePill(outcome)}</div><p>${shown}</p></div>
${definitionList('stats', [
  ['peak memory', peakRssBytes === null ? '–' : formatBytes(peakRssBytes)],
  ['streams', formatCount(streamCount)],
  ['duration', formatDuration(durationMs)],
])}
</summary>
<div class="body">
${running ? nothing : html`<p class="muted">To prove: ${proves}</p>`}
${findings.length === 0 ? html`<p class="empty">${running ? 'Nothing has failed so far.' : 'No findings: nothing was checked.'}</p>` : html`<ul class="findings">${findings.map((finding) => findingItem(finding, budgetBytes, scenario.trends))}</ul>`}
${timingsMarkup(scenario)}
${gapsMarkup(scenario)}
${factsMarkup(scenario)}
</div>
</details>
`;
}

function findingItem(finding: Finding, budgetBytes: number, trends: LeakTrend[]): Markup {
  const facts = evidenceFacts(finding);
  const time = budgetSentence(finding, budgetBytes);
  const pairs = facts.map(({ label, value }) => [label, value] as const);
  const short = definitionList(
    'evidence',
    pairs.filter(([, value]) => !isSentence(value)),
  );
  const long = definitionList(
    'evidence words',
    pairs.filter(([, value]) => isSentence(value)),
  );
  const evidence =
    finding.check === 'memory-leak'
      ? html`${short}<div class="leak-evidence">${long}${levelPlot(finding.evidence, trendOf(finding.evidence, trends))}</div>`
      : html`${short}${long}`;
  return html`<li class="finding ${finding.outcome}">
${outcomeIcon(finding.outcome)}
<div><h4>${isolated(findingTitle(finding))} <span class="word">${finding.outcome}</span></h4><p>${finding.reason}</p>${time === null ? nothing : html`<p class="time">${clock}${time}</p>`}
${facts.length === 0 ? nothing : html`<details data-key="${`${finding.scenario} › ${finding.check} › ${finding.subject}`}"${finding.outcome === 'pass' ? nothing : html` open`}><summary>Evidence</summary>${evidence}</details>`}</div>
</li>`;
}

// What would be a tower of single words in a narrow column gets a line of its own.
const isSentence = (value: string) => value.length > 32;

const clock = html`<svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6.8"/><path d="M8 4.2V8l2.6 1.7"/></svg>`;

function gapsMarkup({ gaps, startedMs }: ScenarioReport): Markup {
  if (gaps.length === 0) return nothing;
  const items = gaps
    .slice(0, shownGaps)
    .map(
      ({ probe, reason, elapsedMs }) =>
        html`<li>${isolated(probe)} at ${formatDuration(elapsedMs - startedMs)}: ${reason}</li>`,
    );
  const rest = gaps.length - items.length;
  return html`<div class="gaps"><h4>Readings that failed</h4><ul>${items}${rest > 0 ? html`<li>and ${formatCount(rest)} more, in report.json</li>` : nothing}</ul></div>`;
}

// A probe that fails once a second for an hour would bury the findings.
const shownGaps = 10;

function factsMarkup({ command, leakProbe, eventCount }: ScenarioReport): Markup {
  return definitionList('facts', [
    ['Events received', formatCount(eventCount)],
    ...(leakProbe === null ? [] : [['Leaks measured on', probeWords[leakProbe]] as const]),
    ...(command === null ? [] : [['Target command', code(command)] as const]),
  ]);
}
