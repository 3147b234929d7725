import { createHash } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { script } from './script.ts';
import { style } from './style.ts';

/** A string in the code and not a file beside it, so that it is there after compilation, too. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Workflows</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header><h1>Workflows</h1></header>
<nav id="workflows" aria-label="Workflows"></nav>
<main>
<h2 id="title">Choose a workflow</h2>
<p id="status" role="status"></p>
<button id="again" type="button" hidden>Connect again</button>
<ol id="events" aria-label="Last 50 events, newest first"></ol>
</main>
<noscript>This page needs JavaScript. The events are at /api/events/&lt;workflow&gt;/stream, too.</noscript>
<script>${script}</script>
</body>
</html>
`;

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing runs on the page but its own script, and it talks to nobody but its own server. */
export const pageHeaders: OutgoingHttpHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    `default-src 'none'`,
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    `img-src data:`,
    `connect-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
};
