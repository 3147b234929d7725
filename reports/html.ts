import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Report, Reporter } from '../harness/model.ts';
import { outcomeSymbols } from './format.ts';
import { chartData, chartMarkup } from './html-chart.ts';
import { chartScript } from './html-chart-script.ts';
import { environmentMarkup, footerMarkup, skippedMarkup } from './html-environment.ts';
import { fingerprintMarkup } from './html-fingerprint.ts';
import { fingerprintStyle } from './html-fingerprint-style.ts';
import { figuresMarkup, headerMarkup } from './html-header.ts';
import { html as markup, trusted } from './html-markup.ts';
import { scenariosMarkup } from './html-scenarios.ts';
import { pageStyle } from './html-style.ts';

/** One HTML file that needs nothing else: no network, no other file. */
export const html: Reporter = {
  name: 'html',
  fileName: 'report.html',
  render: (report) => page(report),
};

/** Text of a file of the uplot package, wherever npm put it. */
function uplotFile(name: string): string {
  return readFileSync(fileURLToPath(import.meta.resolve(`uplot/dist/${name}`)), 'utf8');
}

// CSP 3, section 2.3.1: the hash is over the exact text between the tags.
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

function page(report: Report): string {
  const style = `${uplotFile('uPlot.min.css')}\n${pageStyle}${fingerprintStyle}`;
  // Two elements, so that the chart's script can still say so where uPlot does not run.
  const scripts = [uplotFile('uPlot.iife.min.js'), chartScript];
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    `script-src ${scripts.map(hashOf).join(' ')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${outcomeSymbols[report.verdict.outcome]} ${report.verdict.outcome} · hydrotest ${report.runId}</title>
<link rel="icon" href="${icon(report)}">
<style>${trusted(style)}</style>
</head>
<body>
${headerMarkup(report)}
<main class="page">
${figuresMarkup(report)}
${fingerprintMarkup(report)}
${chartMarkup(report)}
${scenariosMarkup(report)}
${skippedMarkup(report)}
${environmentMarkup(report)}
</main>
${footerMarkup(report)}
<script type="application/json" id="data">${trusted(inertJson(chartData(report)))}</script>
${scripts.map((script) => markup`<script>${trusted(script)}</script>`)}
</body>
</html>
`.markup;
}

/** JSON that cannot end the script element it stands in (HTML, "Restrictions for contents of script elements"). */
function inertJson(data: object): string {
  return JSON.stringify(data).replaceAll('<', '\\u003c');
}

const iconColors = { pass: '1a7f43', fail: 'c62f2b', inconclusive: 'b26a00', invalid: '7a3fb0' } as const;

function icon({ verdict }: Report): string {
  const disc = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><circle cx='8' cy='8' r='8' fill='#${iconColors[verdict.outcome]}'/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(disc)}`;
}
