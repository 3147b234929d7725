import type { FingerprintRow, Outcome, Report, Reporter } from '../harness/model.ts';
import { outcomeSymbols } from './format.ts';
import { chartMarkup, readingsMarkup } from './html-chart.ts';
import { type ChartColumns, chartColumns } from './html-chart-data.ts';
import { chartScript } from './html-chart-script.ts';
import { environmentMarkup, footerMarkup, skippedMarkup } from './html-environment.ts';
import { fingerprintMarkup } from './html-fingerprint.ts';
import { fingerprintStyle } from './html-fingerprint-style.ts';
import { figuresMarkup, headerMarkup } from './html-header.ts';
import { html as markup, trusted } from './html-markup.ts';
import { offlinePage, uplotScript, uplotStyle } from './html-page.ts';
import { pageScript } from './html-page-script.ts';
import { scenariosMarkup } from './html-scenarios.ts';
import { pageStyle } from './html-style.ts';
import { oneLine } from './text.ts';

/** One HTML file that needs nothing else: no network, no other file. */
export const html: Reporter = {
  name: 'html',
  fileName: 'report.html',
  render: (report) => renderPage(report),
};

/** How a run is shown while it goes on: it has no verdict yet, and what is measured so far is not called incomplete. */
export interface ReportView {
  running?: boolean;
}

/** What a page that is served while the run goes on has more than a file: it may speak to where it came from. */
export interface LivePage {
  /** Runs after the page's own scripts, so that it finds `window.hydrotest.update(parts, data)`. */
  script: string;
  /** A style sheet of its own, behind that of the page. */
  style?: string;
}

/** What the page's scripts read from `#data`, and what `window.hydrotest.update` takes as its second argument. */
export interface PageData extends ChartColumns {
  title: string;
  /** A `data:` address. */
  icon: string;
}

/**
 * The page in parts that can be put in anew while a run goes on: the id of an element and the HTML in it, in the order of
 * the page. The charts are not among them: they take `chartData`.
 */
export function htmlParts(whole: Report, view: ReportView = {}): Record<string, string> {
  const report = view.running === true ? soFar(whole) : whole;
  const parts = {
    header: headerMarkup(report, view),
    figures: figuresMarkup(report),
    fingerprint: fingerprintMarkup(report),
    readings: readingsMarkup(report),
    scenarios: scenariosMarkup(report, view),
    skipped: skippedMarkup(report),
    environment: environmentMarkup(report),
    footer: footerMarkup(report),
  };
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [`part-${name}`, part.markup]));
}

/** Without what is not known yet: a scenario that runs would be told to have missed what is still to come. */
function soFar(report: Report): Report {
  const current = report.scenarios.at(-1);
  if (current === undefined) return report;
  const findings = current.findings.filter(({ outcome }) => outcome === 'fail');
  const scenarios = [...report.scenarios.slice(0, -1), { ...current, findings }];
  const counts: Record<Outcome, number> = { pass: 0, fail: 0, inconclusive: 0, invalid: 0 };
  for (const { outcome } of scenarios.flatMap((scenario) => scenario.findings)) counts[outcome]++;
  const isKnown = ({ scenario, outcome }: FingerprintRow) =>
    scenario !== current.scenario || outcome === 'pass' || outcome === 'fail';
  return {
    ...report,
    scenarios,
    verdict: { ...report.verdict, counts },
    fingerprint: report.fingerprint.filter(isKnown),
  };
}

export function chartData(report: Report, view: ReportView = {}): PageData {
  const { outcome } = report.verdict;
  const running = view.running === true;
  const words = running ? '… running' : `${outcomeSymbols[outcome]} ${oneLine(outcome)}`;
  return {
    title: `${words} · hydrotest ${oneLine(report.runId)}`,
    icon: icon(running ? runningColor : iconColors[outcome]),
    ...chartColumns(report),
  };
}

/**
 * The whole page. With `live` it has one more script, whose hash is in the policy, and may fetch from its own origin; all
 * else stays forbidden.
 */
export function renderPage(report: Report, { live, ...view }: ReportView & { live?: LivePage } = {}): string {
  const parts = htmlParts(report, view);
  const part = (name: string) =>
    markup`<div id="part-${name}" class="part">${trusted(parts[`part-${name}`] ?? '')}</div>`;
  const data = chartData(report, view);
  return offlinePage({
    title: data.title,
    icon: data.icon,
    styles: [`${uplotStyle()}\n${pageStyle}${fingerprintStyle}`, ...given(live?.style)],
    scripts: [uplotScript(), `${pageScript}${chartScript}`, ...given(live?.script)],
    data,
    mayConnect: live !== undefined,
    body: markup`${part('header')}
<main class="page">
${part('figures')}
${part('fingerprint')}
${chartMarkup(report, part('readings'))}
${part('scenarios')}
${part('skipped')}
${part('environment')}
</main>
${part('footer')}
<p id="news" class="unseen" role="status"></p>`,
  });
}

const given = (text: string | undefined) => (text === undefined ? [] : [text]);

const iconColors = { pass: '177a40', fail: 'c62f2b', inconclusive: 'b26a00', invalid: '7a3fb0' } as const;
const runningColor = '2563c9';

function icon(color: string): string {
  const disc = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><circle cx='8' cy='8' r='8' fill='#${color}'/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(disc)}`;
}
