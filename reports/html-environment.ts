import type { Report, RunConfig } from '../harness/model.ts';
import { printedFacts } from './environment.ts';
import { formatBytes, formatDuration, unitsNote } from './format.ts';
import { code, definitionList, html, isolated, type Markup, nothing } from './html-markup.ts';
import { remoteWords } from './remote-words.ts';

export function skippedMarkup({ skipped }: Report): Markup {
  if (skipped.length === 0) return nothing;
  const items = skipped.map(
    ({ scenario, proves, reason }) =>
      html`<li><h3>${isolated(scenario)}</h3><p>${reason}</p><p class="muted">Would prove: ${proves}</p></li>`,
  );
  return html`<section aria-labelledby="skipped"><h2 id="skipped">Skipped scenarios</h2><ul class="skipped">${items}</ul></section>`;
}

/** The command that repeats the run, the machine, and the configuration. Header values stay out: they hold tokens. */
export function environmentMarkup({ repeatCommand, environment, config }: Report): Markup {
  const machine = `${environment.cpuCount} × ${environment.cpuModel}`;
  return html`<section aria-labelledby="repeat">
<h2 id="repeat">Repeat this run</h2>
<div class="command"><pre tabindex="0" aria-label="Command" id="command">${code(repeatCommand)}</pre><button type="button" id="copy" hidden>Copy</button></div>
<div class="columns">
<div><h3>Environment</h3>${definitionList('facts', [
    ['Node', environment.nodeVersion],
    ['Platform', environment.platform],
    ['Processor', machine],
    ['Memory', formatBytes(environment.memoryBytes)],
  ])}</div>
<div><h3>Configuration</h3>${definitionList('facts', configPairs(config))}</div>
</div>
${surroundingsMarkup(environment)}
</section>`;
}

/** Every fact that was read or could not be, with where it is from. */
function surroundingsMarkup({ facts, targets }: Report['environment']): Markup {
  const groups = [
    ...(facts.length === 0 ? [] : [{ title: 'The machine', facts }]),
    ...targets.map(({ scenario, attempt, facts: ofTarget }) => ({
      title: attempt === 0 ? scenario : `${scenario}, confirmation ${attempt}`,
      facts: ofTarget,
    })),
  ];
  if (groups.length === 0) return nothing;
  const tables = groups.map(({ title, facts: known }) => {
    const rows = printedFacts(known).map(
      ({ label, value, source }) =>
        html`<tr><th scope="row">${label}</th><td>${value}</td><td class="muted">${source}</td></tr>`,
    );
    const body =
      known.length === 0
        ? html`<p>Not readable.</p>`
        : html`<div class="table" tabindex="0" role="region" aria-label="${title}"><table><thead><tr><th scope="col">Fact</th><th scope="col">Value</th><th scope="col">Read from</th></tr></thead><tbody>${rows}</tbody></table></div>`;
    return html`<h4>${isolated(title)}</h4>${body}`;
  });
  return html`<details data-key="surroundings"><summary>Surroundings</summary>${tables}</details>`;
}

function configPairs(config: RunConfig): [string, string | Markup][] {
  const headers = Object.keys(config.headers);
  const given = (text: string | null) => (text === null ? 'none' : code(text));
  return [
    ['Target', code(targetWords(config))],
    ['Stream URL', given(config.url)],
    ['Key', given(config.key)],
    ['Page', given(config.page)],
    ['Events written to', given(config.events?.at ?? null)],
    ['Request headers', headers.length === 0 ? 'none' : `${headers.join(', ')} (values not shown)`],
    ['Limit a key', config.limit === null ? 'none promised' : `${config.limit} streams`],
    ['Deadline', config.deadlineMs === null ? 'none promised' : formatDuration(config.deadlineMs)],
    ['Budget', formatBytes(config.budgetBytes)],
    ['Held for', formatDuration(config.durationMs)],
    ['Reached at', remoteWords(config)],
    ['Seed', String(config.seed)],
    ['Paths', config.paths.length === 0 ? 'all' : config.paths.join(', ')],
    ['Long wait', `${formatDuration(config.graceMs)} for what looks like a leak`],
    [
      'Traffic',
      config.trafficPerSecond === null ? '1 and 50 a second' : `${config.trafficPerSecond} a second`,
    ],
    ['Heap inspection', config.inspect ? 'on' : 'off'],
  ];
}

function targetWords({ target }: RunConfig): string {
  if (target.mode === 'spawn') return target.command;
  return target.mode === 'attach'
    ? `process ${target.pid}`
    : `the process that listens on port ${target.port}`;
}

export function footerMarkup({ environment }: Report): Markup {
  return html`<footer><div class="page"><p>Written by hydrotest ${environment.hydrotestVersion}. ${unitsNote} “Not measured” means that a value could not be read; it never means zero.</p></div></footer>`;
}
