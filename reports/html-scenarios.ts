import type { Finding, Report, ScenarioReport } from '../harness/model.ts';
import {
  evidenceFacts,
  findingTitle,
  formatBytes,
  formatCount,
  formatDuration,
  probeWords,
} from './format.ts';
import { leakPlot } from './html-leaks.ts';
import {
  code,
  definitionList,
  html,
  isolated,
  type Markup,
  nothing,
  outcomeIcon,
  outcomePill,
} from './html-markup.ts';

/** A card a scenario: what it shows when closed, its findings with evidence when open. Those not passed are open. */
export function scenariosMarkup({ scenarios }: Report): Markup {
  return html`<section aria-labelledby="scenarios">
<h2 id="scenarios">Scenarios</h2>
${scenarios.length === 0 ? html`<p class="empty">No scenario was run.</p>` : html`<div class="cards">${scenarios.map(card)}</div>`}
</section>`;
}

function card(scenario: ScenarioReport): Markup {
  const { outcome, proves, shown, peakRssBytes, streamCount, durationMs } = scenario;
  const open = outcome === 'pass' ? nothing : html` open`;
  return html`<details class="card ${outcome}"${open}>
<summary>
<span class="chevron" aria-hidden="true"></span>
<div class="what"><div class="title"><h3>${isolated(scenario.scenario)}</h3>${outcomePill(outcome)}</div><p>${shown}</p></div>
${definitionList('stats', [
  ['peak memory', peakRssBytes === null ? '–' : formatBytes(peakRssBytes)],
  ['streams', formatCount(streamCount)],
  ['duration', formatDuration(durationMs)],
])}
</summary>
<div class="body">
<p class="muted">To prove: ${proves}</p>
${scenario.findings.length === 0 ? html`<p class="empty">No findings: nothing was checked.</p>` : html`<ul class="findings">${scenario.findings.map(findingItem)}</ul>`}
${gapsMarkup(scenario)}
${factsMarkup(scenario)}
</div>
</details>
`;
}

function findingItem(finding: Finding): Markup {
  const facts = evidenceFacts(finding);
  const list = definitionList(
    'evidence',
    facts.map(({ label, value }) => [label, value] as const),
  );
  const evidence = finding.check === 'memory-leak' ? html`${list}${leakPlot(finding.evidence)}` : list;
  return html`<li class="finding ${finding.outcome}">
${outcomeIcon(finding.outcome)}
<div><h4>${isolated(findingTitle(finding))} <span class="word">${finding.outcome}</span></h4><p>${finding.reason}</p>
${facts.length === 0 ? nothing : html`<details${finding.outcome === 'pass' ? nothing : html` open`}><summary>Evidence</summary>${evidence}</details>`}</div>
</li>`;
}

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
