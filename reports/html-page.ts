import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { html, type Markup, trusted } from './html-markup.ts';
import { localeScript } from './html-page-script.ts';
import { printableJson } from './printable-json.ts';

export interface OfflinePage {
  title: string;
  /** A `data:` address. */
  icon: string;
  styles: string[];
  /** Each in an element of its own, so that one can still say so where another does not run. */
  scripts: string[];
  /** What the scripts read from `#data`. */
  data: object;
  body: Markup;
  /** May fetch from its own origin; all else is forbidden in any case. */
  mayConnect: boolean;
}

/** One HTML file that needs nothing else, with a policy that lets nothing else in. */
export function offlinePage({ title, icon, styles, scripts, data, body, mayConnect }: OfflinePage): string {
  const policy = [
    "default-src 'none'",
    `style-src ${styles.map(hashOf).join(' ')}`,
    `script-src ${scripts.map(hashOf).join(' ')}`,
    'img-src data:',
    ...(mayConnect ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="${icon}">
${styles.map((style) => html`<style>${trusted(style)}</style>`)}
</head>
<body>
${body}
<script type="application/json" id="data">${trusted(inertJson(data))}</script>
${scripts.map((script) => html`<script>${trusted(script)}</script>`)}
</body>
</html>
`.markup;
}

export const uplotStyle = () => uplotFile('uPlot.min.css');
export const uplotScript = () => `${localeScript}${uplotFile('uPlot.iife.min.js')}`;

/** Text of a file of the uplot package, wherever npm put it. */
function uplotFile(name: string): string {
  return readFileSync(fileURLToPath(import.meta.resolve(`uplot/dist/${name}`)), 'utf8');
}

// CSP 3, section 2.3.1: the hash is over the exact text between the tags.
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** JSON that cannot end the script element it stands in (HTML, "Restrictions for contents of script elements"). */
function inertJson(data: object): string {
  return printableJson(data).replaceAll('<', '\\u003c');
}
